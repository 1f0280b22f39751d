"""Limits on the sizes that a file states for its contents, checked before memory is allocated for them.

A file of a few kilobytes can claim, or unpack to, more than any memory holds.
"""

from pathlib import Path

import psutil

from keygrid.data.readers.mesh import UnreadableError

SMALL = 2**30
"""Bytes that may be made of any file."""

RATIO = 64
"""Bytes that may be made of each byte of a larger one; cloth that moves unpacks to 5 to 20, still cloth to more."""

NUMBER = 8
"""Bytes of a number once it is read."""

_SHARE = 0.5
"""Share of the free memory that one file may take."""


class Budget:
    """Bytes that may still be made of a file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._size = path.stat().st_size
        self._spent = 0

    def grant(self, size: int) -> None:
        """Count bytes of another file that this one refers to, so that it may be as much larger."""
        self._size += size

    def spend(self, size: int) -> None:
        """Count bytes that are about to be made.

        Raises:
            UnreadableError: they are more than such a file can need, or than memory can hold.
        """
        self._spent += size
        if self._spent > max(SMALL, RATIO * self._size):
            raise UnreadableError(
                f"has {_in_words(self._size)} and claims to hold {_in_words(self._spent)}, so it is damaged "
                "or was made to exhaust memory; export it again"
            )
        refuse_beyond_memory(self._spent)


def refuse_beyond_memory(size: int) -> None:
    """Refuse to make so many bytes at once.

    Raises:
        UnreadableError: half of the free memory is less.
    """
    if size > SMALL and size > _SHARE * psutil.virtual_memory().available:
        raise UnreadableError(f"needs {_in_words(size)} of memory, more than this machine has; open a part of it")


def _in_words(size: int) -> str:
    from rich.filesize import decimal

    return decimal(size)
