"""The keypoints that a method finds on one garment, and their explanation, as NumPy arrays; needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keygrid.data.sampling import Normalisation, Sample
from keygrid.errors import KeygridError
from keygrid.model.config import HeatmapConfig
from keygrid.prediction.method_id import MethodId

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Skeleton(Protocol):
    """Keypoints and their segments, from a prediction or a preview of a training run: K keypoints, E segments."""

    @property
    def keypoints(self) -> Floats:
        """Positions (K, 3), file units."""

    @property
    def edges(self) -> Integers:
        """Keypoint indices of each segment, (E, 2)."""

    @property
    def strengths(self) -> Floats:
        """Strength of each segment, (E,), in (0, 1]."""

    @property
    def vertices(self) -> Integers | None:
        """The garment's vertex nearest to each keypoint, (K,); None if unknown."""

    @property
    def confidence(self) -> Floats | None:
        """Confidence of each keypoint, (K,), in [0, 1]; None if unknown."""

    @property
    def explained(self) -> "Prediction | None":
        """The prediction itself, if it has an explanation; otherwise None."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """A learned method's explanation of its keypoints. K keypoints, N sampled points.

    Attributes:
        sample: the N points that the network saw, file units.
        weights: (K, N), each keypoint's distribution over the sampled points.
        normalised_reconstruction: (N, 3), the decoder's cloud, normalised; (0, 3) if it was not asked for.
        heatmap: the heatmap's constants; None if the method has none.
    """

    sample: Sample
    weights: NDArray[np.float32]
    normalised_reconstruction: Floats
    heatmap: HeatmapConfig | None


@dataclass(frozen=True, eq=False)
class Prediction:
    """Keypoints and skeleton of one garment. K keypoints, E segments.

    Attributes:
        method: the method that found them.
        normalisation: the map from file units to [-1, 1].
        normalised: (K, 3) keypoints, normalised.
        vertices: (K,), the garment's vertex nearest to each keypoint.
        edges: (E, 2), keypoint indices of each segment.
        strengths: (E,), strength of each segment, in (0, 1].
        seconds: the time that the method took.
        explanation: weights and, for most methods, heatmap and reconstruction; None if the method has none.
        ambiguous: whether front and back are indistinguishable; None if the method does not judge that.
        is_oriented: whether inside and outside could be distinguished, if the method needs that.
        on_support: for a cloud, the share of points on a plane that carries the others, such as a table; otherwise 0.
    """

    method: MethodId
    normalisation: Normalisation
    normalised: Floats
    vertices: Integers
    edges: Integers
    strengths: Floats
    seconds: float
    explanation: Explanation | None = None
    ambiguous: bool | None = None
    is_oriented: bool = True
    on_support: float = 0.0

    @property
    def caveats(self) -> tuple[str, ...]:
        """Warnings about the keypoints, each with its gist before a colon."""
        found = []
        if self.ambiguous:
            found.append(
                "Front and back are ambiguous: nothing distinguishes them, so they may be swapped, and left and "
                "right with them."
            )
        if not self.is_oriented:
            found.append("Left and right may be swapped: nothing distinguishes the garment's inside from its outside.")
        if self.on_support:
            found.append(
                f"Keypoints may be on a table: {self.on_support:.0%} of the points lie on one plane below the "
                "others. If that plane is not part of the garment, prepare the cloud first: Cloud ▸ Prepare "
                "cloud, or `main.py prepare`."
            )
        return tuple(found)

    @cached_property
    def keypoints(self) -> Floats:
        """Positions (K, 3), file units."""
        return self.normalisation.invert(self.normalised)

    @property
    def explained(self) -> "Prediction | None":
        """This prediction if it has an explanation, otherwise None."""
        return self if self.explanation is not None else None

    @property
    def heated(self) -> "Prediction | None":
        """This prediction if it has a heatmap, else None."""
        return self if self.explanation is not None and self.explanation.heatmap is not None else None

    def explain(self) -> Explanation:
        """Return the explanation.

        Raises:
            KeygridError: the method provides none.
        """
        if self.explanation is None:
            raise KeygridError(f"{self.method.label} has no weights, heatmap or reconstruction; choose a checkpoint.")
        return self.explanation

    @property
    def heat_constants(self) -> HeatmapConfig:
        """The heatmap's constants.

        Raises:
            KeygridError: the method has no heatmap.
        """
        constants = self.explain().heatmap
        if constants is None:
            raise KeygridError(f"{self.method.label} has no heatmap; choose a checkpoint of Key-Grid.")
        return constants

    @cached_property
    def reconstruction(self) -> Floats:
        """The decoder's cloud, (N, 3), file units; raises as `explain` does."""
        return self.normalisation.invert(self.explain().normalised_reconstruction)

    @cached_property
    def confidence(self) -> Floats | None:
        """Concentration of each keypoint's weights, (K,) in [0, 1]; None without an explanation.

        It is one if all weight is at the keypoint's position, and zero if the weighted points' root mean square
        distance from it is at least that of the cloud's points from their centre.
        """
        if self.explanation is None:
            return None
        points = self.normalisation.apply(self.explanation.sample.points)
        squared = np.square(points - self.normalised[:, None]).sum(axis=-1)  # [K, N]
        spread = np.sqrt((self.explanation.weights * squared).sum(axis=1))
        return np.clip(1 - spread / np.sqrt(points.var(axis=0).sum()), 0, 1)

    @cached_property
    def grid_heatmap(self) -> Floats:
        """The heatmap in the cells of the decoder's grid, spanning [-1, 1] on each axis; raises as `heat_constants`."""
        return heatmap_grid(self, self.heat_constants.grid)

    @cached_property
    def most_heat(self) -> float:
        """An upper bound of the heatmap: 1, or the grid's maximum for farthest segments; raises as `heat_constants`."""
        return 1.0 if self.heat_constants.distance == "nearest" else float(self.grid_heatmap.max())


