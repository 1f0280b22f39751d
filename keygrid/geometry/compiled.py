"""Point-set operations on CPU, as loops compiled by Numba over points sorted into the cells of a grid.

Float32 and float64. A search looks into the cells near to it and skips those that are too far to matter; which they
are is judged with the roundings of the distances themselves, so every index is that of the definition.
"""

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from keygrid.geometry import reference

Array = NDArray[Any]

_FEW = 100
"""Points among which looking at each is faster than looking for the near ones."""


def farthest_points(points: Tensor, count: int, start: int) -> Tensor:
    """See `keygrid.geometry.farthest_points`."""
    clouds = _array(points)
    if not np.isfinite(clouds).all():
        return reference.farthest_points(points, count, start)
    return torch.from_numpy(_farthest_points(clouds, count, start))


def ball_queries(points: Tensor, centres: Tensor, radii: Sequence[float], counts: Sequence[int]) -> list[Tensor]:
    """See `keygrid.geometry.ball_queries`."""
    clouds = _array(points)
    if not np.isfinite(clouds).all():
        return reference.ball_queries(points, centres, radii, counts)
    squared = np.array([radius**2 for radius in radii]).astype(clouds.dtype)
    found = torch.from_numpy(_ball_queries(clouds, _array(centres), squared, np.array(counts)))
    return list(found.split(list(counts), dim=-1))


def nearest(queries: Tensor, points: Tensor, count: int) -> Tensor:
    """See `keygrid.geometry.nearest`."""
    found = _find_nearest(queries, points, count)
    return reference.nearest(queries, points, count) if found is None else torch.from_numpy(found[0])


def interpolation(queries: Tensor, points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """See `keygrid.geometry.interpolation`."""
    found = _find_nearest(queries, points, count)
    if found is None:
        return reference.interpolation(queries, points, count)
    weights = 1 / (found[1] + found[1].dtype.type(1e-8))
    weights /= weights.sum(axis=-1, keepdims=True)
    return torch.from_numpy(found[0]), torch.from_numpy(weights)


def _find_nearest(queries: Tensor, points: Tensor, count: int) -> tuple[Array, Array] | None:
    """Indices and squared distances (B, M, count), or None where a position is no number."""
    asked, clouds = _array(queries), _array(points)
    if not (np.isfinite(asked).all() and np.isfinite(clouds).all()):
        return None
    found, squared, is_far = _nearest(asked, clouds, count)
    for b in np.flatnonzero(is_far.any(axis=1)):
        far = is_far[b]
        # A list of ranks keeps the last axis when there is one neighbour only.
        found[b, far] = cKDTree(clouds[b]).query(asked[b, far], k=list(range(1, count + 1)))[1]
        squared[b, far] = np.square(asked[b, far, None] - clouds[b, found[b, far]]).sum(axis=-1)
    return found, squared


def _array(points: Tensor) -> Array:
    return np.ascontiguousarray(points.detach().numpy())


@numba.njit(cache=True, nogil=True)
def _sorted_into_cells(cloud: Array, size: float, most: int) -> tuple[Array, float, Array, Array, Array]:
    """Points (N, 3) in cubes of `size` or, where that makes more than `most` along an axis, larger ones.

    Returns:
        The lowest corner, the cubes' size, how many there are along each axis, where each one's points begin, and the
        points' indices cube by cube, ascending within each.
    """
    low, extent = np.empty(3, cloud.dtype), 0.0
    shape = np.empty(3, np.int64)
    for axis in range(3):
        low[axis] = cloud[:, axis].min()
        extent = max(extent, cloud[:, axis].max() - low[axis])
    size = max(size, extent / most)
    for axis in range(3):
        shape[axis] = 1 if size == 0 else min(most, int((cloud[:, axis].max() - low[axis]) / size) + 1)
    cell = np.empty(len(cloud), np.int64)
    begins = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int64)
    for i in range(len(cloud)):
        x, y, z = _cell_of(cloud[i], low, size, shape)
        cell[i] = (x * shape[1] + y) * shape[2] + z
        begins[cell[i] + 1] += 1
    for c in range(len(begins) - 1):
        begins[c + 1] += begins[c]
    ends = begins[:-1].copy()
    order = np.empty(len(cloud), np.int64)
    for i in range(len(cloud)):
        order[ends[cell[i]]] = i
        ends[cell[i]] += 1
    return low, size, shape, begins, order


@numba.njit(cache=True, nogil=True, inline="always")
def _cell_of(point: Array, low: Array, size: float, shape: Array) -> tuple[int, int, int]:
    """The cell that a point lies in, or the one nearest to it where it lies outside of all."""
    if size == 0:
        return 0, 0, 0
    x = int(min(max((point[0] - low[0]) / size, 0.0), shape[0] - 1.0))
    y = int(min(max((point[1] - low[1]) / size, 0.0), shape[1] - 1.0))
    z = int(min(max((point[2] - low[2]) / size, 0.0), shape[2] - 1.0))
    return x, y, z


