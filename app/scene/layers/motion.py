"""Layers of a garment that moves: trails of keypoints, and landmarks."""

from collections.abc import Mapping

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers.base import SELECTION_COLOUR, Floats, Layer, draw_in_front
from app.scene.layers.labels import BallLabels, font_size
from app.scene.screen import Screen
from app.scene.state import SceneState
from keygrid.palette import colours
from keygrid.prediction import Prediction

LANDMARK_RADIUS = 0.009
"""Radius of a landmark's diamond as a share of the garment's diagonal."""

DERIVED = 0.7
"""Size of a derived landmark, as a share of a placed one's."""

MOST_NAMES = 24
"""Maximum number of landmarks with visible names; if there are more, only the one under the mouse is named."""

NAME_SIZE = 0.8
"""Size of a landmark's name as a share of a keypoint's."""

MOST_COVERED = 0.2
"""The largest share of a landmark's name that other names may cover; else it is left out."""

FAINTEST = 0.12
"""Opacity at the end of a trail that is farthest in time."""

TRAIL_WIDTH = 3
"""Width of a trail's lines, in logical pixels."""


class TrailLayer(Layer):
    """Each keypoint's path over the predicted frames, in its colour, fading with distance in time."""

    order = 2
    _found = False

    def _draw(self, state: SceneState) -> bool:
        if self._changed("lines"):
            self._mesh = pv.PolyData(np.zeros((2, 3)), lines=[2, 0, 1])
            self._mesh.point_data["colour"] = np.zeros((2, 4), np.uint8)
            draw_in_front(self._add(self._mesh, scalars="colour", rgb=True, lighting=False))
        width = TRAIL_WIDTH * state.look.pixel_ratio
        if self._changed("width", width):
            self._actors[0].prop.line_width = width
        if self._changed("paths", state.predictions, state.frame, state.colours):
            paths = trails(state.predictions, state.frame, state.colours)
            self._found = paths is not None
            if paths is not None:
                self._mesh.copy_from(paths, deep=False)
        return self._found


def trails(
    predictions: Mapping[int, Prediction], frame: int, chosen: NDArray[np.uint8] | None = None
) -> pv.PolyData | None:
    """Return segments from each predicted frame to the next, with RGBA `colour`; missing frames leave a gap.

    Args:
        predictions: predictions by frame.
        frame: the current frame.
        chosen: colours of keypoints, (K, 3), that replace their own; None for their own.

    Returns:
        None where no two frames are neighbours.
    """
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
    """Diamonds with small names, and a ring around the selected one; overlapping names are left out.

    Landmarks that were carried over from another garment are smaller, and marked as derived.
    """

    _labels: BallLabels | None = None

    @property
    def titles(self) -> tuple[str, ...]:
        """The visible names, unless there are too many; derived ones last."""
        return self._labels.titles if self._visible and self._labels is not None else ()

    def _draw(self, state: SceneState) -> bool:
        garment = state.garment
        parts = [part for part in (state.landmarks, state.derived) if part is not None and part.names]
        if garment is None or not parts:
            return False
        derived = state.derived.names if state.derived is not None else ()
        names = state.landmarks.names if state.landmarks is not None else ()
        radius = LANDMARK_RADIUS * garment.diagonal
        if self._changed("diamonds", garment, names, derived):
            self._make((*names, *(f"{name} (derived)" for name in derived)), radius)
            self._sizes = np.array([1.0] * len(names) + [DERIVED] * len(derived))
        if self._changed("places", state.frame, state.landmarks, state.derived):
            self._positions = np.concatenate([part.on(state.vertices, garment.faces) for part in parts])
            self._move(self._positions)
        if self._changed("colour", state.look.theme.landmarks):
            self._actors[0].prop.color = state.look.theme.landmarks
        style = font_size(state, NAME_SIZE), state.look.theme.landmarks, state.background
        if self._labels is not None and self._changed("label style", *style):
            self._labels.style(*style)
        chosen = names.index(state.marked) if state.marked in names else None
        if self._changed("mark", chosen, state.frame, state.landmarks, radius):
            self._marked = chosen is not None
            if chosen is not None:
                self._ring.SetPosition(self._positions[chosen])
        return True

    def _make(self, names: tuple[str, ...], radius: float) -> None:
        self._begin("diamonds")
        diamond = pv.PlatonicSolid("octahedron", radius=radius)
        self._diamond = np.asarray(diamond.points, dtype=np.float64)
        self._diamonds = pv.PolyData(np.zeros((len(names), 3))).glyph(geom=diamond, scale=False, orient=False)
        draw_in_front(self._add(self._diamonds, ambient=0.4))
        ball = pv.Sphere(radius=1.8 * radius, theta_resolution=24, phi_resolution=24)
        self._ring = self._add(ball, color=SELECTION_COLOUR, lighting=False, culling="front")
        draw_in_front(self._ring)
        self._labels = None
        if len(names) <= MOST_NAMES:
            self._labels = BallLabels(self._plotter, self._keep, len(names), bold=False, most=MOST_COVERED)
            self._labels.entitle(names)

    def lay_out(self, screen: Screen, state: SceneState) -> None:
        """Put names beside their diamonds, and hide those for which there is no room."""
        if not self._visible or self._labels is None or state.garment is None:
            return
        radii = screen.lengths(self._positions, LANDMARK_RADIUS * state.garment.diagonal)
        every = np.arange(len(self._positions))
        self._labels.lay_out(screen, state.look.text_scale, every, self._positions, radii)

    def _move(self, positions: Floats) -> None:
        around = self._sizes[:, None, None] * self._diamond
        self._diamonds.points = (positions[:, None] + around).reshape(-1, 3)

    def _apply_visibility(self, state: SceneState) -> None:
        super()._apply_visibility(state)
        if self._visible:
            self._ring.SetVisibility(self._marked)
