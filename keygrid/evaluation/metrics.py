"""Whether keypoints stay on their part of the cloth, and whether they are all over it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.evaluation.material import Material

Floats = NDArray[np.float64]

TOLERANCE = 0.02
"""How far from a keypoint a layer of cloth may lie and still be meant, as a share of the garment's extent."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Of one garment that moves, T frames, K keypoints; distances along the cloth at rest over the root of its area.

    Attributes:
        strict: (T, K), from where a keypoint is on the cloth to where it is in the middle one of all frames: the place
            that is nearest to those in the others (the medoid). The cloth nearest to the keypoint counts.
        tolerant: (T, K), the same for the best place within `TOLERANCE` of the keypoint, because no cloud tells layers
            that lie on each other apart.
        coverage: (T,), mean distance from a place on the cloth to the nearest keypoint.
        consistency: the share of keypoints which in later frames are nearest to where they were in the first, of all
            keypoints (SC3K); NaN with one frame.
    """

    strict: Floats
    tolerant: Floats
    coverage: Floats
    consistency: float


def scores(keypoints: Floats, garment: Garment, material: Material | None = None) -> Scores:
    """Judge the keypoints (T, K, 3), file units, of all frames of a garment.

    Args:
        keypoints: as above.
        garment: a surface that moves.
        material: of the garment, if it is at hand.

    Raises:
        KeygridError: the garment does not move or is a cloud.
    """
    if garment.frames is None:
        raise KeygridError(f"{garment.name} does not move, so nobody can say whether keypoints keep their places.")
    material = material or Material.of(garment)
    count, each, _ = keypoints.shape
    places = np.empty((count, each), np.int64)  # vertices of the refined mesh
    near: list[list[NDArray[np.int64]]] = []
    for frame in range(count):
        positions = material.of_vertices @ garment.vertices_in(frame)
        tree = cKDTree(positions)
        places[frame] = tree.query(keypoints[frame])[1]
        reach = TOLERANCE * float(np.ptp(positions, axis=0).max())
        near.append([np.array([*found], dtype=np.int64) for found in tree.query_ball_point(keypoints[frame], reach)])

    distances = material.distances(places.ravel()).reshape(count, each, -1)
    strict, tolerant = np.empty((count, each)), np.empty((count, each))
    for k in range(each):
        between = distances[:, k][:, places[:, k]]  # [T, T]
        from_medoid = distances[between.sum(axis=1).argmin(), k]
        strict[:, k] = from_medoid[places[:, k]]
        for frame in range(count):
            tolerant[frame, k] = from_medoid[np.append(near[frame][k], places[frame, k])].min()
    coverage = distances.min(axis=1) @ material.shares
    later = distances[1:, :, places[0]].argmin(axis=1)  # [T - 1, K]: which keypoint is nearest to where each was
    consistency = float((later == np.arange(each)).mean()) if count > 1 else np.nan
    return Scores(strict, tolerant, coverage, consistency)
