"""Keeps the distance between two selected keypoints up to date."""

import numpy as np
from PySide6.QtCore import QObject

from app.state.document import Distance
from app.state.view import View
from app.worker.client import WorkerClient
from app.worker.protocol import Measure


class Measuring(QObject):
    """Computes the straight distance immediately, and requests the distance along the cloth."""

    def __init__(self, view: View, worker: WorkerClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._subject, self._worker = view.subject, worker
        for name in ("keypoint", "other", "prediction"):
            self._subject.events[name].connect(self._measure)

    def _measure(self, *_: object) -> None:
        self._worker.forget(self)
        subject, shown, garment = self._subject, self._subject.prediction, self._subject.garment
        first, second = subject.keypoint, subject.other
        if shown is None or garment is None or first is None or second is None:
            subject.distance = None
            return
        start, end = shown.keypoints[[first, second]]
        subject.distance = Distance(float(np.linalg.norm(end - start)), settled=garment.is_cloud)
        if garment.source is not None and not garment.is_cloud:
            self._worker.request(Measure(garment.source, start, end, subject.frame), self._take, slot=self)

    def _take(self, distance: Distance) -> None:
        self._subject.distance = distance
