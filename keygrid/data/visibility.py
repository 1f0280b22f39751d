"""Which points of a cloud one camera sees: Katz et al., Direct Visibility of Point Sets (ToG 2007)."""

import numpy as np
from numpy.typing import NDArray

_DISTANCE = 4.0
"""Distance of the camera, in diagonals of the cloud's box."""
_RADIUS = 100.0
"""Radius of the sphere that points are reflected at to find hidden ones, in distances of the camera."""
ABOVE = np.radians(35.0)
"""The camera's usual height above the horizon, in radians."""


def visible(points: NDArray[np.float64], azimuth: float, up: int = 1, above: float = ABOVE) -> NDArray[np.bool_]:
    """Return which of points (N, 3) a camera sees that looks at their centre, (N,).

    Args:
        points: as above.
        azimuth: angle of the camera about the vertical, in radians.
        up: the vertical axis.
        above: the camera's height above the horizon, in radians.
    """
    import open3d as o3d  # takes seconds to import, and SciPy some tenths
    from scipy.spatial.transform import Rotation

    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    towards = np.cos(above) * np.roll([0.0, 0.0, 1.0], up - 1) + np.sin(above) * np.eye(3)[up]
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    camera = centre + _DISTANCE * size * Rotation.from_euler("xyz"[up], azimuth).apply(towards)
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    _, seen = cloud.hidden_point_removal(camera, _RADIUS * _DISTANCE * size)
    found = np.zeros(len(points), dtype=bool)
    found[np.asarray(seen)] = True
    return found
