"""Hats."""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import ClassVar, Self

import numpy as np

from keygrid.simulation.cutting import Pattern, Place
from keygrid.simulation.patterns import Floats, Integers


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
        """From a cap-like bucket hat to a sun hat."""
        head = rng.uniform(16.5, 20)
        return cls(
            crown=rng.uniform(8, 13), head=head, top=head * rng.uniform(0.7, 0.96), brim=rng.uniform(4, 14),
            droop=rng.uniform(5, 45), oval=rng.uniform(1.05, 1.25),
        )  # fmt: skip

    def _profile(self) -> Floats:
        """(P, 2): radius and height, from the middle of the crown to the brim's edge."""
        band = self.head / 2, 0.0
        edge = band[0] + self.brim * cos(radians(self.droop)), -self.brim * sin(radians(self.droop))
        crown = [(0.0, self.crown), (0.82 * self.top / 2, self.crown - 0.3), (self.top / 2, self.crown - 1.2)]
        corners = np.array([*crown, band, (band[0] + 0.7, -0.5), edge])
        lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
        steps = np.linspace(0, lengths[-1], int(lengths[-1] / 0.7) + 1)
        return np.column_stack([np.interp(steps, lengths, corners[:, i]) for i in range(2)])

    def surface(self) -> tuple[Floats, Integers]:
        radius, height = self._profile()[1:].T
        count = 96
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        rings = np.stack(
            [radius[:, None] * np.sin(angle), np.broadcast_to(height[:, None], (len(radius), count)),
             self.oval * radius[:, None] * np.cos(angle)],
            axis=-1,
        )  # fmt: skip
        vertices = np.concatenate([[[0.0, self.crown, 0.0]], rings.reshape(-1, 3)])
        start = 1 + count * np.arange(len(radius) - 1)[:, None] + np.arange(count)  # [rings - 1, count]
        across = 1 + count * np.arange(len(radius) - 1)[:, None] + (np.arange(count) + 1) % count
        quads = np.stack([start, start + count, across + count, start, across + count, across], axis=-1)
        first = np.arange(count)
        fan = np.column_stack([np.zeros(count, np.int64), 1 + first, 1 + (first + 1) % count])
        return vertices, np.concatenate([fan, quads.reshape(-1, 3)])

    def places(self) -> dict[str, Place]:
        radius, height = self._profile()[-1]
        band = self.head / 2
        around = {"front": (0, 1), "back": (0, -1), "left": (1, 0), "right": (-1, 0)}
        places: dict[str, Place] = {"crown": (0, self.crown, 0)}
        for side, (x, z) in around.items():
            places[f"{side} brim"] = (x * radius, height, z * radius * self.oval)
            places[f"{side} band"] = (x * band, 0.0, z * band * self.oval)
        return places
