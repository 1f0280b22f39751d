"""What can be said of keypoints on one garment, however little is known of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment

if TYPE_CHECKING:
    from keygrid.evaluation.material import Material

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judgement:
    """Scores of keypoints on one garment; None where the garment does not tell. T frames, K keypoints.

    Attributes:
        coverage: mean distance from a place on the garment to the nearest keypoint: along the cloth over the root of
            its area, as `keygrid.evaluation.metrics.Scores` has it; of a cloud, straight over the diagonal of its box.
        strict: (T, K), correspondence error of each keypoint in each frame; likewise.
        tolerant: (T, K), the same, layer-tolerant.
        consistency: self-consistency.
        agreement: `landmark_agreement` over the frames.
    """

    coverage: float
    strict: Floats | None = None
    tolerant: Floats | None = None
    consistency: float | None = None
    agreement: float | None = None


def judge(keypoints: Floats, garment: Garment, material: "Material | None" = None) -> Judgement:
    """Judge the keypoints (T, K, 3), file units, of all frames of a garment; T is 1 if it does not move.

    Args:
        keypoints: as above.
        garment: any garment.
        material: of the garment, if it is at hand.
    """
    from scipy.spatial import cKDTree  # takes longer to import than a window may to start

    from keygrid.evaluation.material import Material
    from keygrid.evaluation.metrics import scores

    if garment.is_cloud:
        clouds = [garment.vertices_in(frame) for frame in range(len(keypoints))]
        nearest = [np.mean(cKDTree(found).query(cloud)[0]) for found, cloud in zip(keypoints, clouds, strict=True)]
        return Judgement(float(np.mean(nearest)) / garment.diagonal, agreement=_agreement(keypoints, garment))
    material = material or Material.of(garment)
    if garment.frames is None:
        places = np.asarray(cKDTree(material.of_vertices @ garment.vertices).query(keypoints[0])[1], dtype=np.int64)
        return Judgement(float(material.distances(places).min(axis=0) @ material.shares))
    found = scores(keypoints, garment, material)
    consistency = None if np.isnan(found.consistency) else found.consistency
    agreement = _agreement(keypoints, garment)
    return Judgement(float(found.coverage.mean()), found.strict, found.tolerant, consistency, agreement)


def _agreement(keypoints: Floats, garment: Garment) -> float | None:
    marks = garment.landmarks
    if marks is None or len(keypoints) < 2:
        return None
    return landmark_agreement(
        keypoints, np.stack([marks.on(garment.vertices_in(frame), garment.faces) for frame in range(len(keypoints))])
    )


def landmark_agreement(keypoints: Floats, landmarks: Floats) -> float:
    """Whether keypoints and landmarks stay each other's nearest: the dual alignment score over frames, from 0 to 1.

    The mean of two shares of all pairs of different frames: of keypoints that have the same nearest landmark in both,
    and of landmarks that have the same nearest keypoint (Skeleton Merger, CVPR 2021, whose released evaluation
    counts pairs of a sample with itself, too).

    Args:
        keypoints: (T, K, 3), T of 2 or more.
        landmarks: (T, M, 3), in the same frames.
    """
    between = np.linalg.norm(keypoints[:, :, None] - landmarks[:, None], axis=-1)  # [T, K, M]
    return (_kept(between.argmin(axis=2)) + _kept(between.argmin(axis=1))) / 2


def _kept(nearest: NDArray[np.int64]) -> float:
    """The share of pairs of different rows in which an entry of (T, N) is the same."""
    frames = len(nearest)
    same = (nearest[:, None] == nearest[None]).sum() - nearest.size  # without pairs of a row with itself
    return float(same) / (frames * (frames - 1) * nearest.shape[1])
