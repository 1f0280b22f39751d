"""Annotations without a switch: a measured distance, a mark, and the keypoints of other views."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pyvista as pv
from vtkmodules.vtkRenderingCore import vtkTextActor

from app.scene.layers.base import SELECTION_COLOUR, Floats, Layer, draw_in_front
from app.scene.screen import Screen, clear_place
from app.scene.state import SceneState

DASHES = 12
"""Number of dashes in the line between two measured keypoints."""

SHARES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""Places along that line for the text of its length, in order of preference."""

ARROW_COLOUR = "#8b2fc9"
"""Colour of displacements, different from those of keypoints and selections."""

SHAPES: tuple[tuple[str, Callable[[float], Any]], ...] = (
    ("cube", lambda radius: pv.Cube(x_length=1.7 * radius, y_length=1.7 * radius, z_length=1.7 * radius)),
    ("cone", lambda radius: pv.Cone(height=2.4 * radius, radius=1.3 * radius, direction=(0, 1, 0), resolution=24)),
    ("octahedron", lambda radius: pv.PlatonicSolid("octahedron", radius=1.5 * radius)),
    ("disc", lambda radius: pv.Cylinder(radius=1.3 * radius, height=0.5 * radius, direction=(0, 1, 0))),
    ("spike", lambda radius: pv.Cone(height=3.2 * radius, radius=0.6 * radius, direction=(0, -1, 0), resolution=12)),
)
"""Shapes of the keypoints of further views, from B on; A's are spheres."""


class MeasureLayer(Layer):
    """A dashed line between two keypoints with its length, placed where it covers as few keypoints as possible."""

    @property
    def text(self) -> str:
        """Text beside the line."""
        return str(self._label.GetInput()) if self._actors else ""

    @property
    def label_box(self) -> Floats:
        """Left, bottom, right and top of the drawn label, (4,), device pixels."""
        return self._box

    def lay_out(self, screen: Screen, state: SceneState) -> None:
        """Place the length on, above or below the line, where it covers as little as possible."""
        if not self._visible:
            return
        box = [0.0] * 4
        self._label.GetBoundingBox(self._plotter.renderer, box)
        size = state.look.text_scale * np.array([box[1] - box[0] + 1, box[3] - box[2] + 1])
        start, end = self._lines.points[[0, -1]].astype(np.float64)
        along = screen.project(start + np.outer(SHARES, end - start))
        aside = np.array([[0, 0, 0], [0, size[1], 0], [0, -size[1], 0]])
        places = (along + aside[:, None]).reshape(-1, 3)
        place = places[clear_place(places[:, :2], size, screen)]
        self._box = np.concatenate([place[:2] - size / 2, place[:2] + size / 2])
        lower = place - [0, size[1] / 2, 0]
        self._label.GetPositionCoordinate().SetValue(screen.unproject(lower[None])[0].tolist())

    def _is_on(self, _state: SceneState) -> bool:
        return True

    def _draw(self, state: SceneState) -> bool:
        shown, keypoint, other = state.shown, state.keypoint, state.other
        if shown is None or keypoint is None or other is None:
            return False
        if self._changed("line"):
            self._make()
        if self._changed("ends", shown, keypoint, other):
            start, end = shown.keypoints[[keypoint, other]]
            self._lines.points = np.linspace(start, end, 2 * DASHES)
        if self._changed("text", state.measure, state.settings.label_size, state.foreground):
            self._label.SetInput(state.measure)
            _colour(self._label, state)
        return True

    def _make(self) -> None:
        points = np.zeros((2 * DASHES, 3))
        self._lines = pv.PolyData(points, lines=np.insert(np.arange(len(points)), range(0, len(points), 2), 2))
        draw_in_front(self._add(self._lines, color=SELECTION_COLOUR, line_width=3, lighting=False))
        self._label = _text_actor()
        self._label.GetPositionCoordinate().SetCoordinateSystemToWorld()
        self._label.GetTextProperty().SetJustificationToCentered()
        self._plotter.add_actor(self._label, reset_camera=False, render=False, pickable=False)
        self._keep(self._label)


def _text_actor() -> vtkTextActor:
    """Return bold text that is legible on any background."""
    actor = vtkTextActor()
    text = actor.GetTextProperty()
    text.SetFontFamilyToArial()
    text.SetBold(True)
    text.SetBackgroundOpacity(0.75)
    return actor


def _colour(actor: vtkTextActor, state: SceneState) -> None:
    properties = actor.GetTextProperty()
    properties.SetFontSize(state.settings.label_size - 1)
    properties.SetColor(state.foreground)
    properties.SetBackgroundColor(tuple(1 - part for part in state.foreground))


class MarkLayer(Layer):
    """A small cross at the place that was picked."""

    @property
    def place(self) -> Floats | None:
        """The marked place (3,), file units; None if there is none."""
        return np.asarray(self._cross.points, np.float64).mean(axis=0) if self._visible else None

    def _is_on(self, _state: SceneState) -> bool:
        return True

    def _draw(self, state: SceneState) -> bool:
        place = state.overlay.mark
        if place is None:
            return False
        if self._changed("cross"):
            self._cross = pv.PolyData(np.zeros((6, 3)), lines=[2, 0, 3, 2, 1, 4, 2, 2, 5])
            draw_in_front(self._add(self._cross, color=SELECTION_COLOUR, line_width=3, lighting=False))
        if self._changed("place", place, state.radius):
            arms = 1.5 * state.radius * np.eye(3)
            self._cross.points = np.concatenate([place - arms, place + arms])
        return True


