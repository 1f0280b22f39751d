"""Videos of the views, recorded frame by frame."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.output.pictures import Pixels
from keygrid.errors import KeygridError
from keygrid.files import atomic

SUFFIXES = (".mp4", ".gif")

CANCELLED = "Cancelled"

WAIT_MS = 20
"""Delay before checking again whether a frame can be drawn, in milliseconds."""


class Recording(QObject):
    """Draws pictures one at a time, returning to the event loop between them, and writes them to a video.

    Args:
        path: the video, which appears only when it is complete; MP4 (H.264) or GIF, by its ending.
        count: number of pictures.
        prepare: makes the views show a picture's content, and returns whether they do; called until it returns true.
        take: takes the picture.
        speed: pictures per second.

    Raises:
        KeygridError: the ending is unknown, or the file can't be written.
    """

    advanced = Signal(int)
    """Number of pictures recorded so far."""

    finished = Signal(str)
    """Empty if the video is complete, otherwise the reason why it is not; `CANCELLED` if the user cancelled it."""

    def __init__(
        self,
        path: Path,
        count: int,
        prepare: Callable[[int], bool],
        take: Callable[[], Pixels],
        speed: int,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        check_suffix(path)
        self._path, self._count, self._prepare, self._take, self._speed = path, count, prepare, take, speed
        self._taken, self._began = 0, time.monotonic()
        self._writer: Any = None
        self._size: tuple[int, int] = (0, 0)
        self._files = ExitStack()
        self._temporary = self._files.enter_context(atomic(path))
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    @property
    def running(self) -> bool:
        """True while the recording is in progress."""
        return self._timer.isActive()

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the video is done."""
        if self._taken == 0:
            return None
        return (time.monotonic() - self._began) / self._taken * (self._count - self._taken)

    def cancel(self) -> None:
        """Cancel the video, and remove what was written."""
        if self.running:
            self._end(RuntimeError("cancelled"), CANCELLED)

    def _go_on(self) -> None:
        try:
            if not self._prepare(self._taken):
                self._timer.setInterval(WAIT_MS)
                return
            self._timer.setInterval(0)
            self._write(self._take())
        except (KeygridError, OSError, RuntimeError) as error:
            self._end(error, f"The video could not be written: {error}")
            return
        self._taken += 1
        self.advanced.emit(self._taken)
        if self._taken == self._count:
            self._end(None, "")

    def _write(self, picture: Pixels) -> None:
        import imageio.v2 as imageio

        if self._writer is None:
            height, width = picture.shape[:2]
            self._size = height - height % 2, width - width % 2  # H.264 halves both for its colours
            if self._path.suffix.lower() == ".gif":
                self._writer = imageio.get_writer(
                    self._temporary, format="GIF-PIL", duration=1000 / self._speed, loop=0
                )
            else:
                self._writer = imageio.get_writer(
                    self._temporary, format="FFMPEG", fps=self._speed, codec="libx264", quality=8, macro_block_size=2
                )
        height, width = self._size
        frame = np.zeros((height, width, 3), np.uint8)
        found = picture[:height, :width, :3]  # the window may have been made smaller
        frame[: found.shape[0], : found.shape[1]] = found
        self._writer.append_data(frame)

    def _end(self, error: BaseException | None, message: str) -> None:
        self._timer.stop()
        try:
            # With an error the temporary file is removed, else it takes its place.
            with self._files:
                if self._writer is not None:
                    self._writer.close()
                if error is not None:
                    raise error
        except (KeygridError, OSError, RuntimeError) as failed:
            message = message or f"The video could not be written: {failed}"
        self.finished.emit(message)


def check_suffix(path: Path) -> None:
    """Raise a `KeygridError` if a path has no ending of a video format."""
    if path.suffix.lower() not in SUFFIXES:
        raise KeygridError(f"Videos are written as {' or '.join(SUFFIXES)}; you gave {path.name}.")
