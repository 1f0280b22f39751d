"""Partners: keypoints of two methods that mean the same place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Match:
    """Partners of keypoints; K of the others, of which each has one partner at most.

    Attributes:
        partners: (K,), index of each one's partner among the reference's keypoints; -1 where it has none.
        distances: (K,), from each one to its partner, in the mean over frames; NaN where it has none.
    """

    partners: Integers
    distances: Floats

    def partner_of(self, reference: int) -> int | None:
        """Index of the keypoint whose partner is that one of the reference's; None if there is none."""
        found = np.flatnonzero(self.partners == reference)
        return int(found[0]) if len(found) else None


def match(reference: Floats, others: Floats) -> Match:
    """Pair keypoints so that the sum of distances between partners is least.

    Args:
        reference: (T, K', 3), of T frames.
        others: (T, K, 3), of the same frames, in the same units.
    """
    from scipy.optimize import linear_sum_assignment  # takes longer to import than a window may to start

    between = np.linalg.norm(reference[:, :, None] - others[:, None], axis=-1).mean(axis=0)  # [K', K]
    ours, theirs = linear_sum_assignment(between)
    partners, distances = np.full(others.shape[1], -1), np.full(others.shape[1], np.nan)
    partners[theirs], distances[theirs] = ours, between[ours, theirs]
    return Match(partners, distances)
