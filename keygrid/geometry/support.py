"""Detection of a table or floor in a cloud, by the points of its plane."""

import numpy as np
from numpy.typing import NDArray

_DRAWS = 300
"""Number of planes to try, each through three points: enough to find one with a third of the points."""
_THICKNESS = 0.005
"""Distance from a plane within which points belong to it, as a share of the cloud's diagonal."""
_LEAST = 0.3
"""Minimum share of the points on a table; the flat side of a garment has fewer."""
_LEAST_ABOVE = 0.03
"""Minimum share of the points that lie on the table."""
_ONE_SIDE = 0.95
"""Minimum share of the other points on the same side of it."""
_WIDER = 1.4
"""Minimum ratio of the width of a table to that of what lies on it. Of the shipped garments, only hats reach it.
"""


def share_on_support(points: NDArray[np.float64]) -> float:
    """Return the share of points (N, 3) on a plane that carries the others; 0 if there is none.

    Such a plane has many points, is wider than what lies on it, and has almost nothing on its other side. RANSAC
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
