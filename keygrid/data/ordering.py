"""An order of triangles or points that depends on their shape, not their file, so that the same points are drawn."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_BITS = 16
"""Base-2 logarithm of the number of cells along each axis."""
_EVEN = 0.02
"""Skewness below which a shape is nearly symmetric; an axis then points where its largest component is positive."""


def ordered(vertices: Floats, faces: Integers, areas: Floats) -> tuple[Integers, Integers]:
    """Order triangles, and the corners of each, by their place on the shape.

    The result does not depend on the order of faces, corners and vertices in a file, or on a rotation of the whole
    shape, except that rounding may swap neighbours: the order follows a curve through the shape in its own axes.

    Args:
        vertices: (V, 3).
        faces: (F, 3).
        areas: (F,), areas of the triangles.

    Returns:
        The order of the faces, (F,), and the order of the corners of each face in the file, (F, 3).
    """
    own = _in_own_axes(vertices, faces, areas)
    place = _along_curve(own)
    corners = np.argsort(place[faces], axis=1, kind="stable")
    middles = own[faces].mean(axis=1)
    return np.argsort(_along_curve(middles), kind="stable"), corners


def ordered_points(points: Floats) -> Integers:
    """Return the order, (N,), of a cloud's points (N, 3) along the same curve, whatever their order in a file."""
    own = _in_own_axes(points, np.arange(len(points))[:, None], np.ones(len(points)))
    return np.argsort(_along_curve(own), kind="stable")


def _in_own_axes(vertices: Floats, faces: Integers, areas: Floats) -> Floats:
    """(V, 3): positions along the shape's principal axes, in [0, 1]."""
    middles = vertices[faces].mean(axis=1)
    weights = areas / areas.sum()
    centre = weights @ middles
    away = middles - centre
    axes = np.linalg.eigh((away * weights[:, None]).T @ away)[1]
    along = away @ axes
    skewness = weights @ along**3 / np.maximum((weights @ along**2) ** 1.5, 1e-300)
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(3)]
    axes = axes * np.where(np.where(np.abs(skewness) > _EVEN, skewness, largest) < 0, -1, 1)
    own = (vertices - centre) @ axes
    used = own[faces.ravel()]
    low = used.min(axis=0)
    shares: Floats = (own - low) / max((used.max(axis=0) - low).max(), 1e-300)
    return shares


def _along_curve(positions: Floats) -> Integers:
    """(N,): places along a curve through cells (Morton's), by which neighbours are mostly close to each other."""
    cells = np.clip(positions * 2**_BITS, 0, 2**_BITS - 1).astype(np.int64)
    code = np.zeros(len(cells), np.int64)
    for bit in range(_BITS):
        for axis in range(3):
            code |= ((cells[:, axis] >> bit) & 1) << (3 * bit + axis)
    return code
