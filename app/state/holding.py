"""Planes that stay in place in space while a garment moves."""

import numpy as np
from numpy.typing import NDArray

from app.state.slices import PLANES, Plane
from app.state.view import View
from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation


class HeldSlices:
    """Keeps a view's planes in place in file units, although each frame is normalised separately.

    Args:
        view: the view with the planes.
    """

    def __init__(self, view: View) -> None:
        self._view, self._slices = view, view.slices
        self._garment: Garment | None = None
        self._normalisation: Normalisation | None = None
        self._offsets: dict[Plane, float] = {}
        self._placing = False
        view.subject.events.prediction.connect(self._place)
        self._slices.events.connect(self._take)
        self._place()

    def _place(self, *_: object) -> None:
        """Restore the planes' positions in the box of another prediction."""
        subject = self._view.subject
        prediction = subject.heated
        if prediction is None:  # of a frame whose keypoints are still to come
            return
        moved = self._garment is subject.garment and self._normalisation != prediction.normalisation
        self._garment, self._normalisation = subject.garment, prediction.normalisation
        if moved:
            self._placing = True
            try:
                for plane, offset in self._offsets.items():
                    scale, centre = self._normalisation.scale, np.array(self._normalisation.centre)
                    self._slices.move((offset - float(self._normal(plane) @ centre)) / scale, plane)
            finally:
                self._placing = False
        else:
            self._take()

    def _take(self, *_: object) -> None:
        """Store the positions to which the user has moved the planes."""
        if self._placing or self._normalisation is None:
            return
        scale, centre = self._normalisation.scale, np.array(self._normalisation.centre)
        self._offsets = {
            plane: float(getattr(self._slices, plane)) * scale + float(self._normal(plane) @ centre) for plane in PLANES
        }

    def _normal(self, plane: Plane) -> NDArray[np.float64]:
        return np.array(self._slices.normal) if plane == "free" else np.eye(3)["xyz".index(plane)]
