"""The edges of a mesh."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def edges_of(faces: Integers) -> tuple[Integers, Integers]:
    """Each edge of faces (F, 3) once, (E, 2), its lower vertex first; and how many triangles it belongs to, (E,)."""
    ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    edges, counts = np.unique(ends, axis=0, return_counts=True)
    return edges, counts


def edge_lengths(vertices: Floats, edges: Integers) -> Floats:
    """(..., E) lengths of edges (E, 2) between vertices (..., V, 3)."""
    lengths: Floats = np.linalg.norm(vertices[..., edges[:, 0], :] - vertices[..., edges[:, 1], :], axis=-1)
    return lengths
