"""STL, text and binary.

Read here instead of by trimesh, which needs eleven times the memory of a large file.
"""

import re
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.blocks import BLOCK, compact, line_blocks, remaining, rows
from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError
from keygrid.data.readers.text import numbers, opened

_HEADER = 84  # bytes; the last four are the number of facets
_BINARY_FACET = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_UNCOUNTED = (0, 2**32 - 1)
"""Numbers of facets in headers that were written before the number was known."""
# In lower case, and each begun by a word to look for: other patterns take ten times as long.
_FACET = re.compile(rb"facet\s+normal\b")
_VERTEX = re.compile(rb"vertex[ \t]+(\S+[ \t]+\S+[ \t]+\S+)")
_END_FACET = re.compile(rb"end[ \t]*facet\b")
_END_SOLID = re.compile(rb"^[ \t]*end[ \t]*solid\b", re.MULTILINE)
_SOLID = re.compile(rb"^[ \t]*solid\b", re.MULTILINE)


def read_stl(path: Path) -> Mesh:
    """Read the triangles of all solids, which do not share vertices yet.

    Raises:
        UnreadableError: there are fewer triangles than announced.
        ValueError: the file is damaged.
    """
    with opened(path) as file:
        is_binary = b"\0" in file.read(max(BLOCK, _HEADER))
        file.seek(0)
        corners = _binary_corners(file) if is_binary else _text_corners(file)
    return Mesh(corners, compact(np.arange(len(corners)).reshape(-1, 3)))


def _binary_corners(file: BinaryIO) -> NDArray[np.float32]:
    """Return the corners (3 F, 3) of a binary file, in single precision."""
    header = file.read(_HEADER)
    count = int.from_bytes(header[-4:], "little")
    whole, rest = divmod(remaining(file), _BINARY_FACET.itemsize)
    if count in _UNCOUNTED and whole and not rest:
        count = whole
    if len(header) < _HEADER or whole < count:
        raise UnreadableError(CUT_OFF)
    corners = np.empty((count, 3, 3), np.float32)
    begin = 0
    for some in rows(file, _BINARY_FACET, count):
        corners[begin : begin + len(some)] = some["corners"]
        begin += len(some)
    if remaining(file) >= _BINARY_FACET.itemsize:  # a few bytes are an exporter's padding
        raise ValueError("The file is longer than its header states.")
    return corners.reshape(-1, 3)


def _text_corners(file: BinaryIO) -> NDArray[np.float64]:
    """Return the corners (3 F, 3) of a text file."""
    corners = [np.empty((0, 3))]
    unfinished = facets = 0
    for block in line_blocks(file):
        text = block.lower()
        found = _VERTEX.findall(text)
        corners.append(numbers(b" ".join(found), np.float64).reshape(len(found), 3))
        begun = len(_FACET.findall(text))
        facets += begun
        unfinished += begun - len(_END_FACET.findall(text))
        if b"solid" in text:
            unfinished += len(_SOLID.findall(text)) - len(_END_SOLID.findall(text))
    joined = np.concatenate(corners)
    if unfinished or len(joined) != 3 * facets:
        raise UnreadableError(CUT_OFF)
    return joined
