"""Keypoints and the skeleton between them."""

from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers.base import SELECTION_COLOUR, Floats, Layer, draw_in_front
from app.scene.layers.labels import BallLabels, font_size
from app.scene.screen import Screen
from app.scene.state import Colour, SceneState

FAINTEST = 0.06
"""Opacity of the weakest segments."""

SKELETON_WIDTH = 2.5
"""Width of the skeleton's lines if there are few, in logical pixels."""

FEW = 12
"""Number of segments up to which lines have their full width; with more, lines are thinner."""

RIM = 1.28
"""Width of a keypoint's rim as a share of its sphere's radius."""


class KeypointLayer(Layer):
    """Numbered spheres with rims, and rings around the selected keypoint and the one to which it is measured."""

    _positions: Floats = np.empty((0, 3))

    @property
    def positions(self) -> Floats:
        """Centres (K, 3) of all keypoints' spheres, file units, including hidden ones."""
        return self._positions

    @property
    def colours(self) -> NDArray[np.uint8]:
        """Red, green, blue (K, 3) of the spheres."""
        return np.asarray(self._spheres.point_data["colour"]).reshape(-1, len(self._sphere), 3)[:, 0]

    @property
    def titles(self) -> list[str]:
        """Texts of the labels."""
        return list(self._labels.titles)

    @property
    def label_size(self) -> int:
        """Size of the labels' font, in pixels."""
        return self._labels.size

    @property
    def label_boxes(self) -> Floats:
        """Left, bottom, right and top of the drawn labels, (K, 4), device pixels."""
        return self._labels.boxes

    def _draw(self, state: SceneState) -> bool:
        shown, hidden = state.shown, state.settings.hidden
        if shown is None:
            return False
        count, radius = len(shown.keypoints), state.radius
        if self._changed("spheres", count):
            self._make(count)
        if self._changed("places", shown, hidden, radius):
            self._place(shown.keypoints, hidden, radius)
        if self._changed("colours", state.colours):
            self._spheres.point_data["colour"] = np.repeat(state.colours, len(self._sphere), axis=0)
        if self._changed("rim", state.foreground):
            self._rim_actor.prop.color = state.foreground
        if self._changed("titles", tuple(state.titles)):
            self._labels.entitle(state.titles)
        style = font_size(state), state.foreground, state.background
        if self._changed("label style", *style):
            self._labels.style(*style)
        if self._changed("marks", shown, state.keypoint, state.other):
            for ring, index in ((self._halo, state.keypoint), (self._second, state.other)):
                if index is not None:
                    ring.SetPosition(shown.keypoints[index])
        return True

    def lay_out(self, screen: Screen, state: SceneState) -> None:
        """Put labels beside their spheres where they overlap neither each other nor a sphere."""
        if not self._visible:
            return
        seen = np.array([index for index in range(len(self._positions)) if index not in state.settings.hidden], int)
        if len(seen):
            positions = self._positions[seen]
            radii = screen.lengths(positions, RIM * state.radius)
            self._labels.lay_out(screen, state.look.text_scale, seen, positions, radii)

    def _make(self, count: int) -> None:
        self._begin("spheres")
        sphere = pv.Sphere(radius=1, theta_resolution=20, phi_resolution=20)
        self._sphere = np.asarray(sphere.points, dtype=np.float64)
        points = pv.PolyData(np.zeros((count, 3)))
        points["colour"] = np.zeros((count, 3), np.uint8)
        self._spheres = points.glyph(geom=sphere, scale=False, orient=False)
        self._rims = self._spheres.copy()
        self._rims.clear_data()
        # Their near sides, which would hide what is within, are left out: rings are seen.
        self._rim_actor = self._add(self._rims, lighting=False, culling="front")
        for actor in (self._rim_actor, self._add(self._spheres, scalars="colour", rgb=True, ambient=0.35)):
            draw_in_front(actor)
        self._labels = BallLabels(self._plotter, self._keep, count, bold=True)
        self._halo, self._second = self._ring(), self._ring()

    def _place(self, positions: Floats, hidden: frozenset[int], radius: float) -> None:
        self._halo.SetScale(1.9 * radius)
        self._second.SetScale(1.6 * radius)
        # A sphere without a size is not seen, and the arrays stay as they are.
        sizes = radius * np.array([float(index not in hidden) for index in range(len(positions))])
        around = sizes[:, None, None] * self._sphere
        self._positions = positions
        self._spheres.points = (positions[:, None] + around).reshape(-1, 3)
        self._rims.points = (positions[:, None] + RIM * around).reshape(-1, 3)

    def _apply_visibility(self, state: SceneState) -> None:
        super()._apply_visibility(state)
        if not self._visible:
            return
        hidden = state.settings.hidden
        for ring, index in ((self._halo, state.keypoint), (self._second, state.other)):
            ring.SetVisibility(index is not None and index not in hidden)
        for index, label in enumerate(self._labels.actors):
            label.SetVisibility(index not in hidden)

    def _ring(self) -> Any:
        ball = pv.Sphere(radius=1, theta_resolution=32, phi_resolution=32)
        ring = self._add(ball, color=SELECTION_COLOUR, lighting=False, culling="front")
        draw_in_front(ring)
        return ring


