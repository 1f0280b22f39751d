"""The weights of keypoints anywhere on a garment."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, MaterialPoints
from keygrid.prediction import Prediction

Floats = NDArray[np.float64]


class Weights:
    """A prediction's weights anywhere on the garment's material, taken from nearby sampled points.

    Weights are shares of each keypoint's largest weight. K keypoints, N sampled points, V vertices.

    Args:
        prediction: a prediction with an explanation.
        garment: its garment.
    """

    NEIGHBOURS = 3

    def __init__(self, prediction: Prediction, garment: Garment) -> None:
        self._prediction, self._garment = prediction, garment

    def are_of(self, prediction: Prediction, garment: Garment) -> bool:
        """Return whether the weights belong to this prediction and garment."""
        return self._prediction is prediction and self._garment is garment

    def of_samples(self, keypoint: int) -> Floats:
        """Return one keypoint's weights (N,) at the sampled points."""
        return self._shares[keypoint]

    def of_vertices(self, keypoint: int) -> Floats:
        """Return one keypoint's weights (V,) at the vertices."""
        distances, nearest = map(np.asarray, self._tree.query(self._garment.vertices, k=self.NEIGHBOURS))
        closeness = 1 / np.maximum(distances, 1e-9 * max(float(distances.max()), 1e-30))
        closeness /= closeness.sum(axis=1, keepdims=True)
        return np.einsum("vn,vn->v", self._shares[keypoint][nearest], closeness)

    def at(self, face: int, barycentric: Floats) -> Floats:
        """Return all keypoints' weights (K,) at a place in a triangle, taken from the nearest sampled point."""
        place = MaterialPoints(np.array([face]), barycentric[None])
        nearest = self._tree.query(place.on(self._garment.vertices, self._garment.faces)[0])[1]
        return self._shares[:, int(nearest)]

    @cached_property
    def _shares(self) -> Floats:
        weights = self._prediction.explain().weights
        return (weights / np.maximum(weights.max(axis=1, keepdims=True), 1e-30)).astype(np.float64)

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree  # which starting the window should not wait for

        # At rest, layers of cloth that lie on each other are apart, and what is near is near along the cloth.
        return cKDTree(self._prediction.explain().sample.on(self._garment.vertices, self._garment.faces))
