"""What a checkpoint says of one garment, as NumPy arrays: nothing here needs torch."""

from collections.abc import Sequence
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
        return heatmap_grid(self, self.field.grid)

    @cached_property
    def most_heat(self) -> float:
        """What the heatmap exceeds nowhere: 1, or where it is to farthest segments, the most in the decoder's grid."""
        return 1.0 if self.field.distance == "nearest" else float(self.grid_heatmap.max())


def heatmap(
    points: Floats,
    prediction: Prediction,
    *,
    segments: Sequence[int] | None = None,
    sigma_squared: float | None = None,
) -> Floats:
    """The heatmap anywhere: the largest s exp(-d^2 / sigma^2) over all segments (paper, section 3.3).

    Args:
        points: (P, 3), normalised.
        prediction: gives segments, strengths s and constants.
        segments: indices of those that contribute; all if not given.
        sigma_squared: another width than the model's, above 0.

    Returns:
        (P,), in [0, 1) for the nearest segment, from 0 upwards for the farthest; 0 where no segment contributes.
    """
    from keygrid.geometry.segments import strongest

    if segments is not None and len(segments) == 0:
        return np.zeros(len(points))
    # One exponential a point: the largest product is the exponential of the largest logarithm.
    return np.exp(strongest(points, *_segments(prediction, segments, sigma_squared))[0])


def heatmap_grid(
    prediction: Prediction,
    shape: tuple[int, int, int],
    *,
    segments: Sequence[int] | None = None,
    sigma_squared: float | None = None,
) -> Floats:
    """(X, Y, Z): the heatmap on a regular grid of that `shape` over [-1, 1] on each axis; else as `heatmap`."""
    from keygrid.geometry.segments import strongest_on_grid  # compiles, which importing this module should not wait for

    if segments is not None and len(segments) == 0:
        return np.zeros(shape)
    x, y, z = (np.linspace(-1, 1, cells) for cells in shape)
    return np.exp(strongest_on_grid((x, y, z), *_segments(prediction, segments, sigma_squared)))


def _segments(
    prediction: Prediction, chosen: Sequence[int] | None = None, sigma_squared: float | None = None
) -> tuple[Floats, Floats, Floats, float]:
    """Starts, ends, logarithms of strengths, and the factor of squared distances, as `geometry.segments` takes them."""
    sigma_squared = prediction.field.sigma_squared if sigma_squared is None else sigma_squared
    if not sigma_squared > 0:
        raise ValueError("sigma squared must be above 0")
    edges, strengths = prediction.edges, prediction.strengths
    if chosen is not None:
        edges, strengths = edges[list(chosen)], strengths[list(chosen)]
    starts, ends = prediction.normalised[edges.T]
    with np.errstate(divide="ignore"):  # a strength may have been rounded to zero
        logarithms = np.log(strengths)
    sign = -1 if prediction.field.distance == "nearest" else 1
    return starts, ends, logarithms, sign / sigma_squared
