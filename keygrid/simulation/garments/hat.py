"""Hats."""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import ClassVar, Self

import numpy as np

from keygrid.simulation.cutting import Pattern, Place
from keygrid.simulation.patterns import Floats, Integers

_COUNT = 96
"""Vertices around a hat."""


@dataclass(frozen=True)
class Hat(Pattern):
    """A soft hat: a crown, turned about the vertical, and a brim."""

    category: ClassVar[str] = "Hat"

    crown: float = 10
    head: float = 18
    top: float = 15
    brim: float = 7
    droop: float = 20
    oval: float = 1.15

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Draw measures, from a cap-like bucket hat to a sun hat."""
        head = rng.uniform(16.5, 20)
        return cls(
            crown=rng.uniform(8, 13), head=head, top=head * rng.uniform(0.7, 0.96), brim=rng.uniform(4, 14),
            droop=rng.uniform(5, 45), oval=rng.uniform(1.05, 1.25),
        )  # fmt: skip

    def _corners(self) -> Floats:
        """Return radius and height of the profile's corners, (6, 2): three of the crown, the band and the brim."""
        band = self.head / 2, 0.0
        edge = band[0] + self.brim * cos(radians(self.droop)), -self.brim * sin(radians(self.droop))
        crown = [(0.0, self.crown), (0.82 * self.top / 2, self.crown - 0.3), (self.top / 2, self.crown - 1.2)]
        return np.array([*crown, band, (band[0] + 0.7, -0.5), edge])

    def _steps(self) -> tuple[Floats, Floats]:
        """Return distances along the profile of its corners (6,), and of its points (P,)."""
        lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(self._corners(), axis=0), axis=1))])
        return lengths, np.linspace(0, lengths[-1], int(lengths[-1] / 0.7) + 1)

    def _profile(self) -> Floats:
        """Return radius and height of the profile, (P, 2), from the middle of the crown to the brim's edge."""
        lengths, steps = self._steps()
        return np.column_stack([np.interp(steps, lengths, self._corners()[:, i]) for i in range(2)])

    def stages(self) -> Floats:
        """Return each vertex's stage, (V,): 0 at the crown's middle, 1 at its edge, 2 at the band, 3 at the brim's
        edge.
        """
        lengths, steps = self._steps()
        stages = np.interp(steps, lengths[[0, 2, 3, 5]], np.arange(4.0))
        return np.concatenate([stages[:1], np.repeat(stages[1:], _COUNT)])

    def surface(self) -> tuple[Floats, Integers]:
        radius, height = self._profile()[1:].T
        angle = np.linspace(0, 2 * np.pi, _COUNT, endpoint=False)
        rings = np.stack(
            [radius[:, None] * np.sin(angle), np.broadcast_to(height[:, None], (len(radius), _COUNT)),
             self.oval * radius[:, None] * np.cos(angle)],
            axis=-1,
        )  # fmt: skip
        return revolved((0.0, self.crown, 0.0), rings)

    def places(self) -> dict[str, Place]:
        radius, height = self._profile()[-1]
        band = self.head / 2
        around = {"front": (0, 1), "back": (0, -1), "left": (1, 0), "right": (-1, 0)}
        places: dict[str, Place] = {"crown": (0, self.crown, 0)}
        for side, (x, z) in around.items():
            places[f"{side} brim"] = (x * radius, height, z * radius * self.oval)
            places[f"{side} band"] = (x * band, 0.0, z * band * self.oval)
        return places


def revolved(middle: Place, rings: Floats) -> tuple[Floats, Integers]:
    """Return vertices (1 + R A, 3) and faces (F, 3) of a surface around its middle: R closed rings of A points each."""
    count = rings.shape[1]
    vertices = np.concatenate([[middle], rings.reshape(-1, 3)])
    start = 1 + count * np.arange(len(rings) - 1)[:, None] + np.arange(count)  # [rings - 1, count]
    across = 1 + count * np.arange(len(rings) - 1)[:, None] + (np.arange(count) + 1) % count
    quads = np.stack([start, start + count, across + count, start, across + count, across], axis=-1)
    first = np.arange(count)
    fan = np.column_stack([np.zeros(count, np.int64), 1 + first, 1 + (first + 1) % count])
    return vertices, np.concatenate([fan, quads.reshape(-1, 3)])
