"""Point-set operations on CPU, as loops compiled by Numba over points sorted into the cells of a grid.

They support float32 and float64. A search examines nearby cells and skips those that are too far away. The decision
takes rounding of the distances into account, so every index equals that of the definition.
"""

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keygrid.geometry import reference

Array = NDArray[Any]

_FEW = 100
"""Number of points up to which examining all is faster than searching in a grid."""


def farthest_points(points: Tensor, count: int, start: int) -> Tensor:
    """See `keygrid.geometry.points.farthest_points`."""
    clouds = _array(points)
    if not _have_distances(clouds):
        return reference.farthest_points(points, count, start)
    return torch.from_numpy(_farthest_points(clouds, count, start))


def ball_queries(points: Tensor, centres: Tensor, radii: Sequence[float], counts: Sequence[int]) -> list[Tensor]:
    """See `keygrid.geometry.points.ball_queries`."""
    clouds, around = _array(points), _array(centres)
    if not _have_distances(clouds, around):
        return reference.ball_queries(points, centres, radii, counts)
    squared = np.array([radius**2 for radius in radii]).astype(clouds.dtype)
    found = torch.from_numpy(_ball_queries(clouds, around, squared, np.array(counts)))
    return list(found.split(list(counts), dim=-1))


def nearest(queries: Tensor, points: Tensor, count: int) -> Tensor:
    """See `keygrid.geometry.points.nearest`."""
    found = _find_nearest(queries, points, count)
    return reference.nearest(queries, points, count) if found is None else torch.from_numpy(found[0])


def interpolation(queries: Tensor, points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """See `keygrid.geometry.points.interpolation`."""
    found = _find_nearest(queries, points, count)
    if found is None:
        return reference.interpolation(queries, points, count)
    _invert(found[1])
    return torch.from_numpy(found[0]), torch.from_numpy(found[1])


def _find_nearest(queries: Tensor, points: Tensor, count: int) -> tuple[Array, Array] | None:
    """Return indices and squared distances (B, M, count), or None if there are no finite distances."""
    asked, clouds = _array(queries), _array(points)
    if not _have_distances(asked, clouds):
        return None
    found, squared, is_far = _nearest(asked, clouds, count)
    for b in np.unique(is_far.nonzero()[0]):
        from scipy.spatial import cKDTree  # slow to import, and seldom needed

        far = is_far[b]
        # A list of ranks keeps the last axis when there is one neighbour only.
        found[b, far] = cKDTree(clouds[b]).query(asked[b, far], k=list(range(1, count + 1)))[1]
        squared[b, far] = np.square(asked[b, far, None] - clouds[b, found[b, far]]).sum(axis=-1)
    return found, squared


def _have_distances(*positions: Array) -> bool:
    """Return whether all coordinates and their squared distances are finite; others fit into no grid."""
    return all(np.abs(array).max(initial=0) < np.sqrt(np.finfo(array.dtype).max) / 4 for array in positions)


def _array(points: Tensor) -> Array:
    return np.ascontiguousarray(points.detach().numpy())


@numba.njit(cache=True, nogil=True)
def _cells(cloud: Array, size: float, most: int) -> tuple[Array, float, Array]:
    """Return a grid of cubes over points (N, 3): its lowest corner, the cubes' size, and their number along each axis.

    Cubes have the size `size`, or are larger if there would be more than `most` along an axis.
    """
    low, high = np.empty(3, cloud.dtype), np.empty(3, cloud.dtype)
    for axis in range(3):
        low[axis], high[axis] = cloud[:, axis].min(), cloud[:, axis].max()
    size = max(size, (high - low).max() / most)
    shape = np.ones(3, np.int64)
    if size > 0:
        for axis in range(3):
            shape[axis] = min(most, int((high[axis] - low[axis]) / size) + 1)
    return low, size, shape


@numba.njit(cache=True, nogil=True)
def _sorted_into(low: Array, size: float, shape: Array, cloud: Array) -> tuple[Array, Array]:
    """Return the position of each cube's first point, and the point indices by cube, ascending within each.

    A point outside all cubes belongs to the nearest one.
    """
    cell = np.zeros(len(cloud), np.int64)
    begins = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int64)
    for i in range(len(cloud)):
        for axis in range(3):
            along = 0 if size == 0 else int(min(max((cloud[i, axis] - low[axis]) / size, 0.0), shape[axis] - 1.0))
            cell[i] = cell[i] * shape[axis] + along
        begins[cell[i] + 1] += 1
    for c in range(len(begins) - 1):
        begins[c + 1] += begins[c]
    ends = begins[:-1].copy()
    order = np.empty(len(cloud), np.int64)
    for i in range(len(cloud)):
        order[ends[cell[i]]] = i
        ends[cell[i]] += 1
    return begins, order


