"""Distances between two places on a garment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from keygrid.data.garment import Garment
from keygrid.evaluation.material import Material

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Distances:
    """The straight distance between two places and the distance along the cloth, in file units.

    Attributes:
        straight: the straight distance.
        along: distance along the cloth at rest, between the nearest places on it; up to 4 % too long, see `Material`.
            None for a cloud, and between unconnected pieces.
    """

    straight: float
    along: float | None


def distances(
    garment: Garment, start: Floats, end: Floats, frame: int = 0, material: Material | None = None
) -> Distances:
    """Return the distances between two positions, (3,) in file units, on a frame of a garment.

    Args:
        garment: any garment.
        start: the first position.
        end: the second.
        frame: the frame, if the garment moves.
        material: the garment's material, if known.
    """
    straight = float(np.linalg.norm(end - start))
    if garment.is_cloud:
        return Distances(straight, None)
    material = material or Material.of(garment)
    tree = cKDTree(material.of_vertices @ garment.vertices_in(frame))
    first, second = (int(tree.query(place)[1]) for place in (start, end))
    along = float(dijkstra(material.graph, directed=False, indices=np.array([first]))[0, second])
    return Distances(straight, along if np.isfinite(along) else None)
