"""The heatmap of a view: its prediction, segments, width and colours."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.state.slices import SliceSettings
from keygrid.prediction import Prediction, heatmap, heatmap_grid

Floats = NDArray[np.float64]

DIVERGING = "coolwarm"
"""Colour map for a difference between two heatmaps."""

RESOLUTION = 48
"""Samples along each side of the cube; with more, software rendering takes longer than a frame allows."""


@dataclass(frozen=True, eq=False)
class Heat:
    """The heatmap that is shown, over E segments.

    Attributes:
        prediction: source of the heatmap; both it and the reference have one.
        reference: the prediction whose heatmap is subtracted, if any.
        segments: indices of the contributing segments; None for all.
        sigma: width of the heatmap, normalised; None for the model's own.
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
        """Return the heat of a prediction, of which one segment may be selected."""
        single = (segment,) if slices.single and segment is not None and reference is None else None
        return cls(prediction, reference, single, slices.sigma)

    def same(self, other: "Heat") -> bool:
        """Return whether both show the same predictions in the same way."""
        predictions = self.prediction is other.prediction and self.reference is other.reference
        return predictions and (self.segments, self.sigma) == (other.segments, other.sigma)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The smallest and largest possible values of the heatmap."""
        high = self.prediction.most_heat
        if self.reference is None:
            return 0.0, high
        high = max(high, self.reference.most_heat)
        return -high, high

    @cached_property
    def most(self) -> float:
        """The largest value of this heatmap; for nearest segments, the largest strength of a contributing segment."""
        if self.prediction.heat_constants.distance != "nearest":
            return self.limits[1]
        strengths = [self.prediction.strengths[list(self.segments)] if self.segments else self.prediction.strengths]
        if self.reference is not None:
            strengths.append(self.reference.strengths)
        return float(max(found.max(initial=0) for found in strengths))

    def at(self, points: Floats) -> Floats:
        """Evaluate the heatmap at points (P, 3), normalised; return (P,)."""
        found = heatmap(points, self.prediction, segments=self.segments, sigma_squared=self._sigma_squared)
        if self.reference is not None:
            theirs = self.reference.normalisation.apply(self.prediction.normalisation.invert(points))
            found -= heatmap(theirs, self.reference, sigma_squared=self._sigma_squared)
        return found

    def on_grid(self, shape: tuple[int, int, int]) -> Floats:
        """Evaluate the heatmap on a regular grid over [-1, 1] on each axis; return (X, Y, Z)."""
        if self.reference is not None:
            axes = [np.linspace(-1, 1, count) for count in shape]
            return self.at(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)).reshape(shape)
        return heatmap_grid(self.prediction, shape, segments=self.segments, sigma_squared=self._sigma_squared)

    @cached_property
    def sampled(self) -> Floats:
        """Evaluate the heatmap at `RESOLUTION` positions along each axis; return (R, R, R)."""
        return self.on_grid((RESOLUTION, RESOLUTION, RESOLUTION))

    @cached_property
    def cells(self) -> Floats:
        """Evaluate the heatmap in the cells of the decoder's grid; return (X, Y, Z)."""
        return self.on_grid(self.prediction.heat_constants.grid)

    def in_cells(self, points: Floats) -> Floats:
        """Return the values (P,) of the cells that contain points (P, 3), normalised."""
        last = np.array(self.cells.shape) - 1
        x, y, z = np.clip(np.rint((points + 1) / 2 * last), 0, last).astype(np.int64).T
        return self.cells[x, y, z]

    def on_plane(self, points: Floats, slices: SliceSettings) -> Floats:
        """Return values (P,) as slices show them, continuous or in cells; NaN outside the cube."""
        values = self.in_cells(points) if slices.cells else self.at(points)
        values[(np.abs(points) > 1 + 1e-9).any(axis=1)] = np.nan
        return values

    @property
    def _sigma_squared(self) -> float | None:
        return None if self.sigma is None else self.sigma**2


def limits_of(heat: Heat, slices: SliceSettings) -> tuple[float, float]:
    """Return the limits of the colours: the chosen ones, or those of the whole heatmap, wherever the planes are.

    Limits of a difference are symmetric about zero, so that the middle colour means no difference.
    """
    if heat.reference is None:
        return slices.limits or slices.whole or heat.limits
    high = heat.limits[1] if slices.limits is None else max(abs(limit) for limit in slices.limits)
    return -high, high


def colour_map_of(heat: Heat, slices: SliceSettings) -> str:
    """Return the colour map; that of a difference diverges from its middle."""
    return slices.colour_map if heat.reference is None else DIVERGING
