"""The plane of symmetry between the left and right of a shape."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]

_MOST = 1500
"""Number of points that are reflected to judge a plane."""
_STEPS = np.radians(np.arange(-40, 41, 8))
"""Number of angles about the vertical at which planes are tried, starting from the broad side."""
_ROUND = 0.85
"""Ratio of the smaller to the larger horizontal spread above which a shape counts as equally broad on all sides."""


@dataclass(frozen=True, eq=False)
class Mirror:
    """A vertical plane.

    Attributes:
        normal: (3,), unit normal, from right to left or the reverse.
        offset: distance of the plane from the origin along the normal.
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
    """Return the vertical plane in which points (P, 3) are most nearly symmetric, left to right.

    A garment is roughly symmetric from front to back, too. Left and right are where it is broadest; if it is equally
    broad on all sides, they lie along the second axis after the vertical one in cyclic order: x for y.

    Args:
        points: points of an upright shape, at least one.
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
