"""Matching of keypoints that two methods place on the same part of a garment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Match:
    """Partners of K keypoints; each has at most one.

    Attributes:
        partners: (K,), index of each keypoint's partner in the reference; -1 for none.
        distances: (K,), mean distance to the partner over frames; NaN for none.
    """

    partners: Integers
    distances: Floats

    def partner_of(self, reference: int) -> int | None:
        """Return the keypoint whose partner is the given keypoint of the reference; None if there is none."""
        found = np.flatnonzero(self.partners == reference)
        return int(found[0]) if len(found) else None


def match(reference: Floats, others: Floats) -> Match:
    """Pair keypoints so that the sum of distances between partners is smallest.

    Args:
        reference: (T, K', 3), over T frames.
        others: (T, K, 3), in the same frames and units.
    """
    from scipy.optimize import linear_sum_assignment  # takes longer to import than a window may to start

    between = np.linalg.norm(reference[:, :, None] - others[:, None], axis=-1).mean(axis=0)  # [K', K]
    ours, theirs = linear_sum_assignment(between)
    partners, distances = np.full(others.shape[1], -1), np.full(others.shape[1], np.nan)
    partners[theirs], distances[theirs] = ours, between[ours, theirs]
    return Match(partners, distances)
