"""Common parts of text formats: parsing of numbers, and detection of truncated files."""

import codecs
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError

# Quantifiers that give nothing back, here and in table.py: a file of one endless number would else take hours.
_LAST_OF_LINE = re.compile(rb"(?<!\S)\S++(?=[ \t\r]*$)", re.MULTILINE)
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECIMAL_COMMA = re.compile(rb"(?<!\S)[+-]?\d+,\d+(?!\S)")
_ANY_COMMA = re.compile(rb"\S*,\S*")
_MISSING = re.compile(rb"[+-]?(?:1\.#\w+|nan\(\w*\))", re.IGNORECASE)
_FORTRAN = re.compile(rb"(?<=[\d.])[dD](?=[+-]?\d)")
_SIGNS = {"\N{MINUS SIGN}".encode(): b"-", **{blank.encode(): b" " for blank in "\u00a0\u2007\u2009\u202f"}}
"""Characters that word processors and spreadsheets use for minus signs and blanks."""
_Number = TypeVar("_Number", np.float64, np.int64)


def in_utf8(text: bytes) -> bytes:
    """Return a text without its byte order mark, converted to UTF-8 if the mark says UTF-16, as Windows often writes.

    Raises:
        ValueError: the text is not in the encoding that its mark states.
    """
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text.decode("utf-16").encode()
    return text.removeprefix(codecs.BOM_UTF8)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; if it begins with a byte order mark, open a UTF-8 copy without the mark.

    Raises:
        ValueError: the file is not in the encoding that its mark states.
    """
    with path.open("rb") as file:
        mark = file.read(len(codecs.BOM_UTF8))
        file.seek(0)
        if not mark.startswith(_MARKS):
            yield file
            return
        with TemporaryFile() as copy:
            copy.write(in_utf8(file.read()))
            copy.seek(0)
            yield copy


def numbers(text: bytes, kind: type[_Number]) -> NDArray[_Number]:
    """Return all numbers of a text, (N,), separated by any white space.

    Raises:
        UnreadableError: some commas are decimal, and others are not.
        ValueError: a word is not a number.
    """
    if not text.strip():
        return np.empty(0, kind)
    with warnings.catch_warnings(action="error"):
        try:
            return np.fromstring(text, dtype=kind, sep=" ")
        except (DeprecationWarning, ValueError) as error:  # how numpy says that it stopped before the end
            plain = plain_numbers(text)
            if plain != text:
                return numbers(plain, kind)
            if _DECIMAL_COMMA.search(text):
                if all(_DECIMAL_COMMA.fullmatch(word) for word in _ANY_COMMA.findall(text)):
                    return numbers(text.replace(b",", b"."), kind)
                raise UnreadableError("has numbers with decimal commas; save it with decimal points") from error
            raise ValueError(str(error)) from error


def plain_numbers(text: bytes) -> bytes:
    """Return a text whose numbers have C's notation.

    NaN and infinity as written by Microsoft's runtime, such as `-1.#IND`, become `nan`; exponents of Fortran, such as
    `1.5D+00`, become those of C; minus signs and blanks outside ASCII are replaced.
    """
    for found, plain in _SIGNS.items():
        if found in text:
            text = text.replace(found, plain)
    text = _FORTRAN.sub(b"e", text) if b"d" in text or b"D" in text else text
    return _MISSING.sub(b"nan", text) if b"#" in text or b"(" in text else text


def refuse_cut_number(text: bytes, mesh: Mesh) -> None:
    """Refuse a text whose last number lost digits: it has no line end, and the number is inconsistent with others.

    A corner is inconsistent if there are triangles around that vertex, but neither of the other corners of its own
    triangle belongs to them. A coordinate is inconsistent if all other lines end with more decimals.

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
