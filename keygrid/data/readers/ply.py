"""Polygon File Format (PLY), text and binary.

Read here instead of by trimesh, which refuses binary files that mix triangles and quads or have a comment that is not
UTF-8, and reads a truncated text as a smaller mesh.
"""

import io
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from keygrid.data.axes import UPS
from keygrid.data.garment import Up
from keygrid.data.paint import plain_paint
from keygrid.data.readers.blocks import line_blocks, remaining, rows
from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, as_colours
from keygrid.data.readers.polygons import Marks, Polygons
from keygrid.data.readers.progress import advance, reading_progress
from keygrid.data.readers.text import numbers, opened, refuse_cut_number

_KINDS = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"},
}
_AXES = ("x", "y", "z")
_COLOURS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
"""Names of red, green and blue."""
_UP = re.compile(r"^comment up (-?[xyz])$", re.MULTILINE)
"""The vertical axis in files written by this program."""
_CORNERS = ("vertex_indices", "vertex_index")
_END = re.compile(rb"(?:^|(?<=\r))end_header[ \t]*(\r\n|\n|\r(?!\n))", re.MULTILINE)
_ROWS = 2**15
"""Faces to read at a time."""


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

    def list_of(self, names: tuple[str, ...]) -> str:
        """Return the list with one of these names, or the first list."""
        lists = [prop.name for prop in self.properties if prop.size_kind is not None]
        return next((name for name in names if name in lists), lists[0])

    @property
    def layout(self) -> np.dtype[np.void]:
        """Layout of a row in an element without lists."""
        return np.dtype([(prop.name, prop.kind) for prop in self.properties])


class _Block(NamedTuple):
    """Some rows of an element.

    Attributes:
        singles: (rows, number of properties), the requested single numbers.
        corners: entries of the requested list, row after row.
        sizes: (rows,), number of list entries in each row.
    """

    singles: NDArray[np.float64]
    corners: NDArray[np.int64]
    sizes: NDArray[np.int64]


def read_ply(path: Path) -> Mesh:
    """Read vertices and faces; other elements and properties are ignored.

    Raises:
        UnreadableError: header or data are incomplete, or vertices have no x, y and z.
        ValueError, LookupError, struct.error: the file is damaged.
    """
    with opened(path) as file:
        header = _header(file)
        kind = re.search(r"^format\s+(\w+)", header, re.MULTILINE)  # A comment may name another one.
        if kind is None or kind[1] != "ascii":
            is_big = kind is not None and kind[1] == "binary_big_endian"
            return _mesh(_elements(header, ">" if is_big else "<"), file)._replace(up=_up(header))
        last = b""
        values = []
        for last in line_blocks(file):
            values.append(numbers(last, np.float64).data)
    # A text holds the same sequence as binary data whose every number is a double.
    body = io.BytesIO(b"".join(values))
    del values
    with reading_progress(lambda _: None):  # The file is read already.
        mesh = _mesh(_elements(header, "", only_doubles=True), body)
    refuse_cut_number(last, mesh)
    return mesh._replace(up=_up(header))


def _up(header: str) -> Up:
    said = _UP.search(header)
    return next((up for up in UPS if said is not None and up == said[1]), "y")


def _header(file: BinaryIO) -> str:
    """Read the header, and leave the file at the start of the data."""
    head = file.read(2**16)
    while (end := _END.search(head)) is None and head.startswith(b"ply") and (more := file.read(len(head))):
        head += more
    if not head.startswith(b"ply") or end is None:
        raise UnreadableError("has no complete PLY header, so it is cut off or not a PLY file; export it again")
    file.seek(end.end())
    return "\n".join(head[: end.start()].decode("ascii", "replace").splitlines())


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
                name = name.lower() if name in ("X", "Y", "Z") else name
                elements[-1].properties.append(_Property(name, kind_of(kind), None))
    return elements


def _mesh(elements: list[_Element], file: BinaryIO) -> Mesh:
    vertices, colours, polygons = np.empty((0, 3)), None, Polygons()
    for element in elements:
        if element.name == "vertex":
            vertices, colours = _vertices(element, file)
        elif element.has_lists:
            corners = element.list_of(_CORNERS) if element.name in ("face", "tristrips") else None
            coloured = _colours_of(element) if element.name == "face" else ()
            for block in _blocks(element, file, coloured, corners):
                if corners is not None and element.name == "tristrips":
                    triangles = _from_strips(block)
                    polygons.add(triangles.ravel(), np.full(len(triangles), 3))
                elif corners is not None:
                    marks = Marks(as_colours(block.singles).astype(np.int64)) if coloured else Marks()
                    polygons.add(block.corners, block.sizes, marks)
        else:
            file.seek(_size_of(element, file), os.SEEK_CUR)
    mesh = Mesh(vertices, polygons.triangles(vertices), polygons.notes, colours)
    of_faces = polygons.marks.faces
    if of_faces is None or colours is not None:
        return mesh
    return mesh._replace(paint=plain_paint(np.repeat(of_faces.astype(np.uint8)[:, None], 3, axis=1)))


def _colours_of(element: _Element) -> tuple[str, ...]:
    """Return the names of red, green and blue among an element's properties; none if it has no colours."""
    names = {prop.name for prop in element.properties if prop.size_kind is None}
    return next((some for some in _COLOURS if names.issuperset(some)), ())


