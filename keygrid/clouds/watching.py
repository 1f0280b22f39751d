"""Watches a folder into which another program writes clouds."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from keygrid.data.readers import SUFFIXES
from keygrid.errors import KeygridError

PATIENCE = 2.0
"""Seconds after the last change during which an unreadable file may be incomplete."""

_State = tuple[int, int]
"""Size and modification time of a file, in nanoseconds."""


@dataclass(frozen=True)
class Frame:
    """A complete file.

    Attributes:
        path: path of the file.
        written: modification time, in seconds since the epoch.
    """

    path: Path
    written: float

    @property
    def may_be_half(self) -> bool:
        """True if the file is so new that it may be incomplete, if it can't be read."""
        return time.time() - self.written < PATIENCE


class FolderWatch:
    """Finds new files in a folder, each once it has stopped growing, and again when it is rewritten.

    Args:
        folder: the folder; its subfolders are ignored.

    Raises:
        KeygridError: the path is not a folder, or may not be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changed = -1
        self._known: set[str] = set()
        self._waiting: dict[str, _State] = {}
        self._last: tuple[str, _State] | None = None
        self._list()

    def look(self) -> list[Frame]:
        """Return the files completed since the last call, in the order of writing: files unchanged between two calls.

        Raises:
            KeygridError: the folder no longer exists.
        """
        self._list()
        if self._last is not None and self._state(self._last[0]) not in (self._last[1], None):
            self._waiting.setdefault(self._last[0], (-1, -1))
        found = []
        for name, before in list(self._waiting.items()):
            state = self._state(name)
            if state is None:
                del self._waiting[name]
            elif state == before and state[0] > 0:
                del self._waiting[name]
                found.append((state[1], name, state))
            else:
                self._waiting[name] = state
        if found:
            _, name, state = max(found)
            self._last = name, state
        return [Frame(self.folder / name, written / 1e9) for written, name, _ in sorted(found)]

    def put_back(self, frame: Frame) -> None:
        """Offer a file again at a later call, because it was incomplete."""
        self._waiting.setdefault(frame.path.name, (-1, -1))

    def _state(self, name: str) -> _State | None:
        try:
            status = (self.folder / name).stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _list(self) -> None:
        """List the files, if the folder has changed."""
        try:
            changed = self.folder.stat().st_mtime_ns
            if changed == self._changed:
                return
            with os.scandir(self.folder) as entries:
                names = {
                    entry.name
                    for entry in entries
                    if not entry.name.startswith(".") and entry.name.lower().endswith(SUFFIXES) and entry.is_file()
                }
        except OSError as error:
            raise KeygridError(f"The folder {self.folder} can't be followed: {error.strerror}.") from error
        self._changed = changed
        for name in names - self._known:
            self._waiting.setdefault(name, (-1, -1))
        self._known = names
