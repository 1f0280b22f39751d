"""Intervals of means over garments by bootstrap: of one method, and of the difference between two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 4000
"""Draws of garments, with repetition, from which an interval is read off."""
_SEED = 0


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds within which that of other garments like these would lie.

    Attributes:
        mean: over garments.
        low: lower bound at `CONFIDENCE`.
        high: upper bound.
        garments: how many the mean is of.
    """

    mean: float
    low: float
    high: float
    garments: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(values: Sequence[float]) -> Interval | None:
    """Return the mean of one value a garment with its interval; None of fewer than two garments.

    Garments are drawn anew, not frames: the frames of one garment are no independent samples (percentile bootstrap,
    Efron and Tibshirani 1993). With as few garments as here, the bounds are themselves uncertain.
    """
    if len(values) < 2:
        return None
    array = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(_SEED).integers(len(array), size=(RESAMPLES, len(array)))
    low, high = np.quantile(array[drawn].mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(array.mean()), float(low), float(high), len(array))


def difference(values: Sequence[float], others: Sequence[float]) -> Interval | None:
    """Return by how much the first values exceed the others, garment by garment, with its interval."""
    return interval([value - other for value, other in zip(values, others, strict=True)])
