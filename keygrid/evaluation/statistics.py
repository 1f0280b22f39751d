"""Bootstrap intervals of means over garments, for one method and for the difference between two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 4000
"""Number of bootstrap samples."""
_SEED = 0


@dataclass(frozen=True)
class Interval:
    """A mean, with bounds that would contain the mean over other garments of this kind.

    Attributes:
        mean: mean over garments.
        low: lower bound at `CONFIDENCE`.
        high: upper bound.
        garments: number of garments.
    """

    mean: float
    low: float
    high: float
    garments: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(values: Sequence[float]) -> Interval | None:
    """Return the mean of one value per garment with its interval; None for fewer than two garments.

    Garments are resampled, not frames: the frames of one garment are not independent (percentile bootstrap, Efron and
    Tibshirani 1993). With as few garments as here, the bounds are themselves uncertain.
    """
    if len(values) < 2:
        return None
    array = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(_SEED).integers(len(array), size=(RESAMPLES, len(array)))
    low, high = np.quantile(array[drawn].mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(array.mean()), float(low), float(high), len(array))


def difference(values: Sequence[float], others: Sequence[float]) -> Interval | None:
    """Return how much the first values exceed the second, garment by garment, with its interval."""
    return interval([value - other for value, other in zip(values, others, strict=True)])