@numba.njit(cache=True, nogil=True)
def _farthest_points(points: Array, count: int, start: int) -> Array:
    batch, total, _ = points.shape
    chosen_points = np.empty((batch, count), dtype=np.int64)
    # About thirty points a cell, were the cloud a surface: as many cells to skip as points in each.
    most = min(64, max(1, int(np.sqrt(total) / 8)))
    for b in range(batch):
        _, _, _, begins, order = _sorted_into_cells(points[b], 0.0, most)
        cloud = points[b][order]
        occupied = np.flatnonzero(begins[1:] > begins[:-1])
        begins = np.append(begins[occupied], total)
        box = np.empty((len(occupied), 6), points.dtype)  # of the points themselves, lowest and highest
        for c in range(len(occupied)):
            for axis in range(3):
                box[c, axis] = cloud[begins[c] : begins[c + 1], axis].min()
                box[c, 3 + axis] = cloud[begins[c] : begins[c + 1], axis].max()
        nearest = np.full(total, np.inf, dtype=points.dtype)
        farthest = np.full(len(occupied), np.inf, dtype=points.dtype)  # of each cell, and which point it is
        place = begins[:-1].copy()
        zero = points.dtype.type(0)
        chosen = start
        for i in range(count):
            chosen_points[b, i] = chosen
            x, y, z = points[b, chosen]
            best, chosen = -np.inf, 0
            for c in range(len(occupied)):
                dx = max(box[c, 0] - x, zero, x - box[c, 3])
                dy = max(box[c, 1] - y, zero, y - box[c, 4])
                dz = max(box[c, 2] - z, zero, z - box[c, 5])
                # Rounding keeps order, so no point of the cell is computed to be nearer than its box.
                if dx * dx + dy * dy + dz * dz < farthest[c]:
                    of_cell, at = -np.inf, begins[c]
                    for j in range(begins[c], begins[c + 1]):
                        dx, dy, dz = cloud[j, 0] - x, cloud[j, 1] - y, cloud[j, 2] - z
                        nearest[j] = min(nearest[j], dx * dx + dy * dy + dz * dz)
                        if nearest[j] > of_cell:
                            of_cell, at = nearest[j], j
                    farthest[c], place[c] = of_cell, at
                if farthest[c] > best or (farthest[c] == best and order[place[c]] < chosen):
                    best, chosen = farthest[c], order[place[c]]
    return chosen_points


@numba.njit(cache=True, nogil=True)
def _ball_queries(points: Array, centres: Array, squared_radii: Array, counts: Array) -> Array:
    """Balls of all radii beside each other, (B, S, sum of counts)."""
    batch, total, _ = points.shape
    found = np.zeros((batch, centres.shape[1], counts.sum()), dtype=np.int64)
    largest = squared_radii.max()
    words = (total + 63) // 64
    inside = np.zeros((len(counts), words), np.uint64)  # a bit a point: what is found is read back by ascending index
    for b in range(batch):
        # A cell as wide as the largest ball, and a little wider than what rounding may add to a distance.
        low, size, shape, begins, order = _sorted_into_cells(points[b], np.sqrt(largest) * 1.0001, 64)
        cloud = points[b][order]
        for s in range(centres.shape[1]):
            x, y, z = centres[b, s]
            cx, cy, cz = _cell_of(centres[b, s], low, size, shape)
            for gx in range(max(cx - 1, 0), min(cx + 2, shape[0])):
                for gy in range(max(cy - 1, 0), min(cy + 2, shape[1])):
                    row = (gx * shape[1] + gy) * shape[2]
                    # Cells along z follow each other, so their points are one run.
                    first, last = row + max(cz - 1, 0), row + min(cz + 2, shape[2])
                    for place in range(begins[first], begins[last]):
                        dx, dy, dz = x - cloud[place, 0], y - cloud[place, 1], z - cloud[place, 2]
                        squared = dx * dx + dy * dy + dz * dz
                        if squared < largest:
                            j = order[place]
                            for r in range(len(counts)):
                                if squared < squared_radii[r]:
                                    inside[r, j >> 6] |= np.uint64(1) << np.uint64(j & 63)
            begin = 0
            for r in range(len(counts)):
                filled = 0
                for word in range(words):
                    bits = inside[r, word]
                    inside[r, word] = 0
                    while bits != 0 and filled < counts[r]:
                        lowest = bits & (~bits + np.uint64(1))
                        found[b, s, begin + filled] = word * 64 + _position(lowest)
                        bits ^= lowest
                        filled += 1
                for place in range(filled, counts[r]):
                    found[b, s, begin + place] = found[b, s, begin]
                begin += counts[r]
    return found


@numba.njit(cache=True, nogil=True, inline="always")
def _position(bit: Any) -> int:
    """Of the one bit that is set."""
    position = 0
    for step in (32, 16, 8, 4, 2, 1):
        if bit >> np.uint64(step):
            bit >>= np.uint64(step)
            position += step
    return position


