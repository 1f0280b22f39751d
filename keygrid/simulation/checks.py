"""Checks of the plausibility of a simulated sequence."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from keygrid.geometry.mesh import edge_lengths, edges_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STRAIN_LIMITS = 0.8, 1.4
"""Bounds of an edge's length over its length at rest, at the 1st and the 99th percentile of a frame."""

UNDER_GROUND_LIMIT = 0.01
"""Share of a frame's vertices that may lie under the ground."""


@dataclass(frozen=True)
class Checks:
    """Measurements of the kept frames; each figure is the worst over all frames.

    Attributes:
        finite: whether all positions are finite.
        shortest: 1st percentile of edge length over length at rest.
        longest: 99th percentile of edge length over length at rest.
        under_ground: share of vertices under the ground.
        contacts: maximum number of contacts of one vertex or edge over all frames, as a share of the solver's capacity.
    """

    finite: bool
    shortest: float
    longest: float
    under_ground: float
    contacts: float

    def failures(self) -> list[str]:
        """Return the failed checks in words; empty if all checks passed."""
        if not self.finite:
            return ["positions are not finite"]
        low, high = STRAIN_LIMITS
        found = {
            f"edges shrink to {self.shortest:.2f} of their length, below {low}": self.shortest < low,
            f"edges stretch to {self.longest:.2f} of their length, above {high}": self.longest > high,
            f"{self.under_ground:.1%} of the vertices are under the ground": self.under_ground > UNDER_GROUND_LIMIT,
            "there were more contacts than the solver can hold": self.contacts > 1,
        }
        return [sentence for sentence, failed in found.items() if failed]

    def as_dict(self) -> dict[str, float]:
        """The figures by name, rounded for a file; `finite` is 1 if it is true."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def check(rest: Floats, frames: Floats, faces: Integers, contacts: float) -> Checks:
    """Measure frames (T, V, 3), with z up and the ground at 0, against the shape at rest (V, 3)."""
    if not np.isfinite(frames).all():
        return Checks(False, np.nan, np.nan, np.nan, contacts)
    edges, _ = edges_of(faces)
    strain = edge_lengths(frames, edges) / edge_lengths(rest, edges)  # [T, E]
    return Checks(
        finite=True,
        shortest=float(np.percentile(strain, 1, axis=1).min()),
        longest=float(np.percentile(strain, 99, axis=1).max()),
        under_ground=float((frames[..., 2] < 0).mean(axis=1).max()),
        contacts=contacts,
    )
