"""Shows the newest cloud of a folder that another program writes to, prepared and with keypoints."""

import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.controllers.predicting import Predicting
from app.state.document import Document
from app.state.following import Following
from app.worker.client import WorkerClient
from app.worker.protocol import FollowedFrame, ReadFrame
from keygrid.clouds import Recipe
from keygrid.clouds.watching import FolderWatch, Frame
from keygrid.errors import KeygridError

LOOK_MS = 20
"""Interval between two checks of the folder."""


class FollowingFolder(QObject):
    """Checks a folder, lets the worker read, prepare and predict the newest cloud, and shows the result.

    One cloud is processed at a time; of those that arrive in the meantime, only the newest is used.

    Args:
        following: state of the followed folder.
        document: receives the clouds, each of which replaces the one before.
        worker: reads, prepares and predicts.
        predicting: receives the keypoints that come with a cloud, so that they are not predicted again.
    """

    refused = Signal(str)
    """The folder can't be followed; the text is a message for the user."""

    def __init__(
        self,
        following: Following,
        document: Document,
        worker: WorkerClient,
        predicting: Predicting,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._following, self._document, self._worker, self._predicting = following, document, worker, predicting
        self._watch: FolderWatch | None = None
        self._next: Frame | None = None
        self._under_way = False
        self._to_draw: Frame | None = None
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)

    def begin(self, folder: Path, recipe: Recipe) -> None:
        """Follow a folder, beginning with its newest cloud."""
        self.stop()
        try:
            self._watch = FolderWatch(folder)
        except KeygridError as error:
            self.refused.emit(str(error))
            return
        self._following.recipe, self._following.folder = recipe, folder
        self._timer.start()

    def stop(self) -> None:
        """Stop following; the last cloud stays visible."""
        self._timer.stop()
        self._worker.forget(self)
        self._watch = self._next = self._to_draw = None
        self._under_way = False
        self._following.folder, self._following.seconds = None, None

    def drawn(self) -> None:
        """Record that the last cloud has been drawn."""
        if self._to_draw is not None:
            frame, self._to_draw = self._to_draw, None
            self._following.frame = frame.path.name
            self._following.seconds = time.time() - frame.written

    def _look(self) -> None:
        if self._watch is None:
            return
        try:
            found = self._watch.look()
        except KeygridError as error:
            self.stop()
            self.refused.emit(str(error))
            return
        if found:
            self._next = found[-1]
        if self._next is not None and not self._under_way:
            self._ask(self._next)

    def _ask(self, frame: Frame) -> None:
        self._next, self._under_way = None, True
        method = self._document.method
        work = ReadFrame(
            frame, self._following.recipe, method.id if method is not None else None,
            "peak" if self._predicting.wants_peak else "soft",
        )  # fmt: skip
        self._worker.request(work, partial(self._take, frame), otherwise=self._pass_over, slot=self)

    def _take(self, frame: Frame, found: FollowedFrame | None) -> None:
        self._under_way = False
        if found is None:  # half-written
            if self._watch is not None:
                self._watch.put_back(frame)
            return
        self._to_draw = frame
        if found.prediction is not None:
            self._predicting.supply(found.garment, found.prediction)
        self._document.add_garment(found.garment, choose=True)

    def _pass_over(self, _sentence: str) -> None:
        self._under_way = False