class SkeletonLayer(Layer):
    """Segments between keypoints, more opaque if stronger; the selected one is marked even if it is weak."""

    order = 3

    @property
    def drawn_segments(self) -> NDArray[np.bool_]:
        """Mask (E,) of the segments that have any opacity."""
        return np.asarray(self._lines.cell_data["colour"])[:, 3] > 0

    @property
    def width(self) -> float:
        """Width of the lines, in device pixels."""
        return float(self._actors[0].prop.line_width)

    def _draw(self, state: SceneState) -> bool:
        shown = state.shown
        if shown is None or len(shown.edges) == 0:
            return False
        if self._changed("lines", len(shown.edges)):
            self._make(len(shown.edges))
        if self._changed("segments", shown, state.radius, state.foreground, state.drawn_segments):
            self._place(state)
        thinner = min(1.0, (FEW / max(int(state.drawn_segments.sum()), 1)) ** 0.5)
        width = max(SKELETON_WIDTH * thinner * state.look.share, 1.0) * state.look.pixel_ratio
        if self._changed("width", width):
            self._actors[0].prop.line_width, self._mark.prop.line_width = width, 2 * width
        if state.segment is not None and self._changed("mark", shown, state.segment):
            self._marked.points = shown.keypoints[shown.edges[state.segment]]
        return True

    def _make(self, count: int) -> None:
        self._begin("lines")
        points = np.zeros((2 * count, 3))
        self._lines = pv.PolyData(points, lines=np.insert(np.arange(len(points)), range(0, len(points), 2), 2))
        self._lines.cell_data["colour"] = np.zeros((count, 4), np.uint8)
        self._marked = pv.PolyData(np.zeros((2, 3)), lines=[2, 0, 1])
        draw_in_front(self._add(self._lines, scalars="colour", rgb=True, lighting=False))
        self._mark = self._add(self._marked, color=SELECTION_COLOUR, lighting=False)
        draw_in_front(self._mark)

    def _place(self, state: SceneState) -> None:
        shown, drawn = state.shown, state.drawn_segments
        if shown is None:
            return
        starts, ends = shown.keypoints[shown.edges.T]  # [E, 3]
        lengths = np.linalg.norm(ends - starts, axis=1, keepdims=True)
        # Lines end at the spheres' surfaces.
        inset = (ends - starts) * np.minimum(state.radius / np.maximum(lengths, 1e-30), 0.5)
        points = np.stack([starts + inset, ends - inset], axis=1)
        points[~drawn, 1] = points[~drawn, 0]  # without a length it is not seen
        self._lines.points = points.reshape(-1, 3)
        self._lines.cell_data["colour"] = segment_colours(shown.strengths, drawn, state.foreground)

    def _apply_visibility(self, state: SceneState) -> None:
        super()._apply_visibility(state)
        if self._actors:
            self._mark.SetVisibility(self._visible and state.segment is not None)


def segment_colours(strengths: Floats, drawn: NDArray[np.bool_], colour: Colour) -> NDArray[np.uint8]:
    """Return red, green, blue and opacity (E, 4) of segments by their strengths (E,); undrawn ones have opacity 0."""
    rgba = np.tile(np.append(np.multiply(colour, 255), 0), (len(strengths), 1)).astype(np.uint8)
    rgba[:, 3] = np.where(drawn, 255 * np.clip(strengths, FAINTEST, 1), 0)
    return rgba
