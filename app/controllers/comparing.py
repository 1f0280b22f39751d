"""Predicts and scores for compared views."""

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.controllers.predicting import Predicting
from app.state.comparison import Comparison
from app.state.view import View
from app.worker.client import ENDED, WorkerClient
from app.worker.protocol import Judge
from keygrid.evaluation.metrics import Measures

REST_MS = 400
"""Delay after a change of landmarks before views are scored again, because a drag changes them continuously."""


class Comparing(QObject):
    """Keeps the further views' predictions up to date, and all views' scores while there are several views.

    Scoring has a process of its own, started on first use: distances along the cloth take seconds, and would delay
    keypoints.

    Args:
        first: the first view, whose predictions are requested elsewhere.
        comparison: holds the other views.
        worker: predicts.
    """

    failed = Signal(str)
    """Scores can't be computed; the text is a message for the user."""

    def __init__(
        self, first: View, comparison: Comparison, worker: WorkerClient, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._first, self._comparison, self._worker = first, comparison, worker
        self._predicting: dict[View, Predicting] = {}
        self._asked: dict[View, tuple[Any, ...]] = {}
        self._asked_again: set[View] = set()
        self._scorer: WorkerClient | None = None
        comparison.events.views.connect(self._take_in)
        self._rescoring = QTimer(self, singleShot=True, interval=REST_MS)
        self._rescoring.timeout.connect(self._score_all)
        first.subject.events.predictions.connect(self._score_all)
        first.subject.events.placed.connect(self._rescore)

    @property
    def busy(self) -> bool:
        """True while scores are awaited."""
        return self._scorer is not None and self._scorer.busy

    def start_anew(self) -> None:
        """Predict again for all further views."""
        for predicting in self._predicting.values():
            predicting.start_anew()

    def close(self) -> None:
        """Stop permanently."""
        self._rescoring.stop()
        self._comparison.events.views.disconnect(self._take_in)
        for predicting in self._predicting.values():
            predicting.shut()
        if self._scorer is not None:
            self._scorer.close()

    def _take_in(self, views: tuple[View, ...]) -> None:
        for view in [known for known in self._predicting if known not in views]:
            self._predicting.pop(view).shut()
            self._forget(view)
        for view in views:
            if view not in self._predicting:
                self._predicting[view] = Predicting(view, self._worker, self)
                view.subject.events.predictions.connect(self._score_all)
                self._predicting[view].start_anew()
        if not views:
            self._forget(self._first)
        self._score_all()

    def _rescore(self, *_: object) -> None:
        if self._comparison.active:
            self._rescoring.start()

    def _score_all(self, *_: object) -> None:
        if self._comparison.active:
            for view in (self._first, *self._comparison.views):
                self._score(view)

    def _score(self, view: View) -> None:
        subject = view.subject
        garment, predictions = subject.garment, subject.predictions
        frames = range(max(subject.frame_count, 1))
        complete = garment is not None and all(frame in predictions for frame in frames)
        if garment is None or garment.source is None or not complete:
            self._forget(view)
            return
        marks = subject.landmarks if subject.landmarks is not None and subject.landmarks.names else None
        wanted = (garment, marks, *(predictions[frame] for frame in frames))
        known = self._asked.get(view, ())
        if len(known) == len(wanted) and all(one is other for one, other in zip(known, wanted, strict=True)):
            return
        self._forget(view)
        self._asked[view] = wanted
        if self._scorer is None:
            self._scorer = WorkerClient(self)
        keypoints = np.stack([predictions[frame].keypoints for frame in frames])
        self._scorer.request(
            Judge(garment.source, keypoints, marks), partial(self._take, view), otherwise=partial(self._miss, view),
            slot=view,
        )  # fmt: skip

    def _forget(self, view: View) -> None:
        self._asked_again.discard(view)
        if self._asked.pop(view, None) is not None and self._scorer is not None:
            self._scorer.forget(view)
        if view in self._comparison.measures:
            known = self._comparison.measures
            self._comparison.measures = {other: found for other, found in known.items() if other is not view}

    def _miss(self, view: View, sentence: str) -> None:
        """If the process ended, perhaps because of another view, ask once more; otherwise report the reason."""
        if sentence == ENDED and view not in self._asked_again:
            self._asked.pop(view, None)
            self._score(view)
            self._asked_again.add(view)
        else:
            self.failed.emit(f"There are no scores: {sentence}")

    def _take(self, view: View, measures: Measures) -> None:
        self._asked_again.discard(view)
        self._comparison.measures = {**self._comparison.measures, view: measures}
