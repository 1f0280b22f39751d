"""Trousers and skirts of measures far beyond those of a wardrobe, to learn from.

Trousers from hot pants to the ankle, skin-tight to wide and flared, low and high at the waist, with legs together or
apart; their back is longer than their front, as a seat needs it. Skirts from mini to maxi, pencil to circle, with slits
and uneven hems; of every few, nothing tells the front from the back.
"""

from dataclasses import dataclass, replace

import numpy as np

from keygrid.simulation.cutting import skirt_half
from keygrid.simulation.garments.places import Half, on_axis, surface_with_places
from keygrid.simulation.garments.standards import SKIRT, TROUSERS
from keygrid.simulation.garments.wide import hem_curve, opened, slit_seam
from keygrid.simulation.patterns import Chain, Floats, Integers, Point, line

_TURNED_ALIKE = 0.2
"""Share of the skirts of which nothing tells the front from the back."""


@dataclass(frozen=True)
class Leg:
    """Measures of one side of trousers, centimetres unless it says otherwise.

    Attributes:
        inseam: from the crotch to the inner end of the cuff, downwards.
        inner: from the middle to the inner end of the cuff.
        cuff: width of the cuff.
        slant: how much higher than its inner end the outer end of a cuff is.
        knee: how much wider than straight a leg is halfway down.
        slit: share of the outer seam that is open, from the cuff up.
    """

    inseam: float
    inner: float
    cuff: float
    slant: float
    knee: float
    slit: float


@dataclass(frozen=True)
class WideTrousers:
    """Trousers or shorts.

    Attributes:
        right: measures of the right leg.
        left: of the left one.
        rise: from the crotch to the waist's corners, centimetres.
        waist: its width when it lies flat.
        hips: the width below it.
        dips: how much lower than at its corners the waist's middle is, in front and behind.
        seat: how much more the back is filled out than the front.
        thickness: how far both are filled out; a circle is 1.
        fly: height over which the front is open, from the waist down.
    """

    right: Leg
    left: Leg
    rise: float
    waist: float
    hips: float
    dips: tuple[float, float]
    seat: float
    thickness: float
    fly: float

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> "WideTrousers":
        """Draw measures that can be anything that cloth can be cut to, or nearly: some can't be."""
        draw = rng.uniform
        waist, rise = draw(26, 56), draw(15, 42)
        hips = waist + draw(0, 20)
        length = rng.random()
        inseam = draw(4, 20) if length < 0.25 else draw(20, 50) if length < 0.45 else draw(50, 88)
        inner = draw(0.4, 10) if rng.random() < 0.7 else draw(2, 3 + 0.3 * inseam)
        knee = hips * draw(0.36, 0.62)
        shape = rng.random()
        cuff = knee * (
            draw(0.5, 0.85)
            if shape < 0.35
            else draw(0.85, 1.15)
            if shape < 0.75
            else draw(1.15, 1.4 if inseam < 30 else 2.2)
        )
        flared = draw(-0.3, 0) if shape > 0.75 else draw(-0.1, 0.1)
        slit = draw(0.03, 0.25) if rng.random() < 0.08 else 0.0
        right = left = Leg(inseam, inner, cuff, draw(-2, 3), flared * min(cuff, 25), slit)
        if rng.random() < 0.12:
            scale = draw(0.85, 1.15, 3)
            left = replace(right, inseam=right.inseam * scale[0], cuff=cuff * scale[1], inner=inner * scale[2])
        front = draw(-1, 5)
        dips = front, front - (draw(1, 4) if rng.random() < 0.4 else draw(4, 12))
        seat = 0.0 if rng.random() < 0.25 else draw(0, 0.9)
        fly = draw(5, 0.7 * rise) if rng.random() < 0.12 else 0.0
        return cls(right, left, rise, waist, hips, dips, seat, draw(0.12, 0.7), fly)

    def surface(self) -> tuple[Floats, Integers, Floats]:
        """Vertices (V, 3), faces (F, 3), and the vertices' places (V, 3).

        Raises:
            ValueError: no cloth can be cut to these measures.
        """
        halves = [(self._half(self.right, dip), self._half(self.left, dip)) for dip in self.dips]
        sewn = surface_with_places(TROUSERS, halves, self.thickness, self._seated)
        return opened(*sewn, lowest=self.rise - self.dips[0] - self.fly) if self.fly else sewn

    def _half(self, leg: Leg, dip: float) -> Half:
        """Return half of a panel whose crotch is the origin."""
        inner, outer = (leg.inner, -leg.inseam), (leg.inner + leg.cuff, leg.slant - leg.inseam)
        hip, waist = (self.hips / 2, 0.3 * self.rise), (self.waist / 2, self.rise)
        down = line(outer, hip, bulge=leg.knee, sewn=True).points
        up = line(hip, waist, bulge=0.02 * self.rise, sewn=True).points
        return Half(
            [
                ("inseam", line((0.0, 0.0), inner, bulge=-0.02 * leg.inseam, sewn=True)),
                ("cuff", line(inner, outer, sewn=False)),
                *slit_seam(np.concatenate([down, up[1:]]), leg.slit),
                ("waist", _waistline(waist, self.rise - dip)),
            ]
        )

    def _seated(self, points: Floats) -> Floats:
        across, up = points[:, 0] / (0.35 * self.hips), (points[:, 1] - 0.3 * self.rise) / (0.45 * self.rise)
        return 1 + self.seat * np.exp(-(across**2) - up**2)


