"""NumPy's NPZ archives; the size of each array is checked before it is read."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.limits import NUMBER, Budget
from keygrid.data.readers.mesh import CUT_OFF, UnreadableError

_ENDING = ".npy"


class Archive(Mapping[str, NDArray[Any]]):
    """Arrays by name, read on access; made by `opened_archive`."""

    def __init__(self, file: zipfile.ZipFile, budget: Budget) -> None:
        self._file, self._budget = file, budget
        self._members = {
            name.removesuffix(_ENDING): name for name in file.namelist() if name.endswith(_ENDING)
        }  # fmt: skip

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array.

        Raises:
            KeyError: there is no array of this name.
            UnreadableError: the array is cut off, holds Python objects, or is larger than its file can need.
            Exception: the array is damaged.
        """
        member = self._file.getinfo(self._members[name])
        with self._file.open(member) as head:
            refuse_unsound(head, member.file_size, self._budget)
        with self._file.open(member) as content:
            return np.lib.format.read_array(content, allow_pickle=False)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


@contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """Open an NPZ file.

    Raises:
        OSError, zipfile.BadZipFile: it can't be read, or is no archive.
    """
    with zipfile.ZipFile(path) as file:
        yield Archive(file, Budget(path))


def refuse_unsound(head: IO[bytes], size: int, budget: Budget) -> None:
    """Read the header of an array in NumPy's format, and refuse an array that its file can't hold.

    Args:
        head: file at the beginning of the header.
        size: size of header and content, in bytes.
        budget: limit on the array's size.

    Raises:
        UnreadableError: the array is cut off, holds Python objects, or is larger than its file can need.
        ValueError: the header is invalid.
    """
    is_short = np.lib.format.read_magic(head) == (1, 0)
    read = np.lib.format.read_array_header_1_0 if is_short else np.lib.format.read_array_header_2_0
    shape, _, kind = read(head)
    if kind.hasobject:
        raise UnreadableError("holds Python objects, which are not read, for safety; save an array of numbers")
    count = prod(shape)
    if size - head.tell() < count * kind.itemsize:
        raise UnreadableError(CUT_OFF)
    budget.spend(count * max(kind.itemsize, NUMBER))
