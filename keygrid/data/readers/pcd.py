"""Point Cloud Library's PCD: text, binary and compressed.

Read here instead of by Open3D, which crashes if the header has no COUNT or promises more points than there are, and
pads a truncated text with zeros.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.limits import NUMBER, Budget
from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, as_colours, cloud
from keygrid.data.readers.text import in_utf8, numbers, refuse_cut_number

_COLOURS = (("rgb",), ("rgba",), ("r", "g", "b"), ("red", "green", "blue"))
"""Names of colours, in one field or three."""
_DATA = re.compile(rb"(?:^|(?<=\r))DATA[ \t]+(\w+)[ \t]*(?:\r\n|\n|\r)", re.MULTILINE | re.IGNORECASE)


def read_pcd(path: Path) -> Mesh:
    """Read x, y and z of all points, and their colours; other fields and the viewpoint are ignored.

    Raises:
        UnreadableError: header or data are incomplete, or x, y and z are missing.
        ValueError, LookupError: the file is damaged.
    """
    budget = Budget(path)
    data = in_utf8(path.read_bytes())
    start = _DATA.search(data)
    if start is None:
        raise UnreadableError("has no complete PCD header, so it is cut off or not a PCD file; export it again")
    header = _header(data[: start.start()])
    names, layout = header["FIELDS"], _layout(header)
    if not {"x", "y", "z"} <= set(names):
        raise UnreadableError("has points without x, y and z; export it again")
    wanted = next((some for some in _COLOURS if set(some) <= set(names)), ())
    columns = [names.index(name) for name in ("x", "y", "z", *wanted)]
    body = data[start.end() :]
    count = _count(header)
    match start[1].lower():
        case b"ascii":
            values = _text(body, count, layout)
            mesh = _coloured([values[:, column].astype(layout[column].base) for column in columns], values[:, columns])
            refuse_cut_number(body, mesh)
            return mesh
        case b"binary":
            return _coloured(_binary(body, count, layout, columns))
        case b"binary_compressed":
            return _coloured(_compressed(body, count, layout, columns, budget))
    raise UnreadableError("is a PCD file of an unknown kind; save it as ascii or binary")


def _coloured(fields: list[NDArray[Any]], exact: NDArray[np.float64] | None = None) -> Mesh:
    """Return a cloud from fields x, y and z (N,), with its colours: one packed number or three."""
    positions = np.column_stack([values.astype(np.float64) for values in fields[:3]]) if exact is None else exact[:, :3]
    colours = fields[3:]
    if len(colours) == 1 and colours[0].dtype.itemsize == 4 and colours[0].ndim == 1:
        packed = np.ascontiguousarray(colours[0]).view("<u4")  # of a float, too, whatever number that would be
        return cloud(positions, np.column_stack([packed >> shift & 255 for shift in (16, 8, 0)]).astype(np.uint8))
    if len(colours) == 3 and all(values.ndim == 1 for values in colours):
        return cloud(positions, as_colours(np.column_stack(colours)))
    return cloud(positions)


def _header(text: bytes) -> dict[str, list[str]]:
    lines = [line.split() for line in text.decode("ascii", "replace").splitlines()]
    return {line[0].upper(): line[1:] for line in lines if line}


def _count(header: dict[str, list[str]]) -> int:
    """Return the number of points that follow; without POINTS, the size of the image."""
    if "POINTS" in header:
        return int(header["POINTS"][0])
    if "WIDTH" not in header:
        raise UnreadableError("gives its number of points neither as POINTS nor as WIDTH; export it again")
    return int(header["WIDTH"][0]) * int(header.get("HEIGHT", ["1"])[0])


def _layout(header: dict[str, list[str]]) -> list[np.dtype[np.generic]]:
    """Return the type of each field; fields with several numbers are arrays."""
    kinds = [f"<{kind.lower()}{size}" for kind, size in zip(header["TYPE"], header["SIZE"], strict=True)]
    counts = header.get("COUNT", ["1"] * len(kinds))
    return [
        np.dtype(kind) if int(count) == 1 else np.dtype((kind, (int(count),)))
        for kind, count in zip(kinds, counts, strict=True)
    ]


def _text(body: bytes, count: int, layout: list[np.dtype[np.generic]]) -> NDArray[np.float64]:
    """Return the first number of each field, (N, number of fields)."""
    widths = [int(np.prod(kind.shape)) for kind in layout]
    values = numbers(body, np.float64)
    if len(values) < count * sum(widths):
        raise UnreadableError(CUT_OFF)
    return values.reshape(count, sum(widths))[:, np.cumsum([0, *widths[:-1]])]


def _binary(body: bytes, count: int, layout: list[np.dtype[np.generic]], columns: list[int]) -> list[NDArray[Any]]:
    """Return the columns, (N,) each, of data stored point by point."""
    row = np.dtype([(str(index), kind) for index, kind in enumerate(layout)])
    if len(body) < count * row.itemsize:
        raise UnreadableError(CUT_OFF)
    rows = np.frombuffer(body, row, count)
    return [rows[str(column)] for column in columns]


def _compressed(
    body: bytes, count: int, layout: list[np.dtype[np.generic]], columns: list[int], budget: Budget
) -> list[NDArray[Any]]:
    """Return the columns, (N,) each, of data stored field by field."""
    packed, unpacked = (int(size) for size in np.frombuffer(body, "<u4", 2))
    if len(body) < 8 + packed:
        raise UnreadableError(CUT_OFF)
    offsets = np.cumsum([0, *(count * kind.itemsize for kind in layout)])
    budget.spend(unpacked + 2 * count * len(columns) * NUMBER)
    data = _lzf_decompress(body[8 : 8 + packed], unpacked)
    if not len(data) == unpacked == offsets[-1]:
        raise ValueError("The compressed data do not have the length that the header states.")
    return [np.frombuffer(data, layout[column], count, offsets[column]) for column in columns]


def _lzf_decompress(data: bytes, size: int) -> bytes:
    """Decompress liblzf: a byte below 32 starts a literal run, any other a copy of earlier output.

    Output beyond `size` bytes is not unpacked.
    """
    out = bytearray()
    position = 0
    while position < len(data) and len(out) <= size:
        control = data[position]
        position += 1
        if control < 32:
            out += data[position : position + control + 1]
            position += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += data[position]
            position += 1
        distance = ((control & 31) << 8) + data[position] + 1
        position += 1
        if distance > len(out):
            raise ValueError("The compressed data refer to what precedes them.")
        begin = len(out) - distance
        copied = out[begin : begin + length + 2]
        # A copy that is longer than its distance repeats itself.
        out += (copied * (length // distance + 3))[: length + 2]
    return bytes(out)
