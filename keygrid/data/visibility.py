"""The points of a cloud that are visible to a camera: Katz et al., Direct Visibility of Point Sets (ToG 2007)."""

import numpy as np
from numpy.typing import NDArray

_DISTANCE = 4.0
"""Distance from the camera to the cloud, in diagonals of the cloud's bounding box."""
_RADIUS = 100.0
"""Radius of the sphere used to reflect points and find the hidden ones, in units of the camera's distance."""
ABOVE = np.radians(35.0)
"""The camera's usual height above the horizon, in radians."""


def visible(points: NDArray[np.float64], azimuth: float, up: int = 1, above: float = ABOVE) -> NDArray[np.bool_]:
    """Return a mask (N,) of the points (N, 3) that are visible to a camera aimed at their centre.

    Args:
        points: (N, 3), in any unit.
        azimuth: angle of the camera about the vertical, in radians.
        up: the vertical axis.
        above: the camera's height above the horizon, in radians.
    """
    import open3d as o3d  # Open3D takes seconds to import; SciPy takes tenths of a second.
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
