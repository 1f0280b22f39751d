"""Point-set operations on CPU: loops compiled by Numba, neighbours from SciPy's k-d tree. Float32 and float64."""

from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from keygrid.geometry import reference

Array = NDArray[Any]


def farthest_points(points: Tensor, count: int, start: int) -> Tensor:
    """See `keygrid.geometry.farthest_points`."""
    return torch.from_numpy(_farthest_points(_array(points), count, start))


def ball_query(points: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    """See `keygrid.geometry.ball_query`."""
    squared_radius = _array(points).dtype.type(radius**2)
    return torch.from_numpy(_ball_query(_array(points), _array(centres), squared_radius, count))


def nearest(queries: Tensor, points: Tensor, count: int) -> Tensor:
    """See `keygrid.geometry.nearest`."""
    if not (queries.isfinite().all() and points.isfinite().all()):
        return reference.nearest(queries, points, count)  # the tree refuses what a diverged training asks
    found = np.empty((*queries.shape[:2], count), dtype=np.int64)
    for cloud, tree_points, row in zip(_array(queries), _array(points), found, strict=True):
        # A list of ranks keeps the last axis when there is one neighbour only.
        row[:] = cKDTree(tree_points).query(cloud, k=list(range(1, count + 1)))[1]
    return torch.from_numpy(found)


def _array(points: Tensor) -> Array:
    return np.ascontiguousarray(points.detach().numpy())


@numba.njit(cache=True, nogil=True)
def _farthest_points(points: Array, count: int, start: int) -> Array:
    batch, total, _ = points.shape
    order = np.empty((batch, count), dtype=np.int64)
    nearest = np.empty(total, dtype=points.dtype)
    for b in range(batch):
        cloud = points[b]
        nearest[:] = np.inf
        chosen = start
        for i in range(count):
            order[b, i] = chosen
            x, y, z = cloud[chosen]
            chosen = 0
            for j in range(total):
                dx, dy, dz = cloud[j, 0] - x, cloud[j, 1] - y, cloud[j, 2] - z
                squared = dx * dx + dy * dy + dz * dz
                nearest[j] = min(nearest[j], squared)
                if nearest[j] > nearest[chosen]:
                    chosen = j
    return order


@numba.njit(cache=True, nogil=True)
def _ball_query(points: Array, centres: Array, squared_radius: float, count: int) -> Array:
    batch, total, _ = points.shape
    found = np.empty((batch, centres.shape[1], count), dtype=np.int64)
    for b in range(batch):
        for s in range(centres.shape[1]):
            x, y, z = centres[b, s]
            filled = 0
            for j in range(total):
                dx, dy, dz = x - points[b, j, 0], y - points[b, j, 1], z - points[b, j, 2]
                if dx * dx + dy * dy + dz * dz < squared_radius:
                    found[b, s, filled] = j
                    filled += 1
                    if filled == count:
                        break
            first = found[b, s, 0] if filled else 0
            found[b, s, filled:] = first
    return found
