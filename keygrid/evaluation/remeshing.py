"""Remeshing: new triangles for every frame of a garment, and the way back from places on them to its material."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.geometry.mesh import edge_lengths, edges_of, face_normals
from keygrid.geometry.operators import vertex_normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Remesh = Literal["cloth", "pose", "none"]
"""The shape that new triangles are cut on: the cloth at rest, where layers are apart, or each pose as it is, as a
scanner would, which melts layers of crumpled cloth into each other; or none."""

FINEST, COARSEST = 0.8, 1.35
"""Lengths of new edges, as shares of the mean of the old ones."""
_ROUNDS = 6
_AROUND = 16
"""Triangles nearest to a point among which the one is looked for that it lies on."""
_FACING = 0.3
"""The least cosine of two normals of one layer."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A frame of a garment as it is shown to a method.

    Attributes:
        garment: a mesh without frames, its vertices (V', 3) where they are in that frame.
        rest: (V', 3), where its vertices are on the garment at rest.
    """

    garment: Garment
    rest: Floats

    def at_rest(self, keypoints: Floats) -> Floats:
        """Return the places (K, 3), on the garment at rest, of the cloth nearest to keypoints (K, 3), file units."""
        corners, weights = closest(keypoints, self.garment.vertices, self.garment.faces)
        return np.einsum("kc,kcd->kd", weights, self.rest[corners])


def shown(garment: Garment, frame: int, remesh: Remesh, rng: np.random.Generator) -> Shown:
    """A frame of a garment with triangles of its own, the size of which `rng` draws.

    Raises:
        KeygridError: remeshing needs a package that is not there, or fails.
    """
    vertices, faces = garment.vertices_in(frame), garment.faces
    if remesh == "none":
        return Shown(Garment(garment.name, vertices, faces, category=garment.category), garment.vertices)
    source = garment.vertices if remesh == "cloth" else vertices
    mean = float(edge_lengths(source, edges_of(faces)[0]).mean())
    points, triangles = _cut(source, faces, mean * rng.uniform(FINEST, COARSEST))
    corners, weights = closest(points, source, faces, vertex_normals(points, triangles))
    posed, rest = (np.einsum("vc,vcd->vd", weights, shape[corners]) for shape in (vertices, garment.vertices))
    if remesh == "pose":
        posed = points
    return Shown(Garment(garment.name, posed, triangles, category=garment.category), rest)


def _cut(vertices: Floats, faces: Integers, edge: float) -> tuple[Floats, Integers]:
    try:
        import gpytoolbox
    except ImportError as error:
        raise KeygridError(
            "Remeshing needs the package gpytoolbox; install the extra `simulate`, or evaluate with --remesh none."
        ) from error
    points, triangles = gpytoolbox.remesh_botsch(vertices, faces.astype(np.int32), _ROUNDS, edge, True)
    kept = np.unique(triangles)
    index = np.full(len(points), -1)
    index[kept] = np.arange(len(kept))
    return points[kept], index[triangles]


def closest(
    points: Floats, vertices: Floats, faces: Integers, normals: Floats | None = None
) -> tuple[Integers, Floats]:
    """The points of a surface that are closest to `points` (M, 3): corners (M, 3) and barycentric weights (M, 3).

    Args:
        points: as above.
        vertices: (V, 3).
        faces: (F, 3).
        normals: (M, 3) of the points' own surface, with which the surface's are to agree: of two layers that lie on
            each other, only one faces the same way.
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
    return faces[near[rows, best]], weights[rows, best]


def _barycentric(points: Floats, triangles: Floats) -> Floats:
    """(..., 3): weights of the corners of triangles (..., 3, 3) at their points closest to `points` (..., 3)."""
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