@numba.njit(cache=True, nogil=True)
def _around(
    cell: int, reach: int, shape: Array, begins: Array, order: Array, low: Array, high: Array, found: Array
) -> int:
    """Collect the indices of points in a cube and up to `reach` cubes around it; return their number.

    Args:
        cell: index of the cube.
        low: receives the first cube of the neighbourhood along each axis.
        high: receives one more than the last cube along each axis.
        found: receives the indices.
    """
    rest = cell
    for axis in (2, 1, 0):
        along = rest % shape[axis]
        rest //= shape[axis]
        low[axis], high[axis] = max(along - reach, 0), min(along + reach + 1, shape[axis])
    count = 0
    for gx in range(low[0], high[0]):
        for gy in range(low[1], high[1]):
            row = (gx * shape[1] + gy) * shape[2]
            # Cubes along z follow each other, so their points are one run.
            for place in range(begins[row + low[2]], begins[row + high[2]]):
                found[count] = order[place]
                count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _farthest_points(points: Array, count: int, start: int) -> Array:
    batch, total, _ = points.shape
    chosen_points = np.empty((batch, count), dtype=np.int64)
    # About thirty points a cell, were the cloud a surface: as many cells to skip as points in each.
    most = min(64, max(1, int(np.sqrt(total) / 8)))
    for b in range(batch):
        low, size, shape = _cells(points[b], 0.0, most)
        begins, order = _sorted_into(low, size, shape, points[b])
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
    """Return the balls of all radii, concatenated, (B, S, sum of counts)."""
    batch, total, _ = points.shape
    found = np.zeros((batch, centres.shape[1], counts.sum()), dtype=np.int64)
    near, place = np.empty(total, np.int64), np.empty((3, total), points.dtype)
    squared, squared_of = np.empty(total, points.dtype), np.empty(total, points.dtype)
    first, last = np.empty(3, np.int64), np.empty(3, np.int64)
    inside = np.zeros((total + 63) // 64, np.uint64)  # a bit a point: what is found is read back by ascending index
    largest = squared_radii.max()
    for b in range(batch):
        # A cube as wide as the largest ball, and a little wider than what rounding may add to a distance.
        low, size, shape = _cells(points[b], np.sqrt(largest) * 1.0001, 64)
        begins, order = _sorted_into(low, size, shape, points[b])
        begins_of_centres, order_of_centres = _sorted_into(low, size, shape, centres[b])
        for cell in range(len(begins) - 1):
            if begins_of_centres[cell] == begins_of_centres[cell + 1]:
                continue
            # What is near is the same for all centres in a cube.
            count = _around(cell, 1, shape, begins, order, first, last, near)
            for axis in range(3):
                for i in range(count):
                    place[axis, i] = points[b, near[i], axis]
            for s in order_of_centres[begins_of_centres[cell] : begins_of_centres[cell + 1]]:
                _squared_distances(centres[b, s], place, count, squared)
                for i in range(count):
                    if squared[i] < largest:
                        j = near[i]
                        inside[j >> 6] |= np.uint64(1) << np.uint64(j & 63)
                        squared_of[j] = squared[i]
                _read_back(inside, squared_of, squared_radii, counts, found[b, s])
    return found


@numba.njit(cache=True, nogil=True)
def _read_back(inside: Array, squared_of: Array, squared_radii: Array, counts: Array, found: Array) -> None:
    """Fill in the concatenated balls of one centre from the points whose bits are set, and clear the bits."""
    filled, begins = np.zeros(len(counts), np.int64), np.cumsum(counts) - counts
    for word in range(len(inside)):
        bits = inside[word]
        inside[word] = 0
        while bits != 0:
            lowest = bits & (~bits + np.uint64(1))
            bits ^= lowest
            j = word * 64 + _position(lowest)
            for r in range(len(counts)):
                if squared_of[j] < squared_radii[r] and filled[r] < counts[r]:
                    found[begins[r] + filled[r]] = j
                    filled[r] += 1
    for r in range(len(counts)):
        found[begins[r] + filled[r] : begins[r] + counts[r]] = found[begins[r]]


@numba.njit(cache=True, nogil=True)
def _position(bit: Any) -> int:
    """Return the position of the only set bit."""
    position = 0
    for step in (32, 16, 8, 4, 2, 1):
        if bit >> np.uint64(step):
            bit >>= np.uint64(step)
            position += step
    return position


@numba.njit(cache=True, nogil=True)
def _squared_distances(query: Array, place: Array, count: int, squared: Array) -> None:
    """Fill in squared distances to the first `count` points, whose coordinates (3, N) are in `place`."""
    x, y, z = query
    for i in range(count):
        dx, dy, dz = x - place[0, i], y - place[1, i], z - place[2, i]
        squared[i] = dx * dx + dy * dy + dz * dz


_REACHES = (1, 3, 8)
"""Reaches of a search for the nearest points, in cubes: first, second, last. Farther out, too many cubes are empty."""


@numba.njit(cache=True, nogil=True)
def _nearest(queries: Array, points: Array, count: int) -> tuple[Array, Array, Array]:
    """Return the nearest points, their squared distances, and the queries (B, M) that are too far away for them."""
    batch, total, _ = points.shape
    found = np.zeros((batch, queries.shape[1], count), dtype=np.int64)
    distances = np.empty((batch, queries.shape[1], count), dtype=points.dtype)
    is_far = np.zeros((batch, queries.shape[1]), dtype=np.bool_)
    near, place = np.empty(total, np.int64), np.empty((3, total), points.dtype)
    squared = np.empty(total, points.dtype)
    first, last = np.empty(3, np.int64), np.empty(3, np.int64)
    # About five points a cube, were the cloud a surface; or one cube.
    most = max(1, int(np.sqrt(total) / 3)) if total > _FEW else 1
    for b in range(batch):
        low, size, shape = _cells(points[b], 0.0, most)
        begins, order = _sorted_into(low, size, shape, points[b])
        begins_of_queries, order_of_queries = _sorted_into(low, size, shape, queries[b])
        for cell in range(len(begins) - 1):
            asked = order_of_queries[begins_of_queries[cell] : begins_of_queries[cell + 1]]
            for reach in _REACHES:
                if len(asked) == 0:
                    break
                around = _around(cell, reach, shape, begins, order, first, last, near)
                for axis in range(3):
                    for i in range(around):
                        place[axis, i] = points[b, near[i], axis]
                left = 0
                for q in asked:
                    _squared_distances(queries[b, q], place, around, squared)
                    _keep_nearest(squared, near, around, found[b, q], distances[b, q])
                    # What was not looked at lies beyond the nearest side of the cubes that were.
                    beyond = np.inf
                    for axis in range(3):
                        if first[axis] > 0:
                            beyond = min(beyond, queries[b, q, axis] - (low[axis] + first[axis] * size))
                        if last[axis] < shape[axis]:
                            beyond = min(beyond, low[axis] + last[axis] * size - queries[b, q, axis])
                    beyond -= 1e-3 * size  # a point may have been rounded into the next cube
                    if not (beyond > 0 and distances[b, q, count - 1] < beyond * beyond):
                        asked[left] = q
                        left += 1
                asked = asked[:left]
            for q in asked:
                is_far[b, q] = True
    return found, distances, is_far


@numba.njit(cache=True, nogil=True)
def _keep_nearest(squared: Array, near: Array, total: int, neighbours: Array, distances: Array) -> None:
    """Keep the nearest of the first `total` entries of `near`, by distance and then by index."""
    last = len(neighbours) - 1
    distances[:] = np.inf
    worst = np.inf
    for i in range(total):
        if squared[i] > worst:
            continue
        distance, j, place = squared[i], near[i], last
        if distance == worst and j > neighbours[last]:
            continue
        while place > 0 and (
            distance < distances[place - 1] or (distance == distances[place - 1] and j < neighbours[place - 1])
        ):
            distances[place], neighbours[place] = distances[place - 1], neighbours[place - 1]
            place -= 1
        distances[place], neighbours[place] = distance, j
        worst = distances[last]


@numba.njit(cache=True, nogil=True)
def _invert(squared: Array) -> None:
    """Convert squared distances (B, M, count) in place to inverse-distance weights that sum to one."""
    for b in range(squared.shape[0]):
        for q in range(squared.shape[1]):
            total = squared.dtype.type(0)
            for i in range(squared.shape[2]):
                squared[b, q, i] = 1 / (squared[b, q, i] + squared.dtype.type(1e-8))
                total += squared[b, q, i]
            for i in range(squared.shape[2]):
                squared[b, q, i] /= total


def without_repetition(balls: Tensor, points: Tensor, centres: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `keygrid.geometry.points.without_repetition`."""
    index, offsets, counts, begins = _without_repetition(balls.numpy(), _array(points), _array(centres))
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
