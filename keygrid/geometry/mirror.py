"""The plane in which a shape is its own mirror image from left to right."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]

_MOST = 1500
"""Points that are reflected to judge a plane."""
_STEPS = np.radians(np.arange(-40, 41, 8))
"""Angles about the vertical at which planes are tried, from the shape's broad side."""
_ROUND = 0.85
"""A shape is as broad from any side if the lesser of its horizontal spreads is more than this share of the other."""


@dataclass(frozen=True, eq=False)
class Mirror:
    """A vertical plane.

    Attributes:
        normal: (3,), of length 1, from right to left or the other way round.
        offset: of the plane from the origin along the normal.
        error: mean distance from a mirrored point to the shape, as a share of its diagonal.
    """

    normal: Floats
    offset: float
    error: float

    def image(self, points: Floats) -> Floats:
        """Return the mirror images (P, 3) of points (P, 3)."""
        away = points @ self.normal - self.offset
        return points - 2 * away[:, None] * self.normal


def left_right_plane(points: Floats, up: int = 1) -> Mirror:
    """Return the vertical plane in which points (P, 3) are most nearly their own image, left for right.

    A garment is roughly symmetric from front to back, too. Its sides are where it is broadest; where it is as broad
    from anywhere, they are along the horizontal axis after the vertical one, cyclically the second: x for y.

    Args:
        points: at least one, of a shape that stands.
        up: the vertical axis.
    """
    depth, side = (up + 1) % 3, (up + 2) % 3
    flat = points[:, [side, depth]]
    spread, axes = np.linalg.eigh(np.cov(flat.T)) if len(points) > 3 else (np.ones(2), np.eye(2))
    less, more = np.sqrt(np.maximum(spread, 0))
    base = 0.0 if less >= _ROUND * more else float(np.arctan2(axes[1, 1], axes[0, 1]))
    tree = cKDTree(points)
    some = points[:: max(len(points) // _MOST, 1)]
    size = max(float(np.linalg.norm(np.ptp(points, axis=0))), 1e-30)

    def plane(angle: float, shift: float) -> Mirror:
        normal = np.zeros(3)
        normal[side], normal[depth] = np.cos(angle), np.sin(angle)
        along = points @ normal
        mirror = Mirror(normal, float(along.min() + along.max()) / 2 + shift * size, 0.0)
        return Mirror(normal, mirror.offset, float(np.mean(tree.query(mirror.image(some))[0])) / size)

    start = min((base + step for step in _STEPS), key=lambda angle: plane(angle, 0.0).error)
    simplex = np.array([[start, 0.0], [start + 0.05, 0.0], [start, 0.01]])
    search: Any = minimize  # its stubs know no simplex
    found = search(
        lambda values: plane(float(values[0]), float(values[1])).error, simplex[0], method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxiter": 60, "xatol": 1e-4, "fatol": 1e-6},
    )  # fmt: skip
    return plane(float(found.x[0]), float(found.x[1]))
