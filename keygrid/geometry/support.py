"""Whether a cloud shows a garment on a table or floor: the points of the plane that it lies on."""

import numpy as np
from numpy.typing import NDArray

_DRAWS = 300
"""Planes that are tried, each through three points: enough to hit one that holds a third of them."""
_THICKNESS = 0.005
"""How far from a plane its points are, as a share of the cloud's diagonal."""
_LEAST = 0.3
"""Share of the points that a table has at least; less is the flat side of a garment."""
_LEAST_ABOVE = 0.03
"""Share of the points that lie on it at least."""
_ONE_SIDE = 0.95
"""Share of the other points that are on one side of it."""
_WIDER = 1.4
"""How much wider a table is than what lies on it. Of the shipped garments, hats alone have such a part: their brim."""


def share_on_support(points: NDArray[np.float64]) -> float:
    """Return the share of points (N, 3) on the plane that carries the others, 0 where none does.

    Such a plane has many points, is wider than what lies on it, and has next to nothing on its other side. RANSAC
    (Fischler and Bolles 1981) finds it; the same points give the same share.
    """
    if len(points) < 3:
        return 0.0
    rng = np.random.default_rng(0)
    first, second, third = points[rng.integers(len(points), size=(3, _DRAWS))]
    normals = np.cross(second - first, third - first)
    lengths = np.linalg.norm(normals, axis=1)
    is_plane = lengths > 0
    if not is_plane.any():
        return 0.0
    normals = normals[is_plane] / lengths[is_plane, None]
    thickness = _THICKNESS * np.linalg.norm(np.ptp(points, axis=0))
    heights = points @ normals.T - (first[is_plane] * normals).sum(axis=1)
    best = int((np.abs(heights) <= thickness).sum(axis=0).argmax())
    # The best plane of its points, because three points with noise make a tilted one.
    inside = points[np.abs(heights[:, best]) <= thickness]
    middle = inside.mean(axis=0)
    axes = np.linalg.svd(inside - middle, full_matrices=False)[2]
    along, height = (points - middle) @ axes[:2].T, (points - middle) @ axes[2]
    is_on = np.abs(height) <= thickness
    above = max((height > thickness).sum(), (height < -thickness).sum())
    off = len(points) - is_on.sum()
    if is_on.mean() < _LEAST or above < _LEAST_ABOVE * len(points) or above < _ONE_SIDE * off:
        return 0.0
    wide, narrow = (np.ptp(along[mask], axis=0).prod() for mask in (is_on, ~is_on))
    return float(is_on.mean()) if wide > _WIDER**2 * narrow else 0.0
