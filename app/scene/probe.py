"""What is under the mouse: found by geometry, not by drawing, so that it costs no frame."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import mutable
from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator

from app.scene.heat import Heat, free_axes
from app.state.slices import SliceSettings
from keygrid.data.garment import Garment, MaterialPoints
from keygrid.prediction import Prediction

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Probe:
    """A place in the scene, and what is known of it.

    Attributes:
        kind: what is there.
        position: (3,), file units.
        index: of the keypoint or segment; of the vertex nearest to a place on the surface; -1 of a place on a slice.
        face: the triangle of a place on the surface; -1 elsewhere, and for a cloud.
        heat: the heatmap there; None where there is none.
        weights: (K,), of each keypoint at the sampled point nearest to it along the shape at rest, as shares of its
            largest; None where there are none.
        plane: of a place on a slice.
        depth: how far along the line of sight, from 0 to 1.
    """

    kind: Literal["keypoint", "segment", "surface", "slice"]
    position: Floats
    index: int = -1
    face: int = -1
    heat: float | None = None
    weights: Floats | None = None
    plane: str = ""
    depth: float = 0.0


class SurfaceFinder:
    """Finds where a line meets a surface that moves. Its search tree is made when it is first asked after a move."""

    def __init__(self) -> None:
        self._mesh: pv.PolyData | None = None
        self._locator: Any = None

    def moved(self, mesh: pv.PolyData | None) -> None:
        """The surface is another one, or elsewhere; None if there is none."""
        self._mesh, self._locator = mesh, None

    def meets(self, near: Floats, far: Floats) -> tuple[Floats, int, float] | None:
        """Where the line from `near` to `far`, (3,), first meets the surface: place, triangle, share of it."""
        if self._mesh is None:
            return None
        if self._locator is None:
            self._locator = vtkStaticCellLocator()
            self._locator.SetDataSet(self._mesh)
            self._locator.BuildLocator()
        share: Any = mutable(0.0)
        part: Any = mutable(0)
        cell: Any = mutable(0)
        place, local = np.zeros(3), np.zeros(3)
        if not self._locator.IntersectWithLine(near, far, 0.0, share, place, local, part, cell):
            return None
        return place, int(cell), float(share)


class Weights:
    """The weights at any place on the garment's material: those of the sampled points around it.

    Args:
        prediction: one with an explanation.
        garment: what it is of.
    """

    NEIGHBOURS = 3

    def __init__(self, prediction: Prediction, garment: Garment) -> None:
        from scipy.spatial import cKDTree  # which starting the window should not wait for

        self._garment = garment
        # At rest, layers of cloth that lie on each other are apart, and what is near is near along the cloth.
        explanation = prediction.explain()
        self._tree = cKDTree(explanation.sample.on(garment.vertices, garment.faces))
        largest = explanation.weights.max(axis=1, keepdims=True)
        self._shares = (explanation.weights / np.maximum(largest, 1e-30)).astype(np.float64)

    def of_samples(self, keypoint: int) -> Floats:
        """(N,), at the sampled points, as shares of the largest."""
        return self._shares[keypoint]

    def of_vertices(self, keypoint: int) -> Floats:
        """(V,), at the vertices."""
        return self._at(self._garment.vertices)[keypoint]

    def at(self, face: int, barycentric: Floats) -> Floats:
        """(K,), at a place in a triangle."""
        place = MaterialPoints(np.array([face]), barycentric[None])
        return self._shares[:, self._nearest(place.on(self._garment.vertices, self._garment.faces)[0])]

    def _nearest(self, place: Floats) -> int:
        return int(self._tree.query(place)[1])

    def _at(self, places: Floats) -> Floats:
        """(K, P)."""
        distances, nearest = map(np.asarray, self._tree.query(places, k=self.NEIGHBOURS))
        closeness = 1 / np.maximum(distances, 1e-9 * max(float(distances.max()), 1e-30))
        closeness /= closeness.sum(axis=1, keepdims=True)
        return np.einsum("kpn,pn->kp", self._shares[:, nearest], closeness)


def barycentric_of(place: Floats, corners: Floats) -> Floats:
    """(3,): weights of a triangle's corners (3, 3) at a place (3,) in it."""
    a, b = corners[1] - corners[0], corners[2] - corners[0]
    solution = np.linalg.lstsq(np.stack([a, b], axis=1), place - corners[0], rcond=None)[0]
    weights = np.clip([1 - solution.sum(), *solution], 0, 1)
    return np.asarray(weights / weights.sum())


def on_slices(near: Floats, far: Floats, heat: Heat, slices: SliceSettings) -> Probe | None:
    """Where a line of sight meets the planes that are shown first, inside of the network's cube; file units."""
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
