"""Picking: finds the objects at a place in the picture by geometry instead of drawing, without rendering a frame."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import mutable
from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator

from app.scene.planes import free_axes
from app.scene.screen import Screen
from app.scene.state import SceneState
from app.state.heat import Heat
from app.state.placing import Spot
from app.state.slices import SliceSettings
from keygrid.data.garment import Garment

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Probe:
    """A place in the scene, with the values known there.

    Attributes:
        kind: kind of object at the place.
        position: (3,), file units.
        index: index of the keypoint or segment, or of the vertex nearest to a place on the surface; -1 on a slice.
        face: index of the triangle for a place on the surface; -1 elsewhere, and for a cloud.
        heat: value of the heatmap there; None if there is none.
        weights: (K,), weight of each keypoint at the nearest sampled point along the shape at rest, as a share of the
            keypoint's largest weight; None if there are none.
        plane: the plane of a place on a slice.
        depth: depth along the line of sight, from 0 to 1.
    """

    kind: Literal["keypoint", "segment", "surface", "slice"]
    position: Floats
    index: int = -1
    face: int = -1
    heat: float | None = None
    weights: Floats | None = None
    plane: str = ""
    depth: float = 0.0


class Picker:
    """Finds the objects of a scene state at display positions, in device pixels from the bottom left.

    Args:
        plotter: the plotter whose camera is used.

    Attributes:
        state: the scene that is shown.
    """

    def __init__(self, plotter: pv.BasePlotter) -> None:
        self._plotter = plotter
        self._renderer: Any = plotter.renderer
        self.state = SceneState()
        self._surface = SurfaceFinder()

    def show(self, state: SceneState) -> None:
        """Use this state from now on."""
        if state.garment is not self.state.garment:
            self._surface = SurfaceFinder()
        self.state = state

    def keypoint_at(self, x: float, y: float, within: float) -> int | None:
        """Return the index of the visible keypoint nearest to a display position; None if none is close enough."""
        shown = self.state.shown
        if shown is None or "keypoints" not in self.state.layers:
            return None
        seen = [index for index in range(len(shown.keypoints)) if index not in self.state.settings.hidden]
        nearest = self._nearest(shown.keypoints[seen], x, y, within)
        return None if nearest is None else seen[nearest]

    def segment_at(self, x: float, y: float, within: float) -> int | None:
        """Return the index of the visible segment nearest to a display position; if tied, the strongest."""
        shown = self.state.shown
        if shown is None or "skeleton" not in self.state.layers:
            return None
        candidates = np.flatnonzero(self.state.drawn_segments)
        if len(candidates) == 0:
            return None
        starts, ends = (self._on_display(shown.keypoints[shown.edges[candidates, side]]) for side in (0, 1))
        along, here = ends - starts, np.array([x, y]) - starts
        share = np.clip((here * along).sum(axis=1) / np.maximum(np.square(along).sum(axis=1), 1e-12), 0, 1)
        distances = np.linalg.norm(here - share[:, None] * along, axis=1)
        # Lines that cross are as near as each other, to a pixel.
        order = np.lexsort((-shown.strengths[candidates], np.floor(distances)))
        return int(candidates[order[0]]) if distances[order[0]] < within else None

    def landmark_at(self, x: float, y: float, within: float) -> str:
        """Return the name of the visible landmark nearest to a display position; empty if there is none."""
        garment, marks = self.state.garment, self.state.landmarks
        if garment is None or marks is None or "landmarks" not in self.state.layers:
            return ""
        nearest = self._nearest(marks.on(self.state.vertices, garment.faces), x, y, within)
        return "" if nearest is None else marks.names[nearest]

    def spot_at(self, x: float, y: float, within: float) -> Spot | None:
        """Return the place on the garment at a display position, whatever is in front of it; None if there is none.

        In a cloud, the place is a point: among the points closest to the position, the nearest to the camera.
        """
        garment = self.state.garment
        if garment is None:
            return None
        if garment.is_cloud:
            point = self._point_at(x, y, within)
            return None if point is None else Spot(point, np.array([1.0, 0, 0]), self.state.vertices[point])
        met = self._surface.meets(garment, self.state.frame, *self._line_of_sight(x, y))
        if met is None:
            return None
        place, face, _ = met
        return Spot(face, barycentric_of(place, self.state.vertices[garment.faces[face]]), place)

    def _point_at(self, x: float, y: float, within: float) -> int | None:
        on_display = Screen.of(self._plotter).project(self.state.vertices)
        away = np.linalg.norm(on_display[:, :2] - (x, y), axis=1)
        if len(away) == 0 or away.min() >= within:
            return None
        near = np.flatnonzero(away < min(away.min() + within / 4, within))
        return int(near[on_display[near, 2].argmin()])

    def probe(self, x: float, y: float, within: float) -> list[Probe]:
        """Return the objects at a display position, near to far: keypoint, segment, places on surface and slices."""
        state = self.state
        if state.garment is None:
            return []
        keypoint = self.keypoint_at(x, y, within)
        if keypoint is not None and state.shown is not None:
            return [Probe("keypoint", state.shown.keypoints[keypoint], keypoint)]
        segment = self.segment_at(x, y, within / 2)
        if segment is not None and state.shown is not None:
            return [Probe("segment", state.shown.keypoints[state.shown.edges[segment]].mean(axis=0), segment)]
        near, far = self._line_of_sight(x, y)
        found = [self._on_surface(near, far)]
        if state.heat is not None and "slice" in state.layers:
            found.append(on_slices(near, far, state.heat, state.slices))
        return sorted((probe for probe in found if probe is not None), key=lambda probe: probe.depth)

    def _on_surface(self, near: Floats, far: Floats) -> Probe | None:
        state, garment = self.state, self.state.garment
        if garment is None or "surface" not in state.layers:
            return None
        met = self._surface.meets(garment, state.frame, near, far)
        if met is None:
            return None
        place, face, depth = met
        corners = garment.faces[face]
        barycentric = barycentric_of(place, state.vertices[corners])
        vertex = int(corners[barycentric.argmax()])
        heat, weights = state.heat, state.weights
        return Probe(
            "surface", place, vertex, face, depth=depth,
            heat=None if heat is None else float(heat.at(heat.prediction.normalisation.apply(place[None]))[0]),
            weights=None if weights is None else weights.at(face, barycentric),
        )  # fmt: skip

    def _line_of_sight(self, x: float, y: float) -> tuple[Floats, Floats]:
        ends = []
        for depth in (0.0, 1.0):
            self._renderer.SetDisplayPoint(x, y, depth)
            self._renderer.DisplayToWorld()
            *place, weight = self._renderer.GetWorldPoint()
            ends.append(np.array(place) / weight)
        return ends[0], ends[1]

    def _nearest(self, positions: Floats, x: float, y: float, within: float) -> int | None:
        if len(positions) == 0:
            return None
        distances = np.linalg.norm(self._on_display(positions) - (x, y), axis=1)
        return int(distances.argmin()) if distances.min() < within else None

    def _on_display(self, positions: Floats) -> Floats:
        """Return the display positions (P, 2) of positions (P, 3) in file units."""
        return Screen.of(self._plotter).project(positions)[:, :2]


class SurfaceFinder:
    """Finds where a line meets a moving surface; its search tree is rebuilt at the first query after a move."""

    def __init__(self) -> None:
        self._garment: Garment | None = None
        self._frame = 0
        self._locator: Any = None

    def meets(self, garment: Garment, frame: int, near: Floats, far: Floats) -> tuple[Floats, int, float] | None:
        """Return where the line from `near` to `far`, (3,), meets the surface first: place, triangle, share of line."""
        if garment is not self._garment or frame != self._frame:
            self._garment, self._frame = garment, frame
            self._locator = vtkStaticCellLocator()
            vertices = garment.vertices_in(frame)
            self._locator.SetDataSet(pv.PolyData.from_regular_faces(vertices, garment.faces))  # type: ignore[arg-type]
            self._locator.BuildLocator()
        share: Any = mutable(0.0)
        part: Any = mutable(0)
        cell: Any = mutable(0)
        place, local = np.zeros(3), np.zeros(3)
        if not self._locator.IntersectWithLine(near, far, 0.0, share, place, local, part, cell):
            return None
        return place, int(cell), float(share)


def barycentric_of(place: Floats, corners: Floats) -> Floats:
    """Return the weights (3,) of a triangle's corners (3, 3) at a place (3,) in it."""
    a, b = corners[1] - corners[0], corners[2] - corners[0]
    solution = np.linalg.lstsq(np.stack([a, b], axis=1), place - corners[0], rcond=None)[0]
    weights = np.clip([1 - solution.sum(), *solution], 0, 1)
    return np.asarray(weights / weights.sum())


def on_slices(near: Floats, far: Floats, heat: Heat, slices: SliceSettings) -> Probe | None:
    """Return where a line of sight first meets the visible planes, inside the network's cube; file units."""
    apply, invert = heat.prediction.normalisation.apply, heat.prediction.normalisation.invert
    start, end = apply(near), apply(far)
    best: Probe | None = None
    for plane in slices.planes:
        normal = free_axes(slices)[0] if plane == "free" else np.eye(3)["xyz".index(plane)]
        along = float(normal @ (end - start))
        if abs(along) < 1e-12:
            continue
        share = (getattr(slices, plane) - float(normal @ start)) / along
        place = start + share * (end - start)
        if not 0 <= share <= 1 or (np.abs(place) > 1 + 1e-9).any() or (best is not None and best.depth < share):
            continue
        value = (heat.in_cells if slices.cells else heat.at)(place[None])[0]
        best = Probe("slice", invert(place), heat=float(value), plane=plane, depth=share)
    return best
