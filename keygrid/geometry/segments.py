"""The heatmap in closed form, compiled for CPU: the strongest segment at each position, and its value.

Positions are processed in blocks. The distances from a block's centre to the segments rule out those that can't be the
strongest anywhere in the block, so most are never evaluated. Requires NumPy and Numba, not torch.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_BLOCK = 64
_SIDE = 4
"""Side of a grid's blocks, in cells; a block has as many cells as a block of positions."""


def strongest(positions: Array, starts: Array, ends: Array, logarithms: Array, factor: float) -> tuple[Array, Array]:
    """Return the largest log s + factor d^2 over all segments, and its segment.

    Args:
        positions: (P, 3) float32 or float64, which decides the precision of all; fastest where neighbours in the array
            are neighbours in space.
        starts: (E, 3), starts of the segments; a segment of length zero is a point.
        ends: (E, 3), ends of the segments.
        logarithms: (E,), logarithms of their strengths; may be -inf.
        factor: factor of the squared distance d^2.

    Returns:
        (P,) in the positions' dtype, and (P,) int64 indices of segments; of equals, the first.
    """
    dtype = positions.dtype
    value, index = np.empty(len(positions), dtype), np.empty(len(positions), np.int64)
    segments = _segments(starts, ends, logarithms, dtype)
    _at_positions(np.ascontiguousarray(positions), segments, dtype.type(factor), value, index)
    return value, index


def strongest_on_grid(
    axes: tuple[Array, Array, Array], starts: Array, ends: Array, logarithms: Array, factor: float
) -> Array:
    """Return the largest log s + factor d^2 at all (x, y, z) of three `axes`, (X, Y, Z); see `strongest`."""
    dtype = axes[0].dtype
    value = np.empty(tuple(map(len, axes)), dtype)
    _on_grid(*axes, _segments(starts, ends, logarithms, dtype), dtype.type(factor), value)
    return value


def compile_now() -> None:
    """Compile the double-precision functions, or load their cached code, so that later calls need not wait."""
    segment = np.zeros((1, 3)), np.ones((1, 3)), np.zeros(1), -1.0
    strongest(np.zeros((1, 3)), *segment)
    strongest_on_grid((np.zeros(1), np.zeros(1), np.zeros(1)), *segment)


def _segments(starts: Array, ends: Array, logarithms: Array, dtype: Any) -> Array:
    """Return the segments as (E, 8): start, direction, inverse squared length, logarithm."""
    along = ends - starts
    squared = np.square(along).sum(axis=1)
    # What is so short that its inverse overflows is a point too.
    inverse = np.divide(1, squared, out=np.zeros_like(squared), where=squared > np.finfo(dtype).tiny)
    return np.column_stack([starts, along, inverse, logarithms]).astype(dtype)


_kernel = numba.njit(cache=True, nogil=True, fastmath={"contract", "nsz"})


@_kernel
def _at_positions(positions: Array, segments: Array, factor: float, value: Array, index: Array) -> None:
    block = np.empty((5, _BLOCK), positions.dtype)  # x, y, z; the best value and whose it is
    near = np.empty(len(segments), np.int64)
    bounds = np.empty(len(segments), positions.dtype)
    for begin in range(0, len(positions), _BLOCK):
        count = min(_BLOCK, len(positions) - begin)
        for i in range(count):
            for axis in range(3):
                block[axis, i] = positions[begin + i, axis]
        _evaluate(block, count, segments, factor, near, bounds)
        for i in range(count):
            value[begin + i], index[begin + i] = block[3, i], int(block[4, i])


@_kernel
def _on_grid(xs: Array, ys: Array, zs: Array, segments: Array, factor: float, value: Array) -> None:
    block = np.empty((5, _BLOCK), value.dtype)
    near = np.empty(len(segments), np.int64)
    bounds = np.empty(len(segments), value.dtype)
    for x0 in range(0, len(xs), _SIDE):
        for y0 in range(0, len(ys), _SIDE):
            for z0 in range(0, len(zs), _SIDE):
                x1, y1, z1 = min(x0 + _SIDE, len(xs)), min(y0 + _SIDE, len(ys)), min(z0 + _SIDE, len(zs))
                count = 0
                for x in range(x0, x1):
                    for y in range(y0, y1):
                        for z in range(z0, z1):
                            block[0, count], block[1, count], block[2, count] = xs[x], ys[y], zs[z]
                            count += 1
                _evaluate(block, count, segments, factor, near, bounds)
                count = 0
                for x in range(x0, x1):
                    for y in range(y0, y1):
                        for z in range(z0, z1):
                            value[x, y, z] = block[3, count]
                            count += 1


@_kernel
def _evaluate(block: Array, count: int, segments: Array, factor: float, near: Array, bounds: Array) -> None:
    """Fill in the best value and the segment of `count` positions."""
    zero, one = block.dtype.type(0), block.dtype.type(1)
    middle = np.empty(3, block.dtype)
    radius = zero
    for axis in range(3):
        low, high = block[axis, 0], block[axis, 0]
        for i in range(1, count):
            low, high = min(low, block[axis, i]), max(high, block[axis, i])
        middle[axis] = (low + high) / 2
        radius += ((high - low) / 2) ** 2
    radius = np.sqrt(radius) * block.dtype.type(1.0001)  # and what rounding may add
    floor = -np.inf
    for e in range(len(segments)):
        x, y, z = middle[0] - segments[e, 0], middle[1] - segments[e, 1], middle[2] - segments[e, 2]
        t = (x * segments[e, 3] + y * segments[e, 4] + z * segments[e, 5]) * segments[e, 6]
        t = min(max(t, zero), one)
        x, y, z = x - t * segments[e, 3], y - t * segments[e, 4], z - t * segments[e, 5]
        distance = np.sqrt(x * x + y * y + z * z)
        closest, farthest = max(distance - radius, zero), distance + radius
        one_end, other_end = factor * closest * closest, factor * farthest * farthest
        bounds[e] = segments[e, 7] + max(one_end, other_end)
        floor = max(floor, segments[e, 7] + min(one_end, other_end))
    floor -= abs(floor) * 1e-4
    found = 0
    for e in range(len(segments)):
        if bounds[e] >= floor:
            near[found] = e
            found += 1
    for i in range(count):
        block[3, i], block[4, i] = -np.inf, zero
    for k in range(found):
        e = near[k]
        sx, sy, sz = segments[e, 0], segments[e, 1], segments[e, 2]
        ax, ay, az = segments[e, 3], segments[e, 4], segments[e, 5]
        inverse, logarithm, name = segments[e, 6], segments[e, 7], block.dtype.type(e)
        for i in range(count):
            x, y, z = block[0, i] - sx, block[1, i] - sy, block[2, i] - sz
            t = (x * ax + y * ay + z * az) * inverse
            t = zero if t < zero else t
            t = one if t > one else t
            x, y, z = x - t * ax, y - t * ay, z - t * az
            here = logarithm + factor * (x * x + y * y + z * z)
            best = block[3, i]
            whose = block[4, i]
            block[4, i] = name if here > best else whose
            block[3, i] = here if here > best else best