@numba.njit(cache=True, nogil=True)
def _nearest(queries: Array, points: Array, count: int) -> tuple[Array, Array, Array]:
    """The nearest points, their squared distances, and which queries (B, M) are too far from all to be sure of them."""
    batch, total, _ = points.shape
    found = np.empty((batch, queries.shape[1], count), dtype=np.int64)
    is_far = np.zeros((batch, queries.shape[1]), dtype=np.bool_)
    distances = np.full((batch, queries.shape[1], count), np.inf, dtype=points.dtype)
    # About five points a cell, were the cloud a surface.
    most = max(1, int(np.sqrt(total) / 3))
    for b in range(batch):
        low, size, shape, begins, order = _sorted_into_cells(points[b], 0.0, most)
        cloud = points[b][order]
        for q in range(queries.shape[1]):
            query, neighbours, squared = queries[b, q], found[b, q], distances[b, q]
            if total <= _FEW:
                _look_at(order, 0, total, query, cloud, neighbours, squared)
            else:
                is_far[b, q] = not _search_near(query, cloud, low, size, shape, begins, order, neighbours, squared)
    return found, distances, is_far


_RINGS = 3
"""How far a search goes, in cells, before it gives up: farther out there are too many empty ones."""


@numba.njit(cache=True, nogil=True)
def _search_near(
    query: Array, cloud: Array, low: Array, size: float, shape: Array, begins: Array, order: Array,
    neighbours: Array, squared: Array,
) -> bool:  # fmt: skip
    """Fill in the nearest points if they are within a few cells; false if they may not be."""
    cx, cy, cz = _cell_of(query, low, size, shape)
    cell = (cx, cy, cz)
    for ring in range(_RINGS):
        for gx in range(max(cx - ring, 0), min(cx + ring + 1, shape[0])):
            for gy in range(max(cy - ring, 0), min(cy + ring + 1, shape[1])):
                row = (gx * shape[1] + gy) * shape[2]
                if max(abs(gx - cx), abs(gy - cy)) == ring:
                    first, last = row + max(cz - ring, 0), row + min(cz + ring + 1, shape[2])
                    _look_at(order, begins[first], begins[last], query, cloud, neighbours, squared)
                    continue
                for gz in (cz - ring, cz + ring):
                    if 0 <= gz < shape[2]:
                        _look_at(order, begins[row + gz], begins[row + gz + 1], query, cloud, neighbours, squared)
        # What was not looked at lies beyond the nearest side of the cells that were.
        beyond = np.inf
        for axis in range(3):
            if cell[axis] - ring > 0:
                beyond = min(beyond, query[axis] - (low[axis] + (cell[axis] - ring) * size))
            if cell[axis] + ring + 1 < shape[axis]:
                beyond = min(beyond, low[axis] + (cell[axis] + ring + 1) * size - query[axis])
        beyond -= 1e-3 * size  # a point may have been rounded into the next cell
        if beyond > 0 and squared[-1] < beyond * beyond:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _look_at(order: Array, begin: int, end: int, query: Array, cloud: Array, neighbours: Array, squared: Array) -> None:
    """Keep those of `cloud`, sorted by cells as `order` is, that are nearest: by distance and then by index."""
    x, y, z = query
    last = len(squared) - 1
    worst = squared[last]
    for i in range(begin, end):
        dx, dy, dz = x - cloud[i, 0], y - cloud[i, 1], z - cloud[i, 2]
        distance = dx * dx + dy * dy + dz * dz
        if distance > worst:
            continue
        j = order[i]
        if distance == worst and j > neighbours[last]:
            continue
        place = last
        while place > 0 and (
            distance < squared[place - 1] or (distance == squared[place - 1] and j < neighbours[place - 1])
        ):
            squared[place], neighbours[place] = squared[place - 1], neighbours[place - 1]
            place -= 1
        squared[place], neighbours[place] = distance, j
        worst = squared[last]


def without_repetition(balls: Tensor, points: Tensor, centres: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `keygrid.geometry.without_repetition`."""
    index, offsets, counts, begins = _without_repetition(_array(balls), _array(points), _array(centres))
    of_rows = torch.from_numpy(index)[:, None], torch.from_numpy(offsets), torch.from_numpy(counts)
    return *of_rows, torch.from_numpy(begins)


@numba.njit(cache=True, nogil=True)
def _without_repetition(balls: Array, points: Array, centres: Array) -> tuple[Array, Array, Array, Array]:
    batch, total, most = balls.shape
    begins = np.zeros(batch * total + 1, np.int64)
    for b in range(batch):
        for s in range(total):
            size = 1
            while size < most and balls[b, s, size] != balls[b, s, 0]:
                size += 1
            begins[b * total + s + 1] = begins[b * total + s] + size
    index = np.empty(begins[-1], np.int64)
    offsets = np.empty((begins[-1], 3), points.dtype)
    counts = np.ones(begins[-1], points.dtype)
    for b in range(batch):
        for s in range(total):
            begin, end = begins[b * total + s], begins[b * total + s + 1]
            counts[begin] += most - (end - begin)
            for row in range(begin, end):
                i = balls[b, s, row - begin]
                index[row] = b * points.shape[1] + i
                for axis in range(3):
                    offsets[row, axis] = points[b, i, axis] - centres[b, s, axis]
    return index, offsets, counts, begins
