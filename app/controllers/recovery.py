"""Recovery after a crash: saves what is open, and finds it at the next start."""

import os
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer

from app.controllers.restoring import Restoring
from app.state.session import SUFFIX, Session, write_session
from keygrid.errors import KeygridError

INTERVAL_MS = 5000
"""Interval between two checks for changes."""

LAST = f"last{SUFFIX}"
"""File name of the session that was open when the window was last closed."""


class Recovery(QObject):
    """Saves what is open to a file that is locked as long as this process lives.

    Args:
        restoring: makes sessions of what is open.
        folder: folder for the session files; None to save nothing.
    """

    def __init__(self, restoring: Restoring, folder: Path | None) -> None:
        super().__init__(restoring)
        self._restoring, self._folder = restoring, folder
        self._kept: Session | None = None
        self._file = (folder or Path()) / f"open-{os.getpid()}{SUFFIX}"
        self._lock = _lock_of(self._file)
        self._clock = QTimer(self, interval=INTERVAL_MS)
        self._clock.timeout.connect(self.keep)
        if folder is not None:
            self._clock.start()

    def keep(self) -> None:
        """Save what is open, if it has changed."""
        if self._folder is None or self._restoring.waiting:
            return
        session = self._restoring.session()
        if session != self._kept:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                if not self._lock.isLocked():
                    self._lock.tryLock(0)
                write_session(session, self._file)
            except (KeygridError, OSError):
                self._clock.stop()  # what can't be kept once can't be kept later
            self._kept = session

    def shut(self) -> None:
        """Record a normal end: the current session becomes the last one."""
        self._clock.stop()
        if self._folder is not None and not self._restoring.waiting:
            self.keep()
            if self._file.exists():
                self._file.replace(self._folder / LAST)
            self._lock.unlock()

    @property
    def last(self) -> Path | None:
        """The session that was open when a window was last closed."""
        path = self._folder / LAST if self._folder is not None else None
        return path if path is not None and path.exists() else None

    @property
    def crashed(self) -> Path | None:
        """The most recent session of a window that crashed."""
        return max(self._crashed(), key=lambda path: path.stat().st_mtime, default=None)

    def forget_crashes(self) -> None:
        """Remove the sessions of crashed windows."""
        for path in self._crashed():
            path.unlink(missing_ok=True)

    def _crashed(self) -> list[Path]:
        folder = self._folder
        found = sorted(folder.glob(f"open-*{SUFFIX}")) if folder is not None and folder.is_dir() else []
        return [path for path in found if path != self._file and not _is_locked(path)]


def _lock_of(file: Path) -> QLockFile:
    lock = QLockFile(f"{file}.lock")
    lock.setStaleLockTime(0)  # a lock is its process's, however long that lives
    return lock


def _is_locked(file: Path) -> bool:
    lock = _lock_of(file)
    free = lock.tryLock(0)
    if free:
        lock.unlock()
    return not free
