"""Sample positions on planes across the network's cube, [-1, 1] on each axis."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from app.state.slices import Axis, Plane, SliceSettings

Floats = NDArray[np.float64]


def slice_points(axis: Axis, position: float, resolution: int) -> Floats:
    """Return positions (resolution^2, 3) on a plane across the cube, normalised; the axis after `axis` is fastest."""
    normal = "xyz".index(axis)
    steps = np.linspace(-1, 1, resolution)
    points = np.empty((resolution**2, 3))
    points[:, normal] = position
    points[:, (normal + 1) % 3] = np.tile(steps, resolution)
    points[:, (normal + 2) % 3] = np.repeat(steps, resolution)
    return points


def plane_points(plane: Plane, slices: SliceSettings) -> Floats:
    """Return positions (resolution^2, 3) on one of the planes, normalised, at the settings' resolution."""
    if plane == "free":
        return free_points(slices, slices.resolution)
    return slice_points(plane, getattr(slices, plane), slices.resolution)


def free_axes(slices: SliceSettings) -> tuple[Floats, Floats, Floats]:
    """Return the free plane's normal and two perpendicular directions in it, unit vectors (3,)."""
    normal = np.array(slices.normal)
    across = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    across /= np.linalg.norm(across)
    return normal, across, np.cross(normal, across)


def free_points(slices: SliceSettings, resolution: int) -> Floats:
    """Return positions (resolution^2, 3), normalised, on the smallest square with all of the free plane in the cube."""
    normal, across, along = free_axes(slices)
    corners = free_corners(slices) - slices.free * normal
    (left, right), (low, high) = _span(corners @ across), _span(corners @ along)
    u, v = np.meshgrid(np.linspace(left, right, resolution), np.linspace(low, high, resolution))
    return slices.free * normal + u.reshape(-1, 1) * across + v.reshape(-1, 1) * along


def _span(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def free_corners(slices: SliceSettings) -> Floats:
    """Return the polygon (6, 3) that the free plane cuts from the cube, normalised; unused corners repeat the last."""
    normal, across, along = free_axes(slices)
    corners = []
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        for signs in product((-1.0, 1.0), repeat=2):
            if abs(normal[axis]) < 1e-9:
                continue
            corner = np.zeros(3)
            corner[others] = signs
            corner[axis] = (slices.free - normal @ corner) / normal[axis]
            if abs(corner[axis]) <= 1 + 1e-9:
                corners.append(corner)
    found = np.array(corners) if corners else np.zeros((1, 3)) + slices.free * normal
    around = found - found.mean(axis=0)
    found = found[np.argsort(np.arctan2(around @ along, around @ across))]
    # Where the plane goes through a corner of the cube, three edges give the same point.
    keep = [i for i in range(len(found)) if i == 0 or np.linalg.norm(found[i] - found[i - 1]) > 1e-6]
    found = found[keep][:6]
    return np.concatenate([found, np.repeat(found[-1:], 6 - len(found), axis=0)])
