"""Training trousers and skirts with measures far beyond a wardrobe's.

Trousers range from hot pants to the ankle, from skin-tight to wide and flared, and from low to high waists, with legs
together or apart; their back is longer than their front, to fit the seat. Skirts range from mini to maxi and from
pencil to circle, with slits and uneven hems; some have no distinguishable front and back.
"""

from dataclasses import dataclass, replace

import numpy as np

from keygrid.simulation.cutting import skirt_half
from keygrid.simulation.garments.places import Half, on_axis, surface_with_places
from keygrid.simulation.garments.standards import SKIRT, TROUSERS
from keygrid.simulation.garments.wide import hem_curve, opened, slit_seam
from keygrid.simulation.patterns import Chain, Floats, Integers, Point, line

_TURNED_ALIKE = 0.2
"""Share of skirts without distinguishable front and back."""


@dataclass(frozen=True)
class Leg:
    """Measures of one side of trousers, in centimetres unless stated otherwise.

    Attributes:
        inseam: height from the crotch down to the inner end of the cuff.
        inner: distance from the middle to the inner end of the cuff.
        cuff: width of the cuff.
        slant: height of a cuff's outer end above its inner end.
        knee: width of a leg halfway down, in excess of a straight leg's.
        slit: open share of the outer seam, from the cuff up.
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
        left: measures of the left leg.
        rise: height from the crotch to the waist's corners, centimetres.
        waist: width of the waist when flat.
        hips: width below the waist.
        dips: depth of the waist's middle below its corners, in front and behind.
        seat: ratio by which the back is filled out more than the front.
        thickness: extent to which both are filled out; a circle is 1.
        fly: height of the open part of the front, from the waist down.
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
        """Draw measures from the full range that cloth allows, or nearly: some are impossible."""
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
        """Return vertices (V, 3), faces (F, 3), and the vertices' places (V, 3).

        Raises:
            ValueError: these measures are impossible for cloth.
        """
        halves = [(self._half(self.right, dip), self._half(self.left, dip)) for dip in self.dips]
        sewn = surface_with_places(TROUSERS, halves, self.thickness, self._seated)
        return opened(*sewn, lowest=self.rise - self.dips[0] - self.fly) if self.fly else sewn

    def _half(self, leg: Leg, dip: float) -> Half:
        """Return half of a panel, with the crotch at the origin."""
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
        hem: full width at the hem, centimetres.
        slit: open share of the side seam, from the hem up.
    """

    hem: float
    slit: float


@dataclass(frozen=True)
class WideSkirt:
    """A skirt.

    Attributes:
        right: measures of its right side.
        left: of its left side.
        length: length from the hem's middle to the waist's corners, centimetres.
        waist: width of the waist when flat.
        hips: width below the waist.
        dips: depth of the waist's middle below its corners, in front and behind.
        hems: height of the hem's middle above its usual position, in front and behind.
        thickness: extent to which it is filled out; a circle is 1.
        slits: heights of the open parts in the middle of front and back, from the hem up.
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
        """Draw measures from the full range that cloth allows, or nearly: some are impossible."""
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
        """True if the skirt is unchanged by a half-turn."""
        alike = all(before == behind for before, behind in (self.dips, self.hems, self.slits))
        return alike and self.right == self.left

    def surface(self) -> tuple[Floats, Integers, Floats]:
        """Return vertices (V, 3), faces (F, 3), and the vertices' places (V, 3).

        Raises:
            ValueError: these measures are impossible for cloth.
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
