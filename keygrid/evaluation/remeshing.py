"""Remeshing: new triangles for every frame of a garment, and the map from places on them to its material."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.geometry.closest import closest
from keygrid.geometry.mesh import edge_lengths, edges_of
from keygrid.geometry.operators import vertex_normals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Remesh = Literal["cloth", "pose", "none"]
"""The shape to cut: the cloth at rest, with separate layers; each pose, which fuses layers; or none."""

FINEST, COARSEST = 0.8, 1.35
"""Lengths of new edges, as shares of the mean of the old ones."""
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Shown:
    """A frame of a garment as shown to a method.

    Attributes:
        garment: a mesh without frames; its vertices (V', 3) are in the pose of that frame.
        rest: (V', 3), positions of its vertices on the garment at rest.
    """

    garment: Garment
    rest: Floats

    def at_rest(self, keypoints: Floats) -> Floats:
        """Return the places (K, 3), on the garment at rest, of the cloth nearest to keypoints (K, 3), file units."""
        triangles, weights = closest(keypoints, self.garment.vertices, self.garment.faces)
        return np.einsum("kc,kcd->kd", weights, self.rest[self.garment.faces[triangles]])


def shown(garment: Garment, frame: int, remesh: Remesh, rng: np.random.Generator) -> Shown:
    """Return a frame of a garment with new triangles, whose size `rng` draws.

    Raises:
        KeygridError: remeshing fails, or needs a package that is not installed.
    """
    vertices, faces = garment.vertices_in(frame), garment.faces
    if remesh == "none":
        return Shown(Garment(garment.name, vertices, faces, category=garment.category), garment.vertices)
    source = garment.vertices if remesh == "cloth" else vertices
    mean = float(edge_lengths(source, edges_of(faces)[0]).mean())
    points, triangles = _cut(source, faces, mean * rng.uniform(FINEST, COARSEST))
    origins, weights = closest(points, source, faces, vertex_normals(points, triangles))
    posed, rest = (np.einsum("vc,vcd->vd", weights, shape[faces[origins]]) for shape in (vertices, garment.vertices))
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
