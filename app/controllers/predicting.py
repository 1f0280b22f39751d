"""Keeps the document's predictions up to date: the current frame first, then the others in playing order."""

from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject

from app.state.view import View
from app.worker.client import WorkerClient
from app.worker.protocol import Predict, Recall
from keygrid.data.garment import Garment
from keygrid.prediction import Prediction


class Predicting(QObject):
    """Keeps one view's predictions up to date; requests one frame at a time, so that a newly shown frame can come next.

    After a cancellation or failure, only visible frames are requested.

    Args:
        view: the view.
        worker: the process that predicts.
        parent: the Qt parent.
        kept_in: folder for the first prediction of each garment, which is shown immediately when the garment is opened
            again, until a new prediction is ready; None to save none.
    """

    def __init__(
        self, view: View, worker: WorkerClient, parent: QObject | None = None, *, kept_in: Path | None = None
    ) -> None:
        super().__init__(parent)
        self._kept_in = kept_in
        self._subject, self._settings, self._worker = view.subject, view.settings, worker
        self._awaited: int | None = None
        self._supplied: tuple[Garment, Prediction] | None = None
        self._eager = True
        worker.cancelled.connect(self._stop)
        self._subject.events.garment.connect(self.start_anew)
        self._subject.events.method.connect(self.start_anew)
        self._settings.events.peak.connect(self.start_anew)
        self._subject.events.frame.connect(self._request_next)

    def start_anew(self, *_: object) -> None:
        """Cancel pending requests, and predict for the current choice."""
        self._forget()
        self._awaited, self._eager = None, True
        self._subject.forget_predictions()
        supplied, self._supplied = self._supplied, None
        if supplied is not None and supplied[0] is self._subject.garment:
            self._subject.show(supplied[1])
        if self._kept_in is not None and not self._subject.predictions and (wanted := self._work(self._subject.frame)):
            self._worker.request(Recall(wanted), partial(self._show_kept, wanted.frame or 0), slot=(self, "kept"))
        self._request_next()

    def supply(self, garment: Garment, prediction: Prediction) -> None:
        """Provide the prediction for a garment that is about to be chosen, so that it is shown immediately."""
        self._supplied = garment, prediction

    @property
    def wants_peak(self) -> bool:
        """True if keypoints are placed on their heaviest points."""
        return self._settings.peak

    def shut(self) -> None:
        """Stop requesting predictions."""
        self._forget()
        self._worker.cancelled.disconnect(self._stop)
        self._subject.events.garment.disconnect(self.start_anew)
        self._subject.events.method.disconnect(self.start_anew)
        self._settings.events.peak.disconnect(self.start_anew)
        self._subject.events.frame.disconnect(self._request_next)
        self.deleteLater()

    def _forget(self) -> None:
        self._worker.forget((self, "kept"))
        self._worker.forget(self)

    def _show_kept(self, frame: int, prediction: Prediction | None) -> None:
        if prediction is not None and frame not in self._subject.predictions:
            self._subject.show(prediction, frame)

    def _take(self, frame: int, prediction: Prediction) -> None:
        self._awaited = None
        self._subject.show(prediction, frame)
        self._request_next()

    def _stop(self, _sentence: str = "") -> None:
        self._awaited, self._eager = None, False

    def _request_next(self, *_: object) -> None:
        frame = self._next()
        work = None if frame is None else self._work(frame)
        if frame is not None and work is not None:
            self._awaited = frame
            self._worker.request(work, partial(self._take, frame), otherwise=self._stop, slot=self)

    def _work(self, frame: int) -> Predict | None:
        garment, method = self._subject.garment, self._subject.method
        if garment is None or garment.source is None or method is None:
            return None
        keypoints: Literal["soft", "peak"] = "peak" if self._settings.peak else "soft"
        moving = frame if garment.frame_count else None
        return Predict(
            garment.source, method.id, keypoints, moving, None if self._subject.predictions else self._kept_in
        )

    def _next(self) -> int | None:
        if self._awaited is not None:
            return None
        count = max(self._subject.frame_count, 1)
        wanted = count if self._eager else 1
        order = ((self._subject.frame + ahead) % count for ahead in range(wanted))
        return next((frame for frame in order if frame not in self._subject.predictions), None)
