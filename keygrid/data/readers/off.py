"""Object File Format (OFF) as text.

Read here instead of by trimesh, which needs twenty times the memory of a large file and far longer.
"""

import io
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.blocks import remaining
from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError
from keygrid.data.readers.polygons import Polygons
from keygrid.data.readers.progress import advance
from keygrid.data.readers.text import opened, refuse_cut_number

_KEYWORD = re.compile(r"\w*?OFF(?![A-Za-z_])\s*(.*)", re.IGNORECASE)  # its counts may follow without a blank
_COUNTS = re.compile(r"\d+\s+\d+(?:\s+\d+)?")  # the keyword may be left out
_LINES = 2**15
"""Lines to read at a time."""


def read_off(path: Path) -> Mesh:
    """Read a mesh or a cloud in any variant of OFF: the first three numbers of vertices, and the corners of faces.

    Raises:
        UnreadableError: there are fewer vertices, faces or corners than announced, or the data are binary.
        ValueError: the file is damaged.
    """
    blocks, polygons, last = [np.empty((0, 3))], Polygons(), [""]
    with opened(path) as file:
        size = remaining(file)
        lines = _lines(io.TextIOWrapper(file, "latin-1"))
        vertex_count, face_count = _counts(lines)
        for last in _batches(lines, vertex_count):
            blocks.append(_positions(last))
            advance(file.tell() / size)
        for last in _batches(lines, face_count):
            polygons.add(*_faces(last))
            advance(file.tell() / size)
        file.seek(-1, io.SEEK_END)
        has_line_end = file.read() in b"\r\n"
    vertices = np.concatenate(blocks)
    del blocks
    mesh = Mesh(vertices, polygons.triangles(vertices), polygons.notes)
    refuse_cut_number("\n".join([*last, ""] if has_line_end else last).encode("latin-1"), mesh)
    return mesh


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Return the lines without comments and empty ones."""
    return filter(None, (line.partition("#")[0].strip() for line in text))


def _counts(lines: Iterator[str]) -> tuple[int, int]:
    """Return the numbers of vertices and faces that follow."""
    first = next(lines, "")
    keyword = _KEYWORD.match(first)
    if keyword is None and not _COUNTS.fullmatch(first):
        raise UnreadableError("does not begin with OFF, so it is cut off or not an OFF file; export it again")
    after = first if keyword is None else keyword[1]
    if "BINARY" in after.upper():
        raise UnreadableError("is binary OFF, which cannot be read; save it as text")
    counts = (after or next(lines, "")).split()
    if len(counts) < 2:
        raise UnreadableError(CUT_OFF)
    return int(counts[0]), int(counts[1])


def _batches(lines: Iterator[str], count: int) -> Iterator[list[str]]:
    """Yield the next `count` lines in batches."""
    while count > 0:
        wanted = min(count, _LINES)
        some = list(islice(lines, wanted))
        if len(some) < wanted:
            raise UnreadableError(CUT_OFF)
        count -= wanted
        yield some


def _positions(lines: list[str]) -> NDArray[np.float64]:
    try:
        return np.loadtxt(lines, ndmin=2, usecols=(0, 1, 2), comments=None)
    except ValueError as error:
        if any(len(line.split()) < 3 for line in lines):
            raise UnreadableError(CUT_OFF) from error
        raise


def _faces(lines: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return corners (sum of sizes,) and sizes (P,) of faces; each has a count, its corners and perhaps a colour."""
    try:
        table = np.loadtxt(lines, np.int64, ndmin=2, usecols=(0, 1, 2, 3), comments=None)
    except ValueError:  # a line has fewer numbers
        table = np.empty((0, 4), np.int64)
    if len(table) and (table[:, 0] == 3).all():
        return table[:, 1:].reshape(-1), table[:, 0]
    rows = [line.split() for line in lines]
    if any(len(row) <= int(row[0]) for row in rows):
        raise UnreadableError(CUT_OFF)
    polygons = [row[1 : int(row[0]) + 1] for row in rows]
    corners = np.array([corner for polygon in polygons for corner in polygon], np.int64)
    return corners, np.array([len(polygon) for polygon in polygons], np.int64)
