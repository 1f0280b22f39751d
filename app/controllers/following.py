"""Shows the newest cloud of a folder that another program writes, prepared, with its keypoints."""

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
"""Time between two looks at the folder."""


class FollowingFolder(QObject):
    """Looks at a folder, has the worker read, prepare and predict the newest cloud, and shows all at once.

    One cloud is under way at a time; of those that come meanwhile, only the newest is shown.

    Args:
        following: says what is followed.
        document: gets the clouds, one in place of the other.
        worker: reads, prepares and predicts.
        predicting: need not predict what comes with its keypoints.
    """

    refused = Signal(str)
    """The folder can't be followed; a sentence that says why."""

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
        """Follow a folder from now on, beginning with the newest cloud that is there."""
        self.stop()
        try:
            self._watch = FolderWatch(folder)
        except KeygridError as error:
            self.refused.emit(str(error))
            return
        self._following.recipe, self._following.folder = recipe, folder
        self._timer.start()

    def stop(self) -> None:
        """Follow nothing; what was shown last stays."""
        self._timer.stop()
        self._worker.forget(self)
        self._watch = self._next = self._to_draw = None
        self._under_way = False
        self._following.folder, self._following.seconds = None, None

    def drawn(self) -> None:
        """Take note that what was shown last has been drawn."""
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
