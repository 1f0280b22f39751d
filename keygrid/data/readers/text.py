"""What the text formats share: numbers out of bytes, and the signs of a file that was cut off."""

import codecs
import re
import warnings
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError

_LAST_OF_LINE = re.compile(rb"(\S+)[ \t\r]*$", re.MULTILINE)
_Number = TypeVar("_Number", np.float64, np.int64)


def in_utf8(text: bytes) -> bytes:
    """A text without its byte order mark, and in UTF-8 if that mark says it is in UTF-16, as Windows likes to write.

    Raises:
        ValueError: it is not what it says it is.
    """
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text.decode("utf-16").encode()
    return text.removeprefix(codecs.BOM_UTF8)


def numbers(text: bytes, kind: type[_Number]) -> NDArray[_Number]:
    """All numbers of a text, (N,), between any white space.

    Raises:
        ValueError: something in it is not a number.
    """
    if not text.strip():
        return np.empty(0, kind)
    with warnings.catch_warnings(action="error"):
        try:
            return np.fromstring(text, dtype=kind, sep=" ")
        except DeprecationWarning as warning:  # how numpy says that it stopped before the end
            raise ValueError(str(warning)) from warning


def refuse_cut_number(text: bytes, mesh: Mesh) -> None:
    """Refuse a text whose last number lost digits: it has no line end, and the number is unlike the others.

    A corner is unlike the others if there are triangles around that vertex, but neither other corner of its own
    triangle belongs to them. A coordinate is if all other lines end with more decimals.

    Raises:
        UnreadableError: the text looks cut off.
    """
    if len(mesh.vertices) == 0 or text.endswith((b"\n", b"\r")):
        return
    if len(mesh.faces):
        *beside, corner = mesh.faces[-1]
        around = mesh.faces[:-1][(mesh.faces[:-1] == corner).any(axis=1)]
        is_cut = len(around) > 0 and not np.isin(beside, around).any()
    else:
        *others, last = (len(number.partition(b".")[2]) for number in _LAST_OF_LINE.findall(text))
        is_cut = last < min(others, default=0)
    if is_cut:
        raise UnreadableError(CUT_OFF)
