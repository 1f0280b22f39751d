"""Drift of keypoints along the cloth: their places in each frame, and the distance from where they mostly are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.state.document import Subject
from keygrid.data.garment import Garment
from keygrid.prediction import Prediction

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Drifts:
    """Keypoints of the frames of a garment on its shape at rest. T frames that are predicted, K keypoints.

    Attributes:
        frames: (T,), in order.
        vertices: (T, K), the vertex nearest to each keypoint, which is the same piece of cloth in every frame.
        places: (T, K, 3), where these are at rest, file units.
        distances: (T, K), from the keypoint's medoid over the frames, straight, as shares of the garment's diagonal.
    """

    frames: NDArray[np.int64]
    vertices: NDArray[np.int64]
    places: Floats
    distances: Floats

    @classmethod
    def of(cls, garment: Garment | None, predictions: Mapping[int, Prediction]) -> "Drifts | None":
        """Return what predictions by frame say; None where fewer than two frames are predicted."""
        if garment is None or garment.frame_count < 2 or len(predictions) < 2:
            return None
        frames = sorted(predictions)
        vertices = np.stack([predictions[frame].vertices for frame in frames])
        places = garment.vertices[vertices]
        away = np.linalg.norm(places[:, None] - places[None], axis=-1)  # [T, T, K]
        medoids = away.sum(axis=1).argmin(axis=0)
        distances = away[medoids, :, np.arange(vertices.shape[1])].T / max(garment.diagonal, 1e-30)
        return cls(np.array(frames), vertices, places, distances)

    def of_keypoint(self, keypoint: int | None) -> Floats:
        """Return the drift (T,) of a keypoint, or in the mean of all if none or another one is given."""
        if keypoint is not None and keypoint < self.distances.shape[1]:
            return self.distances[:, keypoint]
        found: Floats = self.distances.mean(axis=1)
        return found


def next_worst(subject: Subject) -> int | None:
    """Return the frame with the next less drift than the one that is shown, the worst after the best; None if unknown.

    The drift is the selected keypoint's, or that of all in the mean.
    """
    drifts = Drifts.of(subject.garment, subject.predictions)
    if drifts is None:
        return None
    order = drifts.frames[np.argsort(-drifts.of_keypoint(subject.keypoint), kind="stable")].tolist()
    here = order.index(subject.frame) if subject.frame in order else -1
    return int(order[(here + 1) % len(order)])
