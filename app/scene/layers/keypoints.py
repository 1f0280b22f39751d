"""Keypoints and the skeleton between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkTextActor

from app.scene.layers.base import SELECTION_COLOUR, Floats, Layer, draw_in_front
from app.scene.state import Colour, SceneState

FAINTEST = 0.06
"""Opacity of the weakest segments."""

SKELETON_WIDTH = 2.5
"""Of its lines, in the user's pixels."""


class KeypointLayer(Layer):
    """Numbered spheres, a ring around the selected one, and a wider one around that to which it is measured."""

    @property
    def positions(self) -> Floats:
        """Centres (K, 3) of all keypoints' spheres, file units, whether they are hidden or not."""
        return np.array([label.GetPositionCoordinate().GetValue() for label in self._labels])

    @property
    def colours(self) -> NDArray[np.uint8]:
        """Red, green, blue (K, 3) of the spheres."""
        return np.asarray(self._spheres.point_data["colour"]).reshape(-1, len(self._sphere), 3)[:, 0]

    @property
    def titles(self) -> list[str]:
        """Texts of the labels."""
        return [label.GetInput().strip() for label in self._labels]

    @property
    def label_size(self) -> int:
        """Of the labels' font, in pixels."""
        return int(self._labels[0].GetTextProperty().GetFontSize())

    def _draw(self, state: SceneState) -> bool:
        shown, hidden, style = state.shown, state.settings.hidden, (state.settings.label_size, state.foreground)
        if shown is None:
            return False
        count = len(shown.keypoints)
        if self._changed("spheres", count, state.radius):
            self._make(count, state.radius)
        if self._changed("places", shown, hidden):
            self._place(shown.keypoints, hidden)
        if self._changed("colours", state.colours):
            self._spheres.point_data["colour"] = np.repeat(state.colours, len(self._sphere), axis=0)
        if self._changed("titles", tuple(state.titles)):
            self._entitle(state.titles)
        if self._changed("label style", *style):
            for label in self._labels:
                _set_style(label, *style)
        if self._changed("marks", shown, state.keypoint, state.other):
            for ring, index in ((self._halo, state.keypoint), (self._second, state.other)):
                if index is not None:
                    ring.SetPosition(shown.keypoints[index])
        return True

    def _make(self, count: int, radius: float) -> None:
        self._begin("spheres")
        sphere = pv.Sphere(radius=radius, theta_resolution=20, phi_resolution=20)
        self._sphere = np.asarray(sphere.points, dtype=np.float64)
        points = pv.PolyData(np.zeros((count, 3)))
        points["colour"] = np.zeros((count, 3), np.uint8)
        self._spheres = points.glyph(geom=sphere, scale=False, orient=False)
        draw_in_front(self._add(self._spheres, scalars="colour", rgb=True, ambient=0.35))
        self._labels = [self._label() for _ in range(count)]
        self._halo = self._ring(1.7 * radius)
        self._second = self._ring(1.45 * radius)

    def _place(self, positions: Floats, hidden: frozenset[int]) -> None:
        # A sphere without a size is not seen, and the arrays stay as they are.
        sizes = np.array([float(index not in hidden) for index in range(len(positions))])
        self._spheres.points = (positions[:, None] + sizes[:, None, None] * self._sphere).reshape(-1, 3)
        for label, position in zip(self._labels, positions, strict=True):
            label.GetPositionCoordinate().SetValue(position.tolist())

    def _entitle(self, titles: Sequence[str]) -> None:
        for label, title in zip(self._labels, titles, strict=True):
            label.SetInput(f"  {title}")  # spaces keep it clear of its sphere

    def _apply_visibility(self, state: SceneState) -> None:
        super()._apply_visibility(state)
        if not self._visible:
            return
        hidden = state.settings.hidden
        for ring, index in ((self._halo, state.keypoint), (self._second, state.other)):
            ring.SetVisibility(index is not None and index not in hidden)
        for index, label in enumerate(self._labels):
            label.SetVisibility(index not in hidden)

    def _ring(self, radius: float) -> Any:
        ball = pv.Sphere(radius=radius, theta_resolution=32, phi_resolution=32)
        # Its near side, which would hide the keypoint, is left out: a ring is seen.
        ring = self._add(ball, color=SELECTION_COLOUR, lighting=False, culling="front")
        draw_in_front(ring)
        return ring

    def _label(self) -> Any:
        label = vtkTextActor()
        label.GetPositionCoordinate().SetCoordinateSystemToWorld()
        self._plotter.add_actor(label, reset_camera=False, render=False, pickable=False)
        return self._keep(label)


def _set_style(label: Any, size: int, colour: Colour) -> None:
    text = label.GetTextProperty()
    text.SetFontFamilyToArial()
    text.SetFontSize(size)
    text.SetBold(True)
    text.SetColor(colour)
    text.SetShadow(True)  # light numbers are read on light cloth, and dark ones on dark
    text.SetVerticalJustificationToBottom()


class SkeletonLayer(Layer):
    """Segments between keypoints, as opaque as they are strong; the selected one is marked, even if it is weak."""

    order = 3

    @property
    def drawn_segments(self) -> NDArray[np.bool_]:
        """(E,): whether a segment has any opacity."""
        return np.asarray(self._lines.cell_data["colour"])[:, 3] > 0

    def _draw(self, state: SceneState) -> bool:
        shown = state.shown
        if shown is None:
            return False
        if self._changed("lines", len(shown.edges)):
            self._make(len(shown.edges))
        if self._changed("segments", shown, state.radius, state.foreground, state.drawn_segments):
            self._place(state)
        width = SKELETON_WIDTH * state.look.pixel_ratio
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
    """Return (E, 4) red, green, blue and opacity of segments by their strengths (E,), none for those not drawn."""
    rgba = np.tile(np.append(np.multiply(colour, 255), 0), (len(strengths), 1)).astype(np.uint8)
    rgba[:, 3] = np.where(drawn, 255 * np.clip(strengths, FAINTEST, 1), 0)
    return rgba