@dataclass(frozen=True)
class Flare:
    """Measures of one side of a skirt.

    Attributes:
        hem: width at the hem, of both sides, centimetres.
        slit: share of the side seam that is open, from the hem up.
    """

    hem: float
    slit: float


@dataclass(frozen=True)
class WideSkirt:
    """A skirt.

    Attributes:
        right: measures of its right side.
        left: of its left side.
        length: from the hem's middle to the waist's corners, centimetres.
        waist: its width when it lies flat.
        hips: the width below it.
        dips: how much lower than at its corners the waist's middle is, in front and behind.
        hems: how much higher than usual the hem's middle is, in front and behind.
        thickness: how far it is filled out; a circle is 1.
        slits: heights over which front and back are open in the middle, from the hem up.
    """

    right: Flare
    left: Flare
    length: float
    waist: float
    hips: float
    dips: tuple[float, float]
    hems: tuple[float, float]
    thickness: float
    slits: tuple[float, float]

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> "WideSkirt":
        """Draw measures that can be anything that cloth can be cut to, or nearly: some can't be."""
        draw = rng.uniform
        waist, length = draw(26, 52), draw(20, 108)
        hips, shape = waist + draw(0, 18), rng.random()
        hem = hips * draw(0.72, 1.1) if shape < 0.3 else waist + length * draw(0.1, 0.8)
        if shape > 0.75:
            hem = waist + length * draw(0.8, 1.9)
        slit = draw(0.05, 0.5) if rng.random() < 0.12 else 0.0
        right = left = Flare(hem, slit)
        dip, low = draw(-1, 4), 0.35 * length
        if rng.random() < _TURNED_ALIKE:
            return cls(right, left, length, waist, hips, (dip, dip), (0.0, 0.0), draw(0.2, 0.8), (0.0, 0.0))
        if rng.random() < 0.15:
            left = replace(right, hem=hem * draw(0.8, 1.25))
        dips = dip, dip - (draw(1.2, 5) if rng.random() < 0.8 else draw(-5, -1.2))
        hems = (0.0, 0.0) if rng.random() < 0.55 else (draw(-0.2, 1) * low, draw(-0.2, 0.4) * low)
        slits = np.where(rng.random(2) < 0.12, draw(0.1, 0.6, 2) * length, 0.0).tolist()
        return cls(right, left, length, waist, hips, dips, hems, draw(0.2, 0.8), (slits[0], slits[1]))

    @property
    def is_turned_alike(self) -> bool:
        """True if a half-turn makes it the same skirt."""
        alike = all(before == behind for before, behind in (self.dips, self.hems, self.slits))
        return alike and self.right == self.left

    def surface(self) -> tuple[Floats, Integers, Floats]:
        """Vertices (V, 3), faces (F, 3), and the vertices' places (V, 3).

        Raises:
            ValueError: no cloth can be cut to these measures.
        """
        halves = [
            (self._half(self.right, dip, hem), self._half(self.left, dip, hem))
            for dip, hem in zip(self.dips, self.hems, strict=True)
        ]
        vertices, faces, where = surface_with_places(SKIRT, halves, self.thickness)
        for front, hem, slit in zip((True, False), self.hems, self.slits, strict=True):
            if slit:
                vertices, faces, where = opened(vertices, faces, where, lowest=-np.inf, highest=hem + slit, front=front)
        return vertices, faces, on_axis(where) if self.is_turned_alike else where

    def _half(self, side: Flare, dip: float, raised: float) -> Half:
        _, lower, upper = skirt_half(self.waist, self.hips, side.hem, top=self.length, bottom=0.0)
        corner = lower.points[0]
        return Half(
            [
                ("hem", hem_curve((0.0, raised), (corner[0], corner[1]))),
                *slit_seam(np.concatenate([lower.points, upper.points[1:]]), side.slit),
                ("waist", _waistline((self.waist / 2, self.length), self.length - dip)),
            ]
        )


def _waistline(corner: Point, middle: float) -> Chain:
    """Return the line from a corner to the middle, which it reaches horizontally."""
    return Chain(hem_curve((0.0, middle), corner).points[::-1], sewn=False)
