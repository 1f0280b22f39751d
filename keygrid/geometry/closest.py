"""The closest places on a surface."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.geometry.mesh import edge_lengths, edges_of, face_normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_AROUND = 16
"""Number of nearest triangles in which the closest place is searched."""
_FACING = 0.3
"""Minimum cosine between two normals on the same layer."""


def closest(
    points: Floats, vertices: Floats, faces: Integers, normals: Floats | None = None
) -> tuple[Integers, Floats]:
    """Return the places on a surface closest to `points` (M, 3): triangles (M,) and weights (M, 3) of their corners.

    Args:
        points: positions.
        vertices: (V, 3).
        faces: (F, 3).
        normals: (M, 3), normals of the points' own surface, which the surface's should match: of two touching layers,
            only one faces the same way.
    """
    middles = vertices[faces].mean(axis=1)
    near = cKDTree(middles).query(points, min(_AROUND, len(faces)))[1].reshape(len(points), -1)
    weights = _barycentric(points[:, None], vertices[faces[near]])
    away = np.linalg.norm(np.einsum("mkc,mkcd->mkd", weights, vertices[faces[near]]) - points[:, None], axis=-1)
    if normals is not None:
        of_faces = face_normals(vertices, faces)
        of_faces /= np.maximum(np.linalg.norm(of_faces, axis=1, keepdims=True), 1e-300)
        facing = np.einsum("mkd,md->mk", of_faces[near], normals)
        edge = float(edge_lengths(vertices, edges_of(faces)[0]).mean())
        away = away + 2 * edge * np.maximum(_FACING - facing, 0)
    best, rows = away.argmin(axis=1), np.arange(len(points))
    return np.asarray(near[rows, best], np.int64), weights[rows, best]


def _barycentric(points: Floats, triangles: Floats) -> Floats:
    """Return weights (..., 3) of triangles' corners (..., 3, 3) for the places closest to `points` (..., 3)."""
    a, b, c = (triangles[..., corner, :] for corner in range(3))
    points = np.broadcast_to(points, a.shape)
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (np.sum(u * v, axis=-1) for u, v in ((ab, ab), (ab, ac), (ac, ac)))
    d20, d21 = np.sum(ap * ab, axis=-1), np.sum(ap * ac, axis=-1)
    scale = np.maximum(d00 * d11 - d01 * d01, 1e-300)
    v, w = (d11 * d20 - d01 * d21) / scale, (d00 * d21 - d01 * d20) / scale
    inside = np.stack([1 - v - w, v, w], axis=-1)
    on_edges, distances = [], []
    for start, (p, q) in enumerate(((a, b), (b, c), (c, a))):
        along = q - p
        t = np.clip(np.sum((points - p) * along, axis=-1) / np.maximum(np.sum(along * along, axis=-1), 1e-300), 0, 1)
        distances.append(np.linalg.norm(p + t[..., None] * along - points, axis=-1))
        weights = np.zeros((*t.shape, 3))
        weights[..., start], weights[..., (start + 1) % 3] = 1 - t, t
        on_edges.append(weights)
    nearest = np.argmin(np.stack(distances, axis=-1), axis=-1)
    edge = np.take_along_axis(np.stack(on_edges, axis=-2), nearest[..., None, None], axis=-2)[..., 0, :]
    found: Floats = np.where((inside >= 0).all(axis=-1, keepdims=True), inside, edge)
    return found
