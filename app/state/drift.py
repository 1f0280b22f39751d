"""Drift of keypoints along the cloth: their distance from their usual place, by frame."""

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
    """Keypoints of all predicted frames, located on the garment at rest: T predicted frames, K keypoints.

    Attributes:
        frames: (T,), indices of the frames, in order.
        vertices: (T, K), the vertex nearest to each keypoint; it is the same piece of cloth in all frames.
        places: (T, K, 3), positions of these vertices at rest, file units.
        distances: (T, K), straight distances from the keypoint's medoid over the frames, as shares of the garment's
            diagonal.
    """

    frames: NDArray[np.int64]
    vertices: NDArray[np.int64]
    places: Floats
    distances: Floats

    @classmethod
    def of(cls, garment: Garment | None, predictions: Mapping[int, Prediction]) -> "Drifts | None":
        """Return the drift in predictions by frame; None if fewer than two frames are predicted."""
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
        """Return the drift (T,) of a keypoint; the mean drift of all if the keypoint is None or unknown."""
        if keypoint is not None and keypoint < self.distances.shape[1]:
            return self.distances[:, keypoint]
        found: Floats = self.distances.mean(axis=1)
        return found


def next_worst(subject: Subject) -> int | None:
    """Return the frame with the next smaller drift than the current one; after the best, the worst; None if unknown.

    The drift is that of the selected keypoint, or the mean of all.
    """
    drifts = Drifts.of(subject.garment, subject.predictions)
    if drifts is None:
        return None
    order = drifts.frames[np.argsort(-drifts.of_keypoint(subject.keypoint), kind="stable")].tolist()
    here = order.index(subject.frame) if subject.frame in order else -1
    return int(order[(here + 1) % len(order)])
