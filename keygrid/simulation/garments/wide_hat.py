"""Training hats with measures far beyond a wardrobe's.

Shapes range from beanies, bucket hats, caps and sun hats to tall crowns. Some have a longer brim or only a visor in
front, or are deeper behind; all others look the same from any side.
"""

from dataclasses import dataclass

import numpy as np

from keygrid.simulation.garments.hat import revolved
from keygrid.simulation.garments.places import on_axis
from keygrid.simulation.garments.standards import hat_places
from keygrid.simulation.patterns import Floats, Integers

_EDGE = 0.7
"""Distance between rings of vertices, in centimetres."""
_COUNT = 96
"""Number of vertices in a ring."""
_ROUND = 0.4
"""Share of hats that are the same in front and behind."""


@dataclass(frozen=True)
class WideHat:
    """A hat with a crown, a band around the head, and a brim, in centimetres unless stated otherwise.

    Attributes:
        crown: height of the crown.
        head: width of the band.
        top: width of the crown's edge.
        brim: width of the brim at the sides.
        droop: angle of the brim below the horizontal, in degrees.
        oval: ratio of depth to width.
        longer: increase of the brim's width in front, and decrease behind, relative to its width at the sides.
        is_cap: whether the brim is only in front, as a visor.
        deeper: depth of the band at the back below the front.
        pinch: depth to which the crown's edge is pressed in at the front, relative to its radius.
    """

    crown: float
    head: float
    top: float
    brim: float
    droop: float
    oval: float
    longer: float
    is_cap: bool
    deeper: float
    pinch: float

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> "WideHat":
        """Draw random measures from the full range that cloth can be cut to."""
        draw = rng.uniform
        head, kind = draw(14, 22), rng.random()
        brim, droop = (draw(0.8, 2.5), draw(60, 90)) if kind < 0.15 else (draw(2.5, 17), draw(-10, 55))
        is_round = rng.random() < _ROUND
        longer = 0.0 if is_round else draw(0.1, 0.6)
        deeper = 0.0 if is_round or rng.random() < 0.5 else draw(0.5, 4)
        pinch = 0.0 if is_round or rng.random() < 0.6 else draw(0.1, 0.45)
        is_cap = not is_round and rng.random() < 0.45
        if is_cap:
            brim = draw(4, 9)
        top = head * draw(0.35, 1.02)
        return cls(draw(6, 22), head, top, brim, droop, draw(1.0, 1.3), longer, is_cap, deeper, pinch)

    def surface(self) -> tuple[Floats, Integers, Floats]:
        """Return vertices (V, 3), faces (F, 3), and the vertices' places (V, 3)."""
        angle = np.linspace(0, 2 * np.pi, _COUNT, endpoint=False)
        radius, height = self._corners(angle)  # [4, A] both
        lengths = np.hypot(np.diff(radius, axis=0), np.diff(height, axis=0)).max(axis=1)
        counts = np.maximum(np.ceil(lengths / _EDGE), 1).astype(int)
        stages = np.concatenate([corner + np.arange(count) / count for corner, count in enumerate(counts)])
        stages = np.append(stages[1:], 3.0)  # the first one is the crown's middle
        rings = np.stack(
            [
                np.column_stack([np.interp(stages, np.arange(4), of[:, i]) for i in range(_COUNT)])
                for of in (radius, height)
            ]
        )
        points = np.stack([rings[0] * np.sin(angle), rings[1], self.oval * rings[0] * np.cos(angle)], axis=-1)
        vertices, faces = revolved((0.0, self.crown, 0.0), points)
        all_stages = np.concatenate([[0.0], np.repeat(stages, _COUNT)])
        where = hat_places(all_stages, np.concatenate([[0.0], np.tile(angle, len(stages))]))
        is_round = not (self.longer or self.is_cap or self.deeper or self.pinch)
        return vertices, faces, on_axis(where) if is_round else where

    def _corners(self, angle: Floats) -> tuple[Floats, Floats]:
        """Return radii and heights (4, A) of the crown's middle and edge, of the band, and of the brim's edge."""
        ahead, droop = np.cos(angle), np.radians(self.droop)
        brim = self.brim * (1 + self.longer * ahead)
        if self.is_cap:
            brim = 0.8 + self.brim * np.maximum(ahead, 0) ** 0.6
        edge = self.top / 2 * (1 - self.pinch * np.maximum(ahead, 0) ** 4)
        band = -self.deeper * (1 - ahead) / 2
        radius = np.stack([0 * angle, edge, self.head / 2 + 0 * angle, self.head / 2 + brim * np.cos(droop)])
        height = np.stack([self.crown + 0 * angle, 0.88 * self.crown + 0 * angle, band, band - brim * np.sin(droop)])
        return radius, height
