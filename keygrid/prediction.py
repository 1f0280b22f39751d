"""What a checkpoint says of one garment, as NumPy arrays: nothing here needs torch."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.sampling import Normalisation, Sample

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """The checkpoint that a prediction came from.

    Attributes:
        path: its file.
        fingerprint: of the file's content.
        category: what it was trained on; empty where not known.
    """

    path: Path
    fingerprint: str
    category: str


@dataclass(frozen=True)
class Field:
    """The heatmap's constants; see `keygrid.model.config.ModelConfig`."""

    distance: Literal["nearest", "farthest"]
    sigma_squared: float
    grid: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Keypoints, skeleton and reconstruction of one garment. K keypoints, N sampled points, E = K(K-1)/2 segments.

    Attributes:
        checkpoint: what predicted.
        sample: the N points the network saw, file units.
        normalisation: the map from file units to the network's.
        normalised: (K, 3) keypoints, normalised.
        weights: (K, N), each keypoint's distribution over the sampled points.
        vertices: (K,), the garment's vertex nearest to each keypoint.
        edges: (E, 2), keypoint indices of each segment.
        strengths: (E,), each segment's in (0, 1).
        normalised_reconstruction: (N, 3), the decoder's cloud, normalised.
        field: the heatmap's constants.
        seconds: how long the network took.
    """

    checkpoint: Source
    sample: Sample
    normalisation: Normalisation
    normalised: Floats
    weights: NDArray[np.float32]
    vertices: Integers
    edges: Integers
    strengths: Floats
    normalised_reconstruction: Floats
    field: Field
    seconds: float

    @cached_property
    def keypoints(self) -> Floats:
        """(K, 3), file units."""
        return self.normalisation.invert(self.normalised)

    @cached_property
    def reconstruction(self) -> Floats:
        """(N, 3), file units."""
        return self.normalisation.invert(self.normalised_reconstruction)

    @cached_property
    def confidence(self) -> Floats:
        """(K,) in [0, 1]: how concentrated a keypoint's weights are.

        One where all weight is on the keypoint's place; zero where the weighted points lie as far from it, in the root
        mean square, as the cloud's points lie from their centre, or farther.
        """
        points = self.normalisation.apply(self.sample.points)
        squared = np.square(points - self.normalised[:, None]).sum(axis=-1)  # [K, N]
        spread = np.sqrt((self.weights * squared).sum(axis=1))
        return np.clip(1 - spread / np.sqrt(points.var(axis=0).sum()), 0, 1)

    @cached_property
    def grid_heatmap(self) -> Floats:
        """The heatmap in the cells of the decoder's grid, which span [-1, 1] on each axis: what the decoder saw."""
        axes = [np.linspace(-1, 1, cells) for cells in self.field.grid]
        cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        return heatmap(cells, self).reshape(self.field.grid)


def heatmap(points: Floats, prediction: Prediction) -> Floats:
    """The heatmap anywhere: the largest s exp(-d^2 / sigma^2) over all segments (paper, section 3.3).

    Args:
        points: (P, 3), normalised.
        prediction: gives segments, strengths s and constants.

    Returns:
        (P,), in [0, 1) for the nearest segment, from 0 upwards for the farthest.
    """
    starts, ends = prediction.normalised[prediction.edges.T]
    sign = -1 if prediction.field.distance == "nearest" else 1
    with np.errstate(divide="ignore"):  # a strength may have been rounded to zero
        logarithms = np.log(prediction.strengths)
    largest = np.empty(len(points))
    # Few points at a time, so that what is made for each pair of point and segment stays in the processor's cache.
    for begin in range(0, len(points), step := max(1, _CACHED_PAIRS // len(starts))):
        exponent = squared_distance_to_segments(points[begin : begin + step], starts, ends)
        exponent *= sign / prediction.field.sigma_squared
        exponent += logarithms
        exponent.max(axis=1, out=largest[begin : begin + step])
    # One exponential a point: the largest product is the exponential of the largest logarithm.
    return np.exp(largest)


_CACHED_PAIRS = 1 << 14


def squared_distance_to_segments(points: Floats, starts: Floats, ends: Floats) -> Floats:
    """(P, E): squared distance of points (P, 3) to segments from `starts` (E, 3) to `ends` (E, 3)."""
    along = ends - starts
    length = np.square(along).sum(axis=1)
    # Dot products of points with segments are matrix products; (P, E, 3) arrays are never made.
    offset = points @ along.T
    offset -= (starts * along).sum(axis=1)
    t = offset / np.where(length > 0, length, 1)
    np.clip(t, 0, 1, out=t)
    squared = points @ (-2 * starts.T)
    squared += np.square(points).sum(axis=1)[:, None]
    squared += np.square(starts).sum(axis=1)
    # |p - s - t a|^2 = |p - s|^2 + t (t |a|^2 - 2 (p - s) a)
    offset *= -2
    offset += t * length
    offset *= t
    squared += offset
    return np.maximum(squared, 0, out=squared)
