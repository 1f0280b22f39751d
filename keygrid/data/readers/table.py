"""Clouds as text, one point a line: XYZ, PTS and TXT."""

import io
import re
from pathlib import Path

import numpy as np

from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, cloud
from keygrid.data.readers.text import in_utf8, refuse_cut_number


def read_table(path: Path) -> Mesh:
    """The first three columns, separated by white space, commas or semicolons.

    Comments begin with # or //, and a first line of one number is the number of points, as PTS has it.

    Raises:
        UnreadableError: lines that are not all the same number of numbers, fewer than three, or fewer lines than the
            file announces.
    """
    text = re.sub(rb"(?:#|//).*", b"", in_utf8(path.read_bytes())).translate(bytes.maketrans(b",;", b"  "))
    announced = re.match(rb"\s*(\d+)[ \t\r]*\n", text)
    rows = text[announced.end() :] if announced else text
    if not rows.strip():
        return cloud(np.empty((0, 3)))
    try:
        values = np.loadtxt(io.BytesIO(rows), ndmin=2, encoding="latin-1")
    except ValueError as error:
        raise UnreadableError("has lines that are not equally many numbers, so it is cut off or no cloud") from error
    if values.shape[1] < 3:
        raise UnreadableError("has fewer than three numbers a line; save x, y and z of each point")
    if announced and len(values) < int(announced[1]):
        raise UnreadableError(CUT_OFF)
    mesh = cloud(values[:, :3])
    refuse_cut_number(rows, mesh)
    return mesh
