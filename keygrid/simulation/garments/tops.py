"""Tops with and without sleeves."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from keygrid.simulation.cutting import (
    Pattern,
    Place,
    middles,
    neckline,
    pairs,
    sewn,
    sleeve_end,
    sleeve_half,
)
from keygrid.simulation.patterns import Chain, Floats, Integers, Point, line


@dataclass(frozen=True)
class TShirt(Pattern):
    """A top with sleeves, short or long."""

    category: ClassVar[str] = "T-shirt"

    length: float = 66
    chest: float = 50
    waist: float = 48
    hem: float = 50
    shoulder: float = 42
    slope: float = 4
    neck: float = 18
    neck_depth: float = 9
    armhole: float = 22
    sleeve: float = 9
    sleeve_angle: float = 33
    taper: float = 0.9
    thickness: float = 0.42

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Draw measures, from tight to oversized and from short to long sleeves."""
        chest = rng.uniform(44, 60)
        long_sleeves = rng.random() < 0.3
        return cls(
            length=rng.uniform(56, 76), chest=chest, waist=chest * rng.uniform(0.86, 1.0),
            hem=chest * rng.uniform(0.95, 1.12), shoulder=chest * rng.uniform(0.8, 0.95), slope=rng.uniform(3, 6),
            neck=rng.uniform(15, 23), neck_depth=rng.uniform(6, 15), armhole=rng.uniform(19, 25),
            sleeve=rng.uniform(30, 42) if long_sleeves else rng.uniform(4, 14),
            sleeve_angle=rng.uniform(35, 52) if long_sleeves else rng.uniform(20, 45),
            taper=rng.uniform(0.6, 0.75) if long_sleeves else rng.uniform(0.8, 1.0), thickness=rng.uniform(0.36, 0.48),
        )  # fmt: skip

    def _corners(self) -> dict[str, Point]:
        shoulder = self.shoulder / 2, self.length - self.slope
        underarm = self.chest / 2, shoulder[1] - self.armhole
        bottom, top = sleeve_end(shoulder, underarm, self.sleeve, self.sleeve_angle, self.taper)
        return {
            "hem": (self.hem / 2, 0.0),
            "underarm": underarm,
            "sleeve bottom": bottom,
            "sleeve top": top,
            "shoulder": shoulder,
            "neck": (self.neck / 2, self.length),
        }

    def _half(self, neck_depth: float) -> list[Chain]:
        c = self._corners()
        return [
            line((0, 0), c["hem"], sewn=False),
            line(c["hem"], c["underarm"], bulge=(self.waist - (self.hem + self.chest) / 2) / 2, sewn=True),
            *sleeve_half(c),
            line(c["shoulder"], c["neck"], sewn=True),
            neckline(c["neck"], neck_depth),
        ]

    def panels(self) -> tuple[list[Chain], list[Chain]]:
        """Return the right halves of front and back, whose chains `SLEEVED` names."""
        return self._half(self.neck_depth), self._half(2)

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(*self.panels(), self.thickness)

    def places(self) -> dict[str, Place]:
        depth = self.thickness * self.chest / 2
        return (
            pairs(self._corners())
            | middles("neck", front=(self.length - self.neck_depth, depth / 2), back=(self.length - 2, depth / 2))
            | middles("hem", front=(0, depth), back=(0, depth))
        )


@dataclass(frozen=True)
class Vest(Pattern):
    """A sleeveless top with a pointed neckline."""

    category: ClassVar[str] = "Vest"

    length: float = 62
    chest: float = 48
    hem: float = 48
    shoulder: float = 34
    slope: float = 3
    neck: float = 20
    neck_depth: float = 18
    back_depth: float = 4
    armhole: float = 24
    thickness: float = 0.42

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Draw measures, from a crop top to a long tank top."""
        chest, neck = rng.uniform(42, 56), rng.uniform(16, 24)
        return cls(
            length=rng.uniform(46, 74), chest=chest, hem=chest * rng.uniform(0.9, 1.15),
            shoulder=neck + rng.uniform(8, 18), slope=rng.uniform(2, 4), neck=neck, neck_depth=rng.uniform(10, 24),
            back_depth=rng.uniform(3, 10), armhole=rng.uniform(19, 28), thickness=rng.uniform(0.36, 0.48),
        )  # fmt: skip

    def _corners(self) -> dict[str, Point]:
        return {
            "hem": (self.hem / 2, 0.0),
            "underarm": (self.chest / 2, self.length - self.slope - self.armhole),
            "shoulder": (self.shoulder / 2, self.length - self.slope),
            "neck": (self.neck / 2, self.length),
        }

    def _half(self, neck: Chain) -> list[Chain]:
        c = self._corners()
        return [
            line((0, 0), c["hem"], sewn=False),
            line(c["hem"], c["underarm"], bulge=-1.5, sewn=True),
            line(c["underarm"], c["shoulder"], bulge=-4, sewn=False),
            line(c["shoulder"], c["neck"], sewn=True),
            neck,
        ]

    def panels(self) -> tuple[list[Chain], list[Chain]]:
        """Return the right halves of front and back, whose chains `SLEEVELESS` names."""
        neck = self._corners()["neck"]
        pointed = line(neck, (0, self.length - self.neck_depth), bulge=-2, sewn=False)
        return self._half(pointed), self._half(neckline(neck, self.back_depth))

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(*self.panels(), self.thickness)

    def places(self) -> dict[str, Place]:
        depth = self.thickness * self.chest / 2
        front, back = (self.length - self.neck_depth, depth), (self.length - self.back_depth, depth / 2)
        return (
            pairs(self._corners())
            | middles("neck", front=front, back=back)
            | middles("hem", front=(0, depth), back=(0, depth))
        )
