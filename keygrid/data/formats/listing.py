"""The contents of a folder, listed without reading any file."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from keygrid.data.readers import SUFFIXES, reading
from keygrid.data.readers.text import in_utf8
from keygrid.errors import KeygridError

_DIGITS = re.compile(r"(\d+)")


class Contents(NamedTuple):
    """Names in a folder, sorted, without hidden ones."""

    folders: list[str]
    files: list[str]


def natural(name: str) -> list[str | int]:
    """Return a key that sorts `frame 10` after `frame 9`."""
    return [int(part) if index % 2 else part.lower() for index, part in enumerate(_DIGITS.split(name))]


def contents(folder: Path) -> Contents:
    """Return the direct contents of a folder.

    Raises:
        KeygridError: the folder may not be read.
    """
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if not entry.name.startswith("."):
                    (folders if _is_folder(entry) else files).append(entry.name)
    except PermissionError as error:
        raise KeygridError(f"You may not read the folder {folder.name}; ask its owner for permission.") from error
    except OSError as error:
        raise KeygridError(f"The folder {folder.name} cannot be listed: {error.strerror}; check its disk.") from error
    return Contents(sorted(folders), sorted(files))


def lines(file: Path) -> list[str]:
    """Return the lines of a short text that are not blank; UTF-8 unless the first bytes mark another encoding.

    Raises:
        KeygridError: the file may not be read.
    """
    with reading(file):
        text = in_utf8(file.read_bytes()).decode("utf-8", "replace")
    return [line for line in text.splitlines() if line.strip()]


def walk(root: Path) -> Iterator[tuple[Path, Contents]]:
    """Yield a folder and all folders below it, each with its contents, and once even if links form loops.

    Names are in natural order: `frame 10` comes after `frame 9`.

    Raises:
        KeygridError: a folder may not be read.
    """
    waiting, seen = [root], set()
    while waiting:
        folder = waiting.pop()
        found = contents(folder)
        status = folder.stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            yield folder, Contents(sorted(found.folders, key=natural), sorted(found.files, key=natural))
            waiting += [folder / name for name in sorted(found.folders, key=natural, reverse=True)]


def is_readable(name: str) -> bool:
    """Return whether a file has the ending of a mesh or a cloud."""
    stem, dot, ending = name.rpartition(".")
    return bool(stem) and dot + ending.lower() in SUFFIXES


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # A link that leads nowhere or to itself is no folder, and no reason to refuse all the others.
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()
