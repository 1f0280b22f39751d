"""The points that a recipe's steps removed from the current cloud."""

from typing import Any

import numpy as np
import pyvista as pv

from app.scene.layers.base import Floats, Layer
from app.scene.state import SceneState
from app.state.preparation import CHOSEN_COLOUR, OTHER_COLOUR

OPACITY = (90, 150)
"""Opacities of points removed by other steps and by the chosen step, from 0 to 255."""


class RemovedLayer(Layer):
    """Faint points: those removed by the chosen step in one colour, those removed by other steps in another."""

    order = 0

    @property
    def points(self) -> Floats | None:
        """The drawn points (R, 3), file units; None if there are none."""
        return np.asarray(self._mesh.points, np.float64) if self._visible else None

    def _is_on(self, _state: SceneState) -> bool:
        return True

    def _draw(self, state: SceneState) -> bool:
        removed = state.overlay.removed
        if removed is None or removed.garment is not state.garment or not len(removed.points):
            return False
        if self._changed("points", removed.points):
            self._begin("points")
            self._mesh: Any = pv.PolyData(removed.points)
            self._mesh.point_data["colour"] = np.zeros((len(removed.points), 4), np.uint8)
            self._add(self._mesh, style="points", lighting=False, scalars="colour", rgb=True)
        if self._changed("chosen", removed.points, removed.is_chosen):
            colours = np.array([[*OTHER_COLOUR, OPACITY[0]], [*CHOSEN_COLOUR, OPACITY[1]]], np.uint8)
            self._mesh.point_data["colour"] = colours[removed.is_chosen.astype(int)]
        size = max(state.settings.point_size - 1, 1) * state.look.pixel_ratio
        if self._changed("size", size):
            self._actors[0].prop.point_size = size
        return True
