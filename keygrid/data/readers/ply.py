"""Polygon File Format (PLY), text and binary.

Read here rather than by trimesh, which refuses binary files that mix triangles and quads or have a comment that is not
UTF-8, and takes a text that was cut off for a smaller mesh.
"""

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, cloud, triangulate
from keygrid.data.readers.text import numbers, refuse_cut_number

_KINDS = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"},
}
_CORNERS = ("vertex_indices", "vertex_index")


class _Property(NamedTuple):
    name: str
    kind: np.dtype[np.generic]
    size_kind: np.dtype[np.generic] | None  # of a list's length; None if this is a single number


@dataclass
class _Element:
    name: str
    count: int
    properties: list[_Property] = field(default_factory=list)

    @property
    def has_lists(self) -> bool:
        return any(prop.size_kind is not None for prop in self.properties)


class _Polygons(NamedTuple):
    corners: NDArray[np.generic]
    sizes: NDArray[np.int64]
    end: int


def read_ply(path: Path) -> Mesh:
    """Vertices and faces; all other elements and properties are ignored.

    Raises:
        UnreadableError: incomplete header or data, vertices without x, y and z, or triangle strips.
        ValueError, LookupError, struct.error: the file is damaged.
    """
    data = path.read_bytes()
    end = re.search(rb"^end_header[ \t]*(\r\n|\n|\r)", data, re.MULTILINE)
    if not data.startswith(b"ply") or end is None:
        raise UnreadableError("has no complete PLY header, so it is cut off or not a PLY file; export it again")
    header = data[: end.start()].decode("ascii", "replace")
    body = data[end.end() :]
    if re.search(r"^format ascii", header, re.MULTILINE):
        # A text holds the same sequence as binary data whose every number is a double.
        mesh = _mesh(_elements(header, "", only_doubles=True), numbers(body, np.float64).tobytes())
        refuse_cut_number(body, mesh)
        return mesh
    return _mesh(_elements(header, ">" if "binary_big_endian" in header else "<"), body)


def _elements(header: str, byte_order: str, only_doubles: bool = False) -> list[_Element]:
    def kind_of(name: str) -> np.dtype[np.generic]:
        return np.dtype(np.float64) if only_doubles else np.dtype(byte_order + _KINDS[name])

    elements: list[_Element] = []
    for line in header.splitlines():
        match line.split():
            case ["element", name, count]:
                elements.append(_Element(name, int(count)))
            case ["property", "list", size_kind, kind, name]:
                elements[-1].properties.append(_Property(name, kind_of(kind), kind_of(size_kind)))
            case ["property", kind, name]:
                elements[-1].properties.append(_Property(name, kind_of(kind), None))
    return elements


def _mesh(elements: list[_Element], data: bytes) -> Mesh:
    mesh = cloud(np.empty((0, 3)))
    offset = 0
    for element in elements:
        if element.name == "tristrips" and element.count:
            raise UnreadableError("is made of triangle strips; export it again as triangles")
        if element.has_lists:
            polygons = _polygons(element, data, offset)
            offset = polygons.end
            if element.name == "face":
                mesh = mesh._replace(faces=triangulate(polygons.corners.astype(np.int64), polygons.sizes))
        else:
            rows = _rows(element, data, offset)
            offset += rows.nbytes
            if element.name == "vertex":
                mesh = mesh._replace(vertices=_positions(rows))
    return mesh


def _positions(rows: NDArray[np.void]) -> NDArray[np.float64]:
    if not {"x", "y", "z"} <= set(rows.dtype.names or ()):
        raise UnreadableError("has vertices without x, y and z; export it again")
    return np.column_stack([rows[axis].astype(np.float64) for axis in "xyz"])


def _rows(element: _Element, data: bytes, offset: int) -> NDArray[np.void]:
    layout = np.dtype([(prop.name, prop.kind) for prop in element.properties])
    if offset + element.count * layout.itemsize > len(data):
        raise UnreadableError(CUT_OFF)
    return np.frombuffer(data, layout, element.count, offset)


def _polygons(element: _Element, data: bytes, offset: int) -> _Polygons:
    """The corners of the element's faces, or the items of whatever else its first list holds."""
    if element.count == 0:
        return _Polygons(np.empty(0, np.int64), np.empty(0, np.int64), offset)
    lists = [prop.name for prop in element.properties if prop.size_kind is not None]
    wanted = next((name for name in _CORNERS if name in lists), lists[0])
    return _equal_polygons(element, data, offset, wanted) or _mixed_polygons(element, data, offset, wanted)


def _equal_polygons(element: _Element, data: bytes, offset: int, wanted: str) -> _Polygons | None:
    """All at once, if all rows have lists as long as those of the first; else None."""
    fields: list[tuple[str, np.dtype[np.generic], tuple[int, ...]]] = []
    lengths: dict[str, int] = {}
    for prop in element.properties:
        if prop.size_kind is None:
            fields.append((prop.name, prop.kind, ()))
            continue
        start = offset + np.dtype(fields).itemsize
        if start + prop.size_kind.itemsize > len(data):
            raise UnreadableError(CUT_OFF)
        lengths[prop.name] = int(np.frombuffer(data, prop.size_kind, 1, start)[0])
        fields += [(f"length of {prop.name}", prop.size_kind, ()), (prop.name, prop.kind, (lengths[prop.name],))]
    layout = np.dtype(fields)
    end = offset + element.count * layout.itemsize
    if end > len(data):
        return None
    rows = np.frombuffer(data, layout, element.count, offset)
    if any((rows[f"length of {name}"] != length).any() for name, length in lengths.items()):
        return None
    return _Polygons(rows[wanted].reshape(-1), np.full(element.count, lengths[wanted]), end)


def _mixed_polygons(element: _Element, data: bytes, offset: int, wanted: str) -> _Polygons:
    """Row by row, because where a row begins depends on all rows before it."""
    layout = [
        (prop.kind.itemsize, None if prop.size_kind is None else _struct_of(prop.size_kind), prop.name == wanted)
        for prop in element.properties
    ]
    pieces: list[bytes] = []
    sizes: list[int] = []
    for _ in range(element.count):
        for width, length, is_wanted in layout:
            start = offset
            if length is None:
                offset += width
                continue
            if start + length.size > len(data):
                raise UnreadableError(CUT_OFF)
            size = int(length.unpack_from(data, start)[0])
            start += length.size
            offset = start + max(size, 0) * width
            if is_wanted:
                pieces.append(data[start:offset])
                sizes.append(size)
    if offset > len(data):
        raise UnreadableError(CUT_OFF)
    kind = next(prop.kind for prop in element.properties if prop.name == wanted)
    return _Polygons(np.frombuffer(b"".join(pieces), kind), np.array(sizes), offset)


def _struct_of(kind: np.dtype[np.generic]) -> struct.Struct:
    return struct.Struct((">" if kind.byteorder == ">" else "<") + kind.char)
