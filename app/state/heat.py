"""The heatmap that a view shows: of which prediction, segments and width, and in which colours."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.state.slices import SliceSettings
from keygrid.prediction import Prediction, heatmap, heatmap_grid

Floats = NDArray[np.float64]

DIVERGING = "coolwarm"
"""The colour map of a difference between two heatmaps."""

RESOLUTION = 48
"""Samples along each side of the cube: finer, and software takes longer than a frame may to draw them."""


@dataclass(frozen=True, eq=False)
class Heat:
    """The heatmap that is shown. E segments.

    Attributes:
        prediction: whose it is; it has a heatmap, and so has the reference.
        reference: the prediction whose heatmap is subtracted, if any.
        segments: indices of those that contribute; None for all.
        sigma: width of the heatmap, normalised; None for the one that the model used.
    """

    prediction: Prediction
    reference: Prediction | None = None
    segments: tuple[int, ...] | None = None
    sigma: float | None = None

    @classmethod
    def of(
        cls,
        prediction: Prediction,
        slices: SliceSettings,
        segment: int | None = None,
        reference: Prediction | None = None,
    ) -> "Heat":
        """Make the heat to show of a prediction, one of whose segments may be selected."""
        single = (segment,) if slices.single and segment is not None and reference is None else None
        return cls(prediction, reference, single, slices.sigma)

    def same(self, other: "Heat") -> bool:
        """Return whether both show the same predictions in the same way."""
        predictions = self.prediction is other.prediction and self.reference is other.reference
        return predictions and (self.segments, self.sigma) == (other.segments, other.sigma)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The least and the most that there can be, wherever one looks."""
        high = self.prediction.most_heat
        if self.reference is None:
            return 0.0, high
        high = max(high, self.reference.most_heat)
        return -high, high

    @cached_property
    def most(self) -> float:
        """The largest value of this heatmap; for nearest segments, the strength of the strongest that contributes."""
        if self.prediction.heat_constants.distance != "nearest":
            return self.limits[1]
        strengths = [self.prediction.strengths[list(self.segments)] if self.segments else self.prediction.strengths]
        if self.reference is not None:
            strengths.append(self.reference.strengths)
        return float(max(found.max(initial=0) for found in strengths))

    def at(self, points: Floats) -> Floats:
        """(P,): at points (P, 3), normalised."""
        found = heatmap(points, self.prediction, segments=self.segments, sigma_squared=self._sigma_squared)
        if self.reference is not None:
            theirs = self.reference.normalisation.apply(self.prediction.normalisation.invert(points))
            found -= heatmap(theirs, self.reference, sigma_squared=self._sigma_squared)
        return found

    def on_grid(self, shape: tuple[int, int, int]) -> Floats:
        """(X, Y, Z): on a regular grid over [-1, 1] on each axis."""
        if self.reference is not None:
            axes = [np.linspace(-1, 1, count) for count in shape]
            return self.at(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)).reshape(shape)
        return heatmap_grid(self.prediction, shape, segments=self.segments, sigma_squared=self._sigma_squared)

    @cached_property
    def sampled(self) -> Floats:
        """(R, R, R): at `RESOLUTION` places along each axis, for what fills space."""
        return self.on_grid((RESOLUTION, RESOLUTION, RESOLUTION))

    @cached_property
    def cells(self) -> Floats:
        """(X, Y, Z): in the cells of the decoder's grid."""
        return self.on_grid(self.prediction.heat_constants.grid)

    def in_cells(self, points: Floats) -> Floats:
        """(P,): of the cell that each of some points (P, 3), normalised, is in."""
        last = np.array(self.cells.shape) - 1
        x, y, z = np.clip(np.rint((points + 1) / 2 * last), 0, last).astype(np.int64).T
        return self.cells[x, y, z]

    def on_plane(self, points: Floats, slices: SliceSettings) -> Floats:
        """(P,): as slices show it, continuous or in cells; NaN beyond the cube, where a free plane may reach."""
        values = self.in_cells(points) if slices.cells else self.at(points)
        values[(np.abs(points) > 1 + 1e-9).any(axis=1)] = np.nan
        return values

    @property
    def _sigma_squared(self) -> float | None:
        return None if self.sigma is None else self.sigma**2


def limits_of(heat: Heat, slices: SliceSettings) -> tuple[float, float]:
    """The colours' ends: those that were chosen, or those of the whole heatmap, wherever the planes are.

    Those of a difference are as far from zero as each other, so that its middle colour is where there is none.
    """
    if heat.reference is None:
        return slices.limits or slices.whole or heat.limits
    high = heat.limits[1] if slices.limits is None else max(abs(limit) for limit in slices.limits)
    return -high, high


def colour_map_of(heat: Heat, slices: SliceSettings) -> str:
    """Return the colour map, which for a difference has two directions."""
    return slices.colour_map if heat.reference is None else DIVERGING
