"""A garment's material as a fine mesh, for measuring distances along the cloth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, identity, vstack
from scipy.sparse.csgraph import dijkstra

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.geometry.mesh import edge_lengths, edges_of, face_normals, split_in_four, surface_graph

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SPACING = 0.01
"""Largest median edge length, as a share of the square root of the area."""
_MOST = 30_000
"""Number of vertices above which the mesh is not refined further."""


@dataclass(frozen=True, eq=False)
class Material:
    """The surface at rest, refined from V to V' vertices.

    A keypoint's place is its nearest vertex, with an error below half an edge: about a 200th of the square root of the
    area on a refined mesh. Distances follow edges and diagonals across pairs of triangles, so they exceed the shortest
    ones, by up to 4 % on a regular mesh.

    Attributes:
        of_vertices: (V', V), maps the garment's vertices to those of the refined mesh, in any frame.
        graph: (V', V'), edge lengths at rest.
        shares: (V',), each vertex's share of the area; sums to one.
        unit: the square root of the area, in file units, by which distances are divided.
    """

    of_vertices: csr_matrix
    graph: csr_matrix
    shares: Floats
    unit: float

    @classmethod
    def of(cls, garment: Garment, *, refined: bool = True) -> "Material":
        """Return the material of a surface in its shape at rest.

        Args:
            garment: the surface.
            refined: whether to refine the mesh; otherwise the garment's own triangles are kept.

        Raises:
            KeygridError: the garment is a cloud.
        """
        if garment.is_cloud:
            raise KeygridError(
                f"{garment.name} is a cloud, and distances can be measured only along a surface; open a mesh."
            )
        of_vertices, vertices, faces = identity(len(garment.vertices), format="csr"), garment.vertices, garment.faces
        unit = float(np.sqrt(_areas(vertices, faces).sum()))
        while True:
            edges, _ = edges_of(faces)
            is_fine = not refined or np.median(edge_lengths(vertices, edges)) <= _SPACING * unit
            if is_fine or len(vertices) + len(edges) > _MOST:
                break
            edges, faces = split_in_four(len(vertices), faces)
            rows = np.repeat(np.arange(len(edges)), 2)
            halves = csr_matrix((np.full(2 * len(edges), 0.5), (rows, edges.ravel())), (len(edges), len(vertices)))
            refine = csr_matrix(vstack([identity(len(vertices)), halves]))
            of_vertices, vertices = refine @ of_vertices, refine @ vertices
        shares = np.bincount(faces.ravel(), np.repeat(_areas(vertices, faces), 3), len(vertices))
        return cls(csr_matrix(of_vertices), surface_graph(vertices, faces, edges), shares / shares.sum(), unit)

    def distances(self, sources: Integers) -> Floats:
        """Return distances (S, V') along the cloth from vertices (S,) to all, over the square root of the area."""
        unique, index = np.unique(sources, return_inverse=True)
        found = dijkstra(self.graph, directed=False, indices=unique) / self.unit
        # What hangs together nowhere is as far as the farthest that does.
        found[np.isinf(found)] = found[np.isfinite(found)].max()
        return found[index]


def _areas(vertices: Floats, faces: Integers) -> Floats:
    areas: Floats = np.linalg.norm(face_normals(vertices, faces), axis=1) / 2
    return areas
