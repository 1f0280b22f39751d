"""Remeshing of any garment for a cloth simulator, and the map back to the garment's own surface."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, Landmarks, MaterialPoints
from keygrid.data.sampling import areas
from keygrid.errors import KeygridError
from keygrid.geometry.mesh import edges_of
from keygrid.geometry.surface import wound_alike

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST_MESH = 400_000
"""Maximum number of triangles that can be remeshed in reasonable time."""


@dataclass(frozen=True, eq=False)
class Remeshed:
    """A garment with triangles of uniform size.

    Attributes:
        garment: the same shape and landmarks on a new mesh, without frames.
        original: (V0,) material points on the new mesh, one for each original vertex.
        offsets: (V0, 3), offset of each original vertex from its material point, in the new surface's local frame.
    """

    garment: Garment
    original: MaterialPoints
    offsets: Floats

    def carry_back(self, vertices: Floats) -> Floats:
        """Return the original garment's vertices (V0, 3) for given vertices (V, 3) of the new mesh."""
        faces = self.garment.faces
        frames = _frames(vertices[faces[self.original.faces]])
        moved: Floats = self.original.on(vertices, faces) + np.einsum("vij,vj->vi", frames, self.offsets)
        return moved


def remesh(garment: Garment, vertices: int) -> Remeshed:
    """Remesh a surface to about `vertices` vertices with edges of uniform length.

    Raises:
        KeygridError: the garment can't be simulated: it is a cloud, not manifold, in pieces, too large, or has no area.
    """
    import gpytoolbox

    refuse_unfit(garment)
    # Remeshing a surface of which a part is wound the other way ends the process.
    garment = replace(garment, faces=wound_alike(garment.faces)[0])
    edge = float(np.sqrt(areas(garment).sum() / (np.sqrt(3) / 2 * vertices)))
    points, faces = gpytoolbox.remesh_botsch(
        garment.vertices, garment.faces.astype(np.int32), i=10, h=edge, project=True
    )
    faces = faces.astype(np.int64)
    _refuse_non_manifold(garment.name, faces)
    landmarks = garment.landmarks
    if landmarks is not None:
        places = nearest_material(landmarks.on(garment.vertices, garment.faces), points, faces)
        landmarks = Landmarks(places.faces, places.barycentric, landmarks.names)
    new = replace(garment, vertices=points, faces=faces, frames=None, landmarks=landmarks)
    original = nearest_material(garment.vertices, points, faces)
    away = garment.vertices - original.on(points, faces)
    offsets = np.einsum("vji,vj->vi", _frames(points[faces[original.faces]]), away)
    return Remeshed(new, original, offsets)


def refuse_unfit(garment: Garment) -> None:
    """Refuse anything but a single manifold surface of reasonable size.

    Raises:
        KeygridError: the surface is unsuitable; the message gives the reason.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    name, faces = garment.name, garment.faces
    if garment.is_cloud:
        raise KeygridError(f"{name} is a cloud without triangles; only a surface can be simulated.")
    if len(faces) > LARGEST_MESH:
        raise KeygridError(f"{name} has {len(faces):,} triangles; simplify it to at most {LARGEST_MESH:,} first.")
    if not areas(garment).sum() > 0:
        raise KeygridError(f"{name} has no area, so there is no cloth to simulate.")
    _refuse_non_manifold(name, faces)
    if not wound_alike(faces)[1]:
        raise KeygridError(f"{name} has only one side, like a Möbius strip: cut it open, or turn a part of it over.")
    ends = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_matrix((np.ones(len(ends)), ends.T), shape=(len(garment.vertices),) * 2)
    count, piece = connected_components(graph, directed=False)
    sizes = np.bincount(piece[faces[:, 0]], minlength=count)
    if (sizes > 0).sum() > 1:
        raise KeygridError(
            f"{name} is made of {(sizes > 0).sum()} pieces that share no vertices; sew or weld them into one first."
        )


def _refuse_non_manifold(name: str, faces: Integers) -> None:
    _, counts = edges_of(faces)
    if (counts > 2).any():
        raise KeygridError(
            f"{name} is not manifold: {(counts > 2).sum()} of its edges belong to three or more triangles; "
            "repair it first."
        )


def _frames(corners: Floats) -> Floats:
    """Return an orthonormal frame (M, 3, 3) of each triangle (M, 3, 3), with axes as columns."""
    along = corners[:, 1] - corners[:, 0]
    normal = np.cross(along, corners[:, 2] - corners[:, 0])
    x = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-30)
    z = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    return np.stack([x, np.cross(z, x), z], axis=2)


def nearest_material(points: Floats, vertices: Floats, faces: Integers) -> MaterialPoints:
    """Return the points on a surface nearest to `points` (M, 3)."""
    import gpytoolbox

    _, nearest, barycentric = gpytoolbox.squared_distance(points, vertices, F=faces, use_cpp=True)
    weights = np.maximum(np.asarray(barycentric, np.float64).reshape(-1, 3), 0)
    return MaterialPoints(np.asarray(nearest, np.int64).reshape(-1), weights / weights.sum(axis=1, keepdims=True))