class CaveatLayer(Layer):
    """A short version of the warnings about the keypoints, in the lower left corner."""

    @property
    def text(self) -> str:
        """The text of the mark."""
        return str(self._label.GetInput()) if self._actors else ""

    def _is_on(self, state: SceneState) -> bool:
        return "keypoints" in state.layers

    def _draw(self, state: SceneState) -> bool:
        caveats = state.shown.explained.caveats if state.shown is not None and state.shown.explained else ()
        if not caveats:
            return False
        if self._changed("label"):
            self._label = _text_actor()
            self._label.GetPositionCoordinate().SetCoordinateSystemToNormalizedViewport()
            self._label.SetPosition(0.015, 0.02)
            self._plotter.add_actor(self._label, reset_camera=False, render=False, pickable=False)
            self._keep(self._label)
        if self._changed("text", caveats, state.settings.label_size, state.foreground):
            self._label.SetInput("\n".join(caveat.partition(":")[0] for caveat in caveats))
            _colour(self._label, state)
        return True


class DisplacementLayer(Layer):
    """Arrows from keypoints to their partners; arrows shorter than a keypoint's radius are hidden."""

    _count = 0

    @property
    def count(self) -> int:
        """Number of arrows."""
        return self._count if self.visible else 0

    def _is_on(self, state: SceneState) -> bool:
        return "keypoints" in state.layers

    def _draw(self, state: SceneState) -> bool:
        if state.overlay.displacements is None:
            return False
        starts, ends = state.overlay.displacements
        if len(starts) == 0:
            return False
        if self._changed("arrows", len(starts)):
            self._begin("arrows")
            self._count = count = len(starts)
            self._mesh = pv.merge([_arrow()] * count, merge_points=False) if count > 1 else _arrow().copy()
            draw_in_front(self._add(self._mesh, color=ARROW_COLOUR, lighting=False))
        if self._changed("ends", starts, ends, state.radius):
            self._mesh.points = _arrows(starts, ends, state.radius).reshape(-1, 3)
        return True


@cache
def _arrow() -> Any:
    """Return an arrow along X; `part` tells positions in the shaft and in the tip apart, each from 0 to 1."""
    shaft = pv.Cylinder(center=(0.5, 0, 0), direction=(1, 0, 0), radius=1, height=1, resolution=10, capping=False)
    tip = pv.Cone(center=(0.5, 0, 0), direction=(1, 0, 0), radius=1, height=1, resolution=14)
    shaft.point_data["part"], tip.point_data["part"] = np.zeros(shaft.n_points), np.ones(tip.n_points)
    return pv.merge([shaft.triangulate(), tip.triangulate()], merge_points=False)


def _arrows(starts: Floats, ends: Floats, radius: float) -> Floats:
    """Return the points (P, points of an arrow, 3) of arrows from (P, 3) to (P, 3)."""
    template, tip = np.asarray(_arrow().points, dtype=np.float64), _arrow().point_data["part"] > 0
    lengths = np.linalg.norm(ends - starts, axis=1)
    along = (ends - starts) / np.maximum(lengths, 1e-30)[:, None]
    across = np.cross(along, np.eye(3)[np.abs(along).argmin(axis=1)])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-30)
    axes = np.stack([along, across, np.cross(along, across)], axis=1)  # [P, 3, 3]
    head = np.minimum(2.2 * radius, 0.6 * lengths)
    scaled = np.empty((len(starts), len(template), 3))
    scaled[..., 0] = np.where(tip, (lengths - head)[:, None] + template[:, 0] * head[:, None],
                              template[:, 0] * (lengths - head)[:, None])  # fmt: skip
    scaled[..., 1:] = template[:, 1:] * np.where(tip, 0.8 * radius, 0.28 * radius)[:, None]
    scaled[lengths <= radius] = 0
    return starts[:, None] + scaled @ axes


class OthersLayer(Layer):
    """Keypoints of further views, as cubes, cones and other shapes."""

    @property
    def count(self) -> int:
        """Number of views whose keypoints are drawn."""
        return len(self._actors)

    def _is_on(self, state: SceneState) -> bool:
        return "keypoints" in state.layers

    def _draw(self, state: SceneState) -> bool:
        others = state.overlay.others
        if self._changed("shapes", state.radius, *(array for other in others for array in other)):
            self._begin("shapes")
            for (positions, chosen), (_, shape) in zip(others, SHAPES, strict=False):
                if len(positions):
                    points = pv.PolyData(positions)
                    points["colour"] = chosen
                    drawn = points.glyph(geom=shape(state.radius), scale=False, orient=False)
                    draw_in_front(self._add(drawn, scalars="colour", rgb=True, ambient=0.35))
        return bool(self._actors)
