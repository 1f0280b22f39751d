"""What is drawn in a scene of other views' keypoints."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers import Floats, Layer, draw_in_front

ARROW_COLOUR = "#8b2fc9"
"""Of displacements: neither a keypoint's nor the selection's."""

SHAPES: tuple[tuple[str, Callable[[float], Any]], ...] = (
    ("cube", lambda radius: pv.Cube(x_length=1.7 * radius, y_length=1.7 * radius, z_length=1.7 * radius)),
    ("cone", lambda radius: pv.Cone(height=2.4 * radius, radius=1.3 * radius, direction=(0, 1, 0), resolution=24)),
    ("octahedron", lambda radius: pv.PlatonicSolid("octahedron", radius=1.5 * radius)),
    ("disc", lambda radius: pv.Cylinder(radius=1.3 * radius, height=0.5 * radius, direction=(0, 1, 0))),
    ("spike", lambda radius: pv.Cone(height=3.2 * radius, radius=0.6 * radius, direction=(0, -1, 0), resolution=12)),
)
"""What keypoints of further views are drawn as, from B on; A's are spheres."""


class DisplacementLayer(Layer):
    """Arrows from keypoints to their partners."""

    _mesh: pv.PolyData
    _count = 0

    def show(self, starts: Floats, ends: Floats, radius: float) -> None:
        """Draw arrows from `starts` to `ends`, both (P, 3), file units; in place where there are as many as before.

        Those that are shorter than a keypoint's `radius` are not seen.
        """
        if not self._actors or len(starts) != self._count:
            self._make(len(starts))
        self.blank = len(starts) == 0
        if not self.blank:
            self._mesh.points = _arrows(starts, ends, radius).reshape(-1, 3)

    def _make(self, count: int) -> None:
        self.clear()
        self._count = count
        if count:
            self._mesh = pv.merge([_arrow()] * count, merge_points=False) if count > 1 else _arrow().copy()
            draw_in_front(self._add(self._mesh, color=ARROW_COLOUR, lighting=False))


@cache
def _arrow() -> Any:
    """An arrow along X whose shaft and tip, each from 0 to 1, are told apart by `part`."""
    shaft = pv.Cylinder(center=(0.5, 0, 0), direction=(1, 0, 0), radius=1, height=1, resolution=10, capping=False)
    tip = pv.Cone(center=(0.5, 0, 0), direction=(1, 0, 0), radius=1, height=1, resolution=14)
    shaft.point_data["part"], tip.point_data["part"] = np.zeros(shaft.n_points), np.ones(tip.n_points)
    return pv.merge([shaft.triangulate(), tip.triangulate()], merge_points=False)


def _arrows(starts: Floats, ends: Floats, radius: float) -> Floats:
    """(P, points of an arrow, 3): where arrows from (P, 3) to (P, 3) have their points."""
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
    """Keypoints of further views as cubes, cones and the like."""

    def show(self, others: Sequence[tuple[Floats, NDArray[np.uint8]]], radius: float) -> None:
        """Draw keypoints (K, 3), file units, in colours (K, 3), of each further view."""
        self.clear()
        for (positions, chosen), (_, shape) in zip(others, SHAPES, strict=False):
            if len(positions) == 0:
                continue
            geometry = shape(radius)
            points = pv.PolyData(positions)
            points["colour"] = chosen
            drawn = points.glyph(geom=geometry, scale=False, orient=False)
            draw_in_front(self._add(drawn, scalars="colour", rgb=True, ambient=0.35))
