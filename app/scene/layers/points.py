"""Clouds: the garment's own points, the network's samples, and the decoder's reconstruction."""

from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers.base import Floats
from app.scene.layers.surface import WeighedLayer
from app.scene.state import SceneState
from app.state.weights import Weights

POINT_COLOUR = "#5b7ea6"
SAMPLE_COLOUR = "#2f8f83"
RECONSTRUCTION_COLOUR = "#c2569b"

MOST_TURNING = 100_000
"""Maximum number of points drawn while the camera turns: software takes 0.2 s for them, and 1.3 s for a million."""


class CloudLayer(WeighedLayer):
    """Points in one colour, or coloured by weights."""

    order = 0
    colour: str

    @property
    def points(self) -> Floats:
        """The drawn points (N, 3), file units."""
        return np.asarray(self._mesh.points, np.float64)

    @property
    def count(self) -> int:
        """Number of points that are currently drawn."""
        return int(self._mesh.n_verts)

    @property
    def size(self) -> float:
        """Size of a point, in device pixels."""
        return float(self._actors[0].prop.point_size)

    def _draw(self, state: SceneState) -> bool:
        source = self._source(state)
        if source is None:
            return False
        if self._changed("place", *source):
            points = self._points(state)
            if self._changed("mesh", len(points)):
                self._mesh = pv.PolyData(points)
            self._mesh.points = points
        stride = -(-self._mesh.n_points // MOST_TURNING) if state.look.turning else 1
        if self._changed("detail", stride, self._mesh.n_points):
            self._thin_out(stride)
        self._paint(self._weighed(state), self.colour, self._own(state))
        size = state.settings.point_size * state.look.pixel_ratio
        if self._changed("size", size):
            self._actors[0].prop.point_size = size
        return True

    def _thin_out(self, stride: int) -> None:
        kept = np.arange(0, self._mesh.n_points, stride)
        self._mesh.verts = np.stack([np.ones_like(kept), kept], axis=1).ravel()

    def _make(self, style: dict[str, Any]) -> None:
        self._add(self._mesh, style="points", lighting=False, **style)

    def _source(self, state: SceneState) -> tuple[object, ...] | None:
        """Return the data that holds the points; None if there are none."""
        raise NotImplementedError

    def _points(self, state: SceneState) -> Floats:
        raise NotImplementedError

    def _weighed(self, state: SceneState) -> tuple[Weights, int] | None:
        return state.weighed

    def _own(self, _state: SceneState) -> NDArray[np.uint8] | None:
        """Return the points' own colours (N, 3), if they are visible."""
        return None


class PointsLayer(CloudLayer):
    """The garment's own points: a cloud's, or a surface's vertices."""

    colour = POINT_COLOUR

    def _source(self, state: SceneState) -> tuple[object, ...] | None:
        return state.garment, state.frame

    def _points(self, state: SceneState) -> Floats:
        return state.vertices

    def _own(self, state: SceneState) -> NDArray[np.uint8] | None:
        return state.garment.colours if state.painted and state.garment is not None else None


class SamplesLayer(CloudLayer):
    """The points that the network sees."""

    order = 9
    colour = SAMPLE_COLOUR

    def _source(self, state: SceneState) -> tuple[object, ...] | None:
        return None if state.prediction is None else (state.prediction,)

    def _points(self, state: SceneState) -> Floats:
        return state.prediction.explain().sample.points if state.prediction is not None else np.empty((0, 3))

    def _values(self, weights: Weights, keypoint: int) -> Floats:
        return weights.of_samples(keypoint)


class ReconstructionLayer(CloudLayer):
    """The cloud that the decoder reconstructs."""

    order = 9
    colour = RECONSTRUCTION_COLOUR

    def _source(self, state: SceneState) -> tuple[object, ...] | None:
        prediction = state.prediction
        return (prediction,) if prediction is not None and len(prediction.reconstruction) else None

    def _points(self, state: SceneState) -> Floats:
        return state.prediction.reconstruction if state.prediction is not None else np.empty((0, 3))

    def _weighed(self, _state: SceneState) -> None:
        return None