def _from_strips(block: _Block) -> NDArray[np.int64]:
    """Return the triangles (F, 3) of strips: each corner makes one with the two before it, in alternating direction.

    A row may hold several strips with -1 between them.
    """
    ends = np.zeros(len(block.corners) + 1, np.bool_)  # a strip begins there
    ends[np.cumsum(block.sizes)] = ends[0] = True
    is_end = block.corners < 0
    ends[1:] |= is_end
    begins = np.maximum.accumulate(np.where(ends[:-1], np.arange(len(block.corners)) + is_end, 0))
    last = np.arange(len(block.corners))
    last = last[(last - begins >= 2) & ~is_end]
    turned = (last - begins[last]) % 2 == 1
    triangles = np.column_stack([block.corners[last - 2], block.corners[last - 1], block.corners[last]])
    triangles[turned] = triangles[turned][:, [1, 0, 2]]
    a, b, c = triangles.T
    return triangles[(a != b) & (b != c) & (c != a)]  # others only lead on to the next part of a strip


def _vertices(element: _Element, file: BinaryIO) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    """Return positions (V, 3), and colours (V, 3) if there are any."""
    names = {prop.name for prop in element.properties if prop.size_kind is None}
    if not names.issuperset(_AXES):
        raise UnreadableError("has vertices without x, y and z; export it again")
    coloured = _colours_of(element)
    if element.has_lists:
        blocks = [block.singles for block in _blocks(element, file, (*_AXES, *coloured), None)]
        found = np.concatenate([np.empty((0, 3 + len(coloured))), *blocks])
        return np.ascontiguousarray(found[:, :3]), as_colours(found[:, 3:]) if coloured else None
    _size_of(element, file)
    positions = np.empty((element.count, 3))
    colours = np.empty((element.count, 3), element.layout[coloured[0]]) if coloured else None
    begin = 0
    for some in rows(file, element.layout, element.count):
        for column, axis in enumerate(_AXES):
            positions[begin : begin + len(some), column] = some[axis]
        if colours is not None:
            for column, name in enumerate(coloured):
                colours[begin : begin + len(some), column] = some[name]
        begin += len(some)
    return positions, None if colours is None else as_colours(colours)


def _size_of(element: _Element, file: BinaryIO) -> int:
    """Return the size of all rows of an element without lists, checking that the file is long enough."""
    size = element.count * element.layout.itemsize
    if size > remaining(file):
        raise UnreadableError(CUT_OFF)
    return size


def _blocks(element: _Element, file: BinaryIO, singles: tuple[str, ...], wanted: str | None) -> Iterator[_Block]:
    """Yield the requested properties, single ones by name and perhaps a list, in blocks of rows."""
    size = file.tell() + remaining(file)
    for begin in range(0, element.count, _ROWS):
        count = min(_ROWS, element.count - begin)
        advance(file.tell() / size)
        start = file.tell()
        block = _equal_rows(element, file, count, singles, wanted)
        if block is None:
            file.seek(start)
            block = _mixed_rows(element, file, count, singles, wanted)
        yield block


def _equal_rows(
    element: _Element, file: BinaryIO, count: int, singles: tuple[str, ...], wanted: str | None
) -> _Block | None:
    """Return all rows at once if their lists have the length of the first row's; otherwise None."""
    first = file.tell()
    fields: list[tuple[str, np.dtype[np.generic], tuple[int, ...]]] = []
    lengths: dict[str, int] = {}
    for prop in element.properties:
        if prop.size_kind is None:
            fields.append((prop.name, prop.kind, ()))
            continue
        file.seek(first + np.dtype(fields).itemsize)
        lengths[prop.name] = max(int(np.frombuffer(_exactly(file, prop.size_kind.itemsize), prop.size_kind)[0]), 0)
        fields += [(f"length of {prop.name}", prop.size_kind, ()), (prop.name, prop.kind, (lengths[prop.name],))]
    layout = np.dtype(fields)
    file.seek(first)
    if count * layout.itemsize > remaining(file):
        return None
    some = np.frombuffer(file.read(count * layout.itemsize), layout, count)
    if any((some[f"length of {name}"] != length).any() for name, length in lengths.items()):
        return None
    numbers_of = [some[name].astype(np.float64) for name in singles]
    positions = np.column_stack(numbers_of) if numbers_of else np.empty((count, 0))
    if wanted is None:
        return _Block(positions, np.empty(0, np.int64), np.empty(0, np.int64))
    return _Block(positions, some[wanted].astype(np.int64).reshape(-1), np.full(count, lengths[wanted]))


def _mixed_rows(element: _Element, file: BinaryIO, count: int, singles: tuple[str, ...], wanted: str | None) -> _Block:
    """Return rows read one by one, because the position of a row depends on all rows before it."""
    layout = [
        (prop.name, prop.kind.itemsize, None if prop.size_kind is None else _struct_of(prop.size_kind))
        for prop in element.properties
    ]
    left = remaining(file)
    pieces: dict[str, list[bytes]] = {name: [] for name in (*singles, wanted) if name is not None}
    sizes: list[int] = []
    for _ in range(count):
        for name, width, length in layout:
            size = 1 if length is None else max(int(length.unpack(_exactly(file, length.size))[0]), 0)
            if size * width > left:
                raise UnreadableError(CUT_OFF)
            piece = _exactly(file, size * width)
            if name in pieces:
                pieces[name].append(piece)
            if name == wanted:
                sizes.append(size)
    kinds = {prop.name: prop.kind for prop in element.properties}
    found = {name: np.frombuffer(b"".join(of), kinds[name]) for name, of in pieces.items()}
    positions = [found[name].astype(np.float64) for name in singles]
    corners = np.empty(0, np.int64) if wanted is None else found[wanted].astype(np.int64)
    return _Block(np.column_stack(positions) if positions else np.empty((count, 0)), corners, np.array(sizes, np.int64))


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise UnreadableError(CUT_OFF)
    return data


def _struct_of(kind: np.dtype[np.generic]) -> struct.Struct:
    return struct.Struct((">" if kind.byteorder == ">" else "<") + kind.char)
