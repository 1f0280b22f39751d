"""Limits on the sizes that a file states for its contents, checked before memory is allocated for them.

A file of a few kilobytes can claim, or unpack to, more than any machine's memory.
"""

from pathlib import Path

import psutil

from keygrid.data.readers.mesh import UnreadableError

SMALL = 2**30
"""Bytes that any file may need."""

RATIO = 64
"""Bytes that a larger file may need per byte of its own; moving cloth unpacks to 5 to 20 times its size.
"""

NUMBER = 8
"""Bytes per number in memory."""

_SHARE = 0.5
"""Share of the free memory that one file may use."""


class Budget:
    """Counts the bytes that a file may still need.

    Args:
        path: path of the file.
    """

    def __init__(self, path: Path) -> None:
        self._size = path.stat().st_size
        self._spent = 0

    def grant(self, size: int) -> None:
        """Add the size of another file that this one refers to, which raises the limit."""
        self._size += size

    def spend(self, size: int) -> None:
        """Count bytes that are about to be allocated.

        Raises:
            UnreadableError: they exceed what such a file can need, or the memory.
        """
        self._spent += size
        if self._spent > max(SMALL, RATIO * self._size):
            raise UnreadableError(
                f"has {_in_words(self._size)} and claims to hold {_in_words(self._spent)}, so it is damaged "
                "or was made to exhaust memory; export it again"
            )
        refuse_beyond_memory(self._spent)


def refuse_beyond_memory(size: int) -> None:
    """Refuse to allocate this many bytes at once.

    Raises:
        UnreadableError: they exceed half of the free memory.
    """
    if size > SMALL and size > _SHARE * psutil.virtual_memory().available:
        raise UnreadableError(f"needs {_in_words(size)} of memory, more than this machine has; open a part of it")


def _in_words(size: int) -> str:
    from rich.filesize import decimal

    return decimal(size)