def heatmap(
    points: Floats,
    prediction: Prediction,
    *,
    segments: Sequence[int] | None = None,
    sigma_squared: float | None = None,
) -> Floats:
    """Evaluate the heatmap anywhere: the largest s exp(-d^2 / sigma^2) over all segments (paper, section 3.3).

    Args:
        points: (P, 3), normalised.
        prediction: a prediction with a heatmap; provides segments, strengths s and constants.
        segments: indices of the contributing segments; all if not given.
        sigma_squared: squared width that overrides the model's, above 0.

    Returns:
        (P,), in [0, 1) for the nearest segment, from 0 upwards for the farthest; 0 where no segment contributes.

    Raises:
        KeygridError: the prediction has no heatmap.
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
    """Evaluate the heatmap on a regular grid of `shape` over [-1, 1] on each axis, (X, Y, Z); see `heatmap`."""
    from keygrid.geometry.segments import strongest_on_grid  # compiles, which importing this module should not wait for

    if segments is not None and len(segments) == 0:
        return np.zeros(shape)
    x, y, z = (np.linspace(-1, 1, cells) for cells in shape)
    return np.exp(strongest_on_grid((x, y, z), *_segments(prediction, segments, sigma_squared)))


def _segments(
    prediction: Prediction, chosen: Sequence[int] | None = None, sigma_squared: float | None = None
) -> tuple[Floats, Floats, Floats, float]:
    """Return starts, ends, logarithms of strengths, and the factor of squared distances, for `geometry.segments`."""
    constants = prediction.heat_constants
    sigma_squared = constants.sigma_squared if sigma_squared is None else sigma_squared
    if not sigma_squared > 0:
        raise ValueError("sigma squared must be above 0")
    edges, strengths = prediction.edges, prediction.strengths
    if chosen is not None:
        edges, strengths = edges[list(chosen)], strengths[list(chosen)]
    starts, ends = prediction.normalised[edges.T]
    with np.errstate(divide="ignore"):  # a strength may have been rounded to zero
        logarithms = np.log(strengths)
    sign = -1 if constants.distance == "nearest" else 1
    return starts, ends, logarithms, sign / sigma_squared
