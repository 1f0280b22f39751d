"""The outer side of cloth in a cloud, determined at each point from the points above and below it.

Normals of points alone have no sign, and the usual propagation from neighbour to neighbour (Hoppe et al., SIGGRAPH
1992) fails on garments: around the rim of a lying shirt it continues on the other layer, whose normals are parallel. A
small perceptron trained on garments determines the sign from the distribution of points on either side of the tangent
plane, near and far: outside a layer there is nothing, or another layer's outside. Each normal's length is the
certainty, which users of the normals should take into account.

`keygrid.training.orientation` trains the perceptron.
"""

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Singles = NDArray[np.float32]

WEIGHTS = Path(__file__).with_suffix(".npz")
"""The perceptron's weights."""

AROUND, NEXT = 64, 12
"""Numbers of neighbours to examine individually, and of those that define a tangent plane."""
_ALIKE = 0.7
"""Cosine of the angle between normals, up to a sign, above which points may belong to the same sheet."""
_BEYOND = 128
"""Number of points, spread over the whole cloud, that are examined at any distance."""

# Cells, in spacings of points: of the points around by distances along the tangent plane and heights above it, and of
# those beyond by distances and cosines of the angle to the normal. Heights and cosines are symmetric.
_ALONG = np.array([0, 0.5, 0.9, 1.3, 1.8, 2.5, 3.5, 5])
_UP = np.array([0, 0.05, 0.1, 0.18, 0.28, 0.4, 0.55, 0.8, 1.2, 2, 9])
_HEIGHTS = np.concatenate([-_UP[:0:-1], _UP])
_AWAY = np.geomspace(4, 120, 8)
_COSINES = np.linspace(-1, 1, 9)
CELLS = 2 * (len(_ALONG) - 1) * (len(_HEIGHTS) - 1) + (len(_AWAY) - 1) * (len(_COSINES) - 1)


class Surroundings(NamedTuple):
    """The surroundings of N points, before the signs of their normals are known.

    Attributes:
        normals: (N, 3), unit normals of either sign.
        spacing: median distance of points to their fourth neighbours.
        seen: (N, CELLS) float32, distribution of points over cells above and below each point.
        flipped: (N, CELLS), the distribution for the opposite normals.
    """

    normals: Floats
    spacing: float
    seen: Singles
    flipped: Singles


def oriented_normals(points: Floats) -> tuple[Floats, float]:
    """Return outward normals (N, 3) of N different points (N, 3), and the points' spacing.

    The length of a normal is the certainty of its direction, from 0, for equally likely directions, to 1.
    """
    known = surroundings(points)
    odd = _perceptron(known.seen) - _perceptron(known.flipped)
    return known.normals * np.tanh(odd / 2)[:, None], known.spacing


def surroundings(points: Floats) -> Surroundings:
    """Return the surroundings of N different points (N, 3), 5 or more."""
    found = cKDTree(points).query(points, min(AROUND + 1, len(points)))
    distance, index = (np.asarray(array)[:, 1:] for array in found)
    spacing = float(np.median(distance[:, min(3, distance.shape[1] - 1)]))
    normals = _normals(points[index[:, :NEXT]])
    near = _near((points[index] - points[:, None]) / spacing, normals, normals[index])
    far = _far((points[farthest(points, _BEYOND)] - points[:, None]) / spacing, normals)
    seen, flipped = (
        np.concatenate(
            [(near[:, :, ::sign] / 4).reshape(len(points), -1), (far[..., ::sign] / 4).reshape(len(points), -1)], 1
        )
        for sign in (1, -1)
    )
    return Surroundings(normals, spacing, seen.astype(np.float32), flipped.astype(np.float32))


def _normals(around: Floats) -> Floats:
    """Return normals (N, 3) of the planes fitted to the neighbours (N, k, 3) of each point."""
    centred = around - around.mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", centred, centred))
    normals: Floats = vectors[:, :, 0]
    return normals


def _near(offsets: Floats, normals: Floats, others: Floats) -> Integers:
    """Count neighbours in each cell, with different and with similar normals: (N, along, heights, 2).

    Args:
        offsets: (N, k, 3), offsets to the neighbours, in spacings.
        normals: (N, 3).
        others: (N, k, 3), normals of the neighbours.
    """
    height = np.einsum("nki,ni->nk", offsets, normals)
    along = np.sqrt(np.maximum(np.square(offsets).sum(-1) - height**2, 0))
    alike = np.abs(np.einsum("nki,ni->nk", others, normals)) > _ALIKE
    return _counted(
        (np.digitize(along, _ALONG) - 1, np.digitize(height, _HEIGHTS) - 1, alike.astype(np.int64)),
        (len(_ALONG) - 1, len(_HEIGHTS) - 1, 2),
    )


def _far(offsets: Floats, normals: Floats) -> Integers:
    """Count points in each cell, (N, away, cosines), from offsets (N, M, 3) and normals (N, 3)."""
    away = np.linalg.norm(offsets, axis=-1)
    cosine = np.einsum("nki,ni->nk", offsets, normals) / np.maximum(away, 1e-9)
    at = np.minimum(np.digitize(cosine, _COSINES) - 1, len(_COSINES) - 2)
    return _counted((np.digitize(away, _AWAY) - 1, at), (len(_AWAY) - 1, len(_COSINES) - 1))


def _counted(indices: Sequence[Integers], sizes: Sequence[int]) -> Integers:
    """Count entries in each cell, (N, *sizes), from their indices along each axis, (N, k) each."""
    count = len(indices[0])
    is_inside = np.ones(indices[0].shape, bool)
    for index, size in zip(indices, sizes, strict=True):
        is_inside &= (index >= 0) & (index < size)
    rows = np.broadcast_to(np.arange(count)[:, None], is_inside.shape)
    shape = (count, *sizes)
    cells = np.ravel_multi_index(tuple(index[is_inside] for index in (rows, *indices)), shape)
    return np.bincount(cells, minlength=math.prod(shape)).reshape(shape)


def farthest(points: Floats, count: int) -> Integers:
    """Return indices of up to `count` points (N, D), each the farthest from previous ones; the first, from the mean."""
    start = int(np.square(points - points.mean(axis=0)).sum(axis=1).argmax())
    found: Integers = _farthest(np.ascontiguousarray(points), min(count, len(points)), start)
    return found


@numba.njit(cache=True, nogil=True)
def _farthest(points: Floats, count: int, start: int) -> Integers:
    total, axes = points.shape
    chosen = np.empty(count, np.int64)
    away = np.full(total, np.inf)
    best = start
    for i in range(count):
        chosen[i] = best
        last, most = points[best], -1.0
        for j in range(total):
            squared = 0.0
            for axis in range(axes):
                squared += (points[j, axis] - last[axis]) ** 2
            away[j] = min(away[j], squared)
            if away[j] > most:
                most, best = away[j], j
    return chosen


@cache
def _weights() -> list[tuple[Singles, Singles]]:
    """Return the matrix and bias of each layer."""
    with np.load(WEIGHTS) as stored:
        count = len(stored.files) // 2
        return [
            (stored[f"matrix_{i}"].astype(np.float32), stored[f"bias_{i}"].astype(np.float32)) for i in range(count)
        ]


def _perceptron(seen: Singles) -> Singles:
    """Return the perceptron's output (N,) for cells (N, CELLS)."""
    (*hidden, (last, bias)) = _weights()
    for matrix, shift in hidden:
        seen = np.maximum(seen @ matrix.T + shift, 0)
    values: Singles = (seen @ last.T + bias)[:, 0]
    return values
