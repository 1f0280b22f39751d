"""Layers that show how keypoints keep to a garment that moves, and what is known of its material."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers import Floats, Layer, draw_in_front
from keygrid.palette import colours
from keygrid.prediction import Prediction

LANDMARK_RADIUS = 0.009
"""Of a landmark's diamond, as a share of the garment's diagonal."""

LABELLED = 24
"""The most landmarks that bear their names; where there are more, only the one under the mouse says its own."""

FAINTEST = 0.12
"""Opacity of a trail's end that is farthest in time."""


class TrailLayer(Layer):
    """Each keypoint's path over the frames that are predicted, in its colour, fainter the farther in time."""

    order = 2

    def show(
        self, predictions: Mapping[int, Prediction], frame: int, width: float, chosen: NDArray[np.uint8] | None = None
    ) -> None:
        """Draw the paths as seen from `frame`, in place; frames that are not predicted leave a gap.

        Args:
            predictions: by frame.
            frame: the one that is shown.
            width: of the lines, in device pixels.
            chosen: colours of keypoints, (K, 3), if they are not their own.
        """
        if not self._actors:
            self._mesh = pv.PolyData(np.zeros((2, 3)), lines=[2, 0, 1])
            self._mesh.point_data["colour"] = np.zeros((2, 4), np.uint8)
            draw_in_front(self._add(self._mesh, scalars="colour", rgb=True, line_width=width, lighting=False))
        paths = trails(predictions, frame, chosen)
        self._actors[0].prop.line_width = width
        self.blank = paths is None
        if paths is not None:
            self._mesh.copy_from(paths, deep=False)


def trails(
    predictions: Mapping[int, Prediction], frame: int, chosen: NDArray[np.uint8] | None = None
) -> pv.PolyData | None:
    """Segments from each predicted frame to the next one, with RGBA `colour`; None where no two are neighbours."""
    frames = sorted(predictions)
    begins = np.flatnonzero(np.diff(frames) == 1)
    if not len(begins):
        return None
    positions = np.stack([predictions[each].keypoints for each in frames])  # [T, K, 3]
    count = positions.shape[1]
    away = np.abs(np.array(frames) - frame)
    opacity = 1 - (1 - FAINTEST) * away / max(away.max(), 1)
    rgba = np.empty((len(frames), count, 4), np.uint8)
    rgba[..., :3] = chosen if chosen is not None and len(chosen) == count else colours(count)
    rgba[..., 3] = np.round(255 * opacity)[:, None]
    starts = (begins[:, None] * count + np.arange(count)).ravel()
    lines = np.stack([np.full_like(starts, 2), starts, starts + count], axis=1)
    paths = pv.PolyData(positions.reshape(-1, 3), lines=lines.ravel())
    paths.point_data["colour"] = rgba.reshape(-1, 4)
    return paths


class LandmarkLayer(Layer):
    """Diamonds with small names; where names would overlap, some are left out."""

    _colour = (0.0, 0.0, 0.0)
    _names: pv.PolyData
    _labels: Any = None

    def show(self, positions: Floats, names: tuple[str, ...], radius: float) -> None:
        """Draw landmarks (L, 3), file units, as diamonds of `radius`."""
        self.clear()
        diamond = pv.PlatonicSolid("octahedron", radius=radius)
        self._diamond = np.asarray(diamond.points, dtype=np.float64)
        self._diamonds = pv.PolyData(positions).glyph(geom=diamond, scale=False, orient=False)
        self._actor = self._add(self._diamonds, ambient=0.4)
        draw_in_front(self._actor)
        if len(names) <= LABELLED:
            self._label(positions, names)
        self.set_colour(self._colour)
        self.move(positions)

    def move(self, positions: Floats) -> None:
        """Move the landmarks to (L, 3), file units, in place."""
        if self._actors:
            self._diamonds.points = (positions[:, None] + self._diamond).reshape(-1, 3)
        if self._labels is not None:
            self._names.points = positions

    def set_colour(self, colour: tuple[float, float, float]) -> None:
        """Of diamonds and names: one that no keypoint has."""
        self._colour = colour
        if self._actors:
            self._actor.prop.color = colour
        if self._labels is not None:
            # Their text belongs to the hierarchy, which the actor's mapper places on the screen.
            self._labels.GetMapper().GetInputAlgorithm(0, 0).GetTextProperty().SetColor(colour)

    def clear(self) -> None:
        super().clear()
        self._labels = None

    def _label(self, positions: Floats, names: tuple[str, ...]) -> None:
        self._names = pv.PolyData(positions)
        self._names.point_data["name"] = np.array(
            [f"   {name}" for name in names]
        )  # spaces keep names clear of their diamonds
        self._labels = self._keep(
            self._plotter.add_point_labels(
                self._names, "name", font_size=11, font_family="arial", bold=False, shadow=True, show_points=False,
                shape=None, always_visible=True, justification_vertical="top", reset_camera=False,
                render=False, name=self._name,
            )
        )  # fmt: skip
