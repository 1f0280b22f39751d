"""Clouds as text, one point per line: XYZ, PTS and TXT."""

import io
import re
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, as_colours, cloud, colours_among
from keygrid.data.readers.text import in_utf8, plain_numbers, refuse_cut_number

_NO_CLOUD = "has lines with different counts of numbers, so it is cut off or not a cloud"
_AMBIGUOUS = "has commas that may separate numbers or be decimal commas; save it with decimal points"
_LOOKED_AT = 1000
"""Number of lines from which the meaning of a comma is determined."""
_COLOURS = ((b"r", b"g", b"b"), (b"red", b"green", b"blue"))
_MOST_NAMES = 20
"""Maximum number of lines before the first number, which may name the columns."""

_COMMENT = re.compile(rb"(?:#|//).*")
_COUNT = re.compile(rb"^[ \t]*(\d+)[ \t]*$", re.MULTILINE)
_SEPARATED = re.compile(rb"[\s,;|]+")
_NUMBER = re.compile(rb"[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eEdD][+-]?\d++)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_DECIMAL = re.compile(rb"[+-]?(?:\d++,?\d*+|,\d++)(?:[eE][+-]?\d++)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_QUOTED_DECIMAL = re.compile(rb"([\"'])([+-]?\d+),(\d+)\1")
_ABSENT = re.compile(rb"(?<![^\s,;|])(?:null|none|n/?a|-+|\?)(?![^\s,;|])", re.IGNORECASE)
"""Words for a missing number."""
_BRACKETED = re.compile(rb"\([^()]*\)|\[[^\[\]]*\]")  # units, mostly


def read_table(path: Path) -> Mesh:
    """Read three columns of numbers, separated by white space, commas, semicolons or vertical bars.

    They are the first three, or those that a header line calls x, y and z. Comments begin with # or //. A line with one
    number is the number of points that follow, as in PTS files, and there may be several such parts. Commas are decimal
    if there is another separator, or if each number is quoted.

    Raises:
        UnreadableError: lines have different counts of numbers or fewer than three, there are fewer lines than
            announced, or commas are ambiguous.
    """
    text = in_utf8(path.read_bytes()).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    names, text = _without_names(plain_numbers(text))
    text = _plain(_COMMENT.sub(b"", _ABSENT.sub(b"nan", text)))
    parts = _parts(text)
    if not any(rows.strip() for _, rows in parts):
        if names:
            raise UnreadableError(_NO_CLOUD)
        return cloud(np.empty((0, 3)))
    values = [_values(rows, announced) for announced, rows in parts]
    width = min(part.shape[1] for part in values if len(part)) if any(map(len, values)) else 3
    mesh = _cloud(np.concatenate([part[:, :width] for part in values if len(part)] or [np.empty((0, 3))]), names)
    refuse_cut_number(parts[-1][1], mesh)
    return mesh


def _without_names(text: bytes) -> tuple[list[bytes], bytes]:
    """Return the names of the columns, if lines before the numbers have any, and the text from the numbers on."""
    names: list[bytes] = []
    begin = 0
    for line in islice(re.finditer(rb"[^\n]*\n?", text), _MOST_NAMES):
        is_comment = line[0].lstrip().startswith((b"#", b"//"))
        plain = _BRACKETED.sub(b"", line[0].strip().lstrip(b"#/"))
        words = [word.strip(b"\"'") for word in _SEPARATED.split(plain) if word]
        others = sum(_NUMBER.fullmatch(_ABSENT.sub(b"nan", word)) is None for word in words)
        # In a line of numbers that is damaged, most are still numbers.
        if not words or is_comment or others * 2 > len(words):
            names = words if others else names
            begin = line.end()
        else:
            break
    else:
        return names, b""
    return names, text[begin:]


def _plain(text: bytes) -> bytes:
    """Return the numbers with decimal points, separated by blanks.

    Raises:
        UnreadableError: commas are ambiguous.
    """
    if b'"' in text or b"'" in text:
        text = _QUOTED_DECIMAL.sub(rb"\2.\3", text).translate(None, b"\"'")
    text = text.replace(b"|", b";")
    if b"," in text:
        lines = [line for line in islice(io.BytesIO(text), _LOOKED_AT) if line.strip()]
        if _are_decimal(lines):
            text = re.sub(rb",(?=[\s;]|$)", b" ", text).replace(b",", b".")
    return text.translate(bytes.maketrans(b",;", b"  "))


def _are_decimal(lines: list[bytes]) -> bool:
    """Return whether commas are part of numbers."""
    has_semicolons = any(b";" in line for line in lines)
    found = set()
    for line in lines:
        fields = [field.strip().strip(b",") for field in (line.split(b";") if has_semicolons else line.split())]
        fields = [field for field in fields if field]
        if b"," not in line or not any(b"," in field for field in fields):
            continue
        if not has_semicolons and len(fields) < 3:
            found.add(False)
        elif all(_DECIMAL.fullmatch(field) for field in fields):
            found.add(True)
        else:
            raise UnreadableError(_AMBIGUOUS)
    if len(found) > 1 or (found == {False} and _look_split(lines)):
        raise UnreadableError(_AMBIGUOUS)
    return found == {True}


def _look_split(lines: list[bytes]) -> bool:
    """Return whether commas may separate whole numbers or decimals: 0,051,1,007 may be two numbers or four."""
    if any(b"." in line for line in lines):
        return False
    rows = [line.strip().split(b",") for line in lines]
    return all(len(row) >= 6 and len(row) % 2 == 0 for row in rows) and any(
        len(after) > 1 and after.startswith(b"0") for row in rows for after in row[1::2]
    )


def _parts(text: bytes) -> list[tuple[int | None, bytes]]:
    """Return the number of points that a line announces, None if there is none, and the rows that follow it."""
    first = _COUNT.match(text.lstrip())
    if first is None:
        return [(None, text)]
    counts = list(_COUNT.finditer(text))
    ends = [count.start() for count in counts[1:]] + [len(text)]
    return [(int(count[1]), text[count.end() : end]) for count, end in zip(counts, ends, strict=True)]


def _values(rows: bytes, announced: int | None) -> NDArray[np.float64]:
    """Return the values (N, number of columns)."""
    if not rows.strip():
        if announced:
            raise UnreadableError(CUT_OFF)
        return np.empty((0, 3))
    try:
        values = np.loadtxt(io.BytesIO(rows), ndmin=2, encoding="latin-1")
    except ValueError as error:
        raise UnreadableError(_NO_CLOUD) from error
    if values.shape[1] < 3:
        raise UnreadableError("has fewer than three numbers per line; save x, y and z of each point")
    if announced is not None and len(values) < announced:
        raise UnreadableError(CUT_OFF)
    return np.asarray(values)


def _cloud(values: NDArray[np.float64], names: list[bytes]) -> Mesh:
    columns = _columns(names, values.shape[1])
    plain = [name.lower() for name in names]
    coloured = next((some for some in _COLOURS if all(plain.count(name) == 1 for name in some)), ())
    if coloured and len(plain) == values.shape[1]:
        return cloud(values[:, columns], as_colours(values[:, [plain.index(name) for name in coloured]]))
    return cloud(values[:, columns], colours_among(values[:, 3:]) if columns == [0, 1, 2] else None)


def _columns(names: list[bytes], count: int) -> list[int]:
    """Return the indices of the columns x, y and z."""
    plain = [name.lower() for name in names]
    if len(plain) == count and all(plain.count(axis) == 1 for axis in (b"x", b"y", b"z")):
        return [plain.index(axis) for axis in (b"x", b"y", b"z")]
    return [0, 1, 2]
