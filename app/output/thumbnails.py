"""Small pictures of garments, cached on disk and drawn one at a time by a separate process."""

import hashlib
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon

from app.worker.client import WorkerClient
from app.worker.protocol import DrawThumbnail

SIDE = 96
"""Side of a picture in pixels, twice the size shown in lists."""

VERSION = 3
"""Version of the drawing; raise it when garments are drawn differently."""


class Thumbnails(QObject):
    """Returns existing pictures immediately, and signals when new ones are ready.

    Drawing has its own process, started on first use: the worker is busy with the user's requests, and PyTorch and
    software OpenGL do not work well in one process.

    Args:
        folder: where pictures are saved; None to draw no pictures.
    """

    arrived = Signal()
    """A new picture is ready."""

    def __init__(self, folder: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._icons: dict[Path, QIcon] = {}
        self._waiting: dict[Path, Path] = {}
        self._worker: WorkerClient | None = None

    @property
    def busy(self) -> bool:
        """True while pictures are still being drawn."""
        return bool(self._waiting)

    def icon(self, path: Path) -> QIcon:
        """Return the picture of a garment's file; if there is none yet, return an empty icon and draw it later."""
        if self.folder is not None and path not in self._icons:
            self._icons[path] = QIcon()
            self._find(path, self.folder)
        return self._icons.get(path, QIcon())

    def close(self) -> None:
        """Stop drawing permanently."""
        self.folder = None
        self._waiting.clear()
        if self._worker is not None:
            self._worker.close()

    def _find(self, path: Path, folder: Path) -> None:
        try:
            status = path.stat() if path.exists() else path.with_name(path.name.rpartition("#")[0]).stat()
        except (OSError, ValueError):
            return
        key = f"{path.absolute()} {status.st_mtime_ns} {status.st_size} {SIDE} {VERSION}"
        picture = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.png"
        if picture.exists():
            self._icons[path] = QIcon(str(picture))
            return
        self._waiting[path] = picture
        if len(self._waiting) == 1:
            self._draw_next()

    def _draw_next(self) -> None:
        if self._worker is None:
            self._worker = WorkerClient(self)
        path, picture = next(iter(self._waiting.items()))
        self._worker.request(
            DrawThumbnail(path, picture, SIDE), partial(self._take, path), otherwise=partial(self._go_on, path)
        )

    def _take(self, path: Path, picture: Path) -> None:
        self._icons[path] = QIcon(str(picture))
        self.arrived.emit()
        self._go_on(path)

    def _go_on(self, path: Path, _sentence: str = "") -> None:
        self._waiting.pop(path, None)
        if self._waiting:
            self._draw_next()
