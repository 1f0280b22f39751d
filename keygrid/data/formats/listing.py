"""What is in a folder, without reading any of it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from keygrid.errors import KeygridError

_DIGITS = re.compile(r"(\d+)")


class Contents(NamedTuple):
    """Names in a folder, in natural order and without hidden ones."""

    folders: list[str]
    files: list[str]


def natural(name: str) -> list[str | int]:
    """A key that sorts `frame 10` after `frame 9`."""
    return [int(part) if index % 2 else part.lower() for index, part in enumerate(_DIGITS.split(name))]


def contents(folder: Path) -> Contents:
    """What is directly in a folder.

    Raises:
        KeygridError: the folder may not be read.
    """
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if not entry.name.startswith("."):
                    (folders if entry.is_dir() else files).append(entry.name)
    except PermissionError as error:
        raise KeygridError(f"The folder {folder.name} may not be read; ask its owner for permission.") from error
    except OSError as error:
        raise KeygridError(f"The folder {folder.name} cannot be listed: {error.strerror}; check its disk.") from error
    return Contents(sorted(folders, key=natural), sorted(files, key=natural))


def walk(root: Path) -> Iterator[tuple[Path, Contents]]:
    """A folder and all below it, each once even where links lead in circles, with what is directly in them.

    Who takes names out of the list of folders keeps them from being visited.

    Raises:
        KeygridError: a folder may not be read.
    """
    waiting, seen = [root], set()
    while waiting:
        folder = waiting.pop()
        status = folder.stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            found = contents(folder)
            yield folder, found
            waiting += [folder / name for name in reversed(found.folders)]
