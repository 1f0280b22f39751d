"""Trousers, skirts and dresses."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from keygrid.simulation.cutting import (
    Pattern,
    Place,
    hem_rise,
    middles,
    neckline,
    pairs,
    sewn,
    skirt_half,
    sleeve_end,
    sleeve_half,
)
from keygrid.simulation.patterns import Chain, Floats, Integers, Point, line


@dataclass(frozen=True)
class Trousers(Pattern):
    """Trousers, from shorts to wide trousers."""

    category: ClassVar[str] = "Trousers"

    length: float = 98
    waist: float = 40
    hips: float = 51
    rise: float = 28
    knee: float = 23
    cuff: float = 19
    stance: float = 6
    thickness: float = 0.48

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Draw measures of shorts, slim or wide trousers."""
        waist = rng.uniform(34, 44)
        short = rng.random() < 0.3
        knee = rng.uniform(20, 27)
        return cls(
            length=rng.uniform(42, 58) if short else rng.uniform(84, 104), waist=waist,
            hips=waist + rng.uniform(8, 13), rise=rng.uniform(24, 31), knee=knee,
            cuff=rng.uniform(24, 29) if short else knee * rng.uniform(0.72, 1.25), stance=rng.uniform(3, 9),
            thickness=rng.uniform(0.42, 0.54),
        )  # fmt: skip

    def _corners(self) -> dict[str, Point]:
        inner = self.stance / 2
        return {
            "crotch": (0.0, self.length - self.rise),
            "inner cuff": (inner, 0.0),
            "outer cuff": (inner + self.cuff, 0.0),
            "hip": (self.hips / 2, self.length - 0.7 * self.rise),
            "waist": (self.waist / 2, self.length),
        }

    def _half(self, dip: float) -> list[Chain]:
        c = self._corners()
        # The knee lies where a straight leg would have it, halfway between crotch and cuff.
        height = (self.length - self.rise) / 2
        straight = c["hip"][0] + (c["outer cuff"][0] - c["hip"][0]) * (c["hip"][1] - height) / c["hip"][1]
        return [
            line(c["crotch"], c["inner cuff"], bulge=-0.8, sewn=True),
            line(c["inner cuff"], c["outer cuff"], sewn=False),
            line(c["outer cuff"], c["hip"], bulge=0.4 * (self.stance / 4 + self.knee - straight), sewn=True),
            line(c["hip"], c["waist"], bulge=0.8, sewn=True),
            line(c["waist"], (0, self.length - dip), sewn=False),
        ]

    def panels(self) -> tuple[list[Chain], list[Chain]]:
        """Return the right halves of front and back: inseam, cuff, both parts of the side seam, and waist."""
        return self._half(2), self._half(0)

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(*self.panels(), self.thickness)

    def places(self) -> dict[str, Place]:
        corners = self._corners()
        depth = self.thickness * self.waist / 2
        crotch: Place = (*corners.pop("crotch"), 0.0)
        waist = middles("waist", front=(self.length - 2, depth), back=(self.length, depth))
        return pairs(corners) | {"crotch": crotch} | waist


@dataclass(frozen=True)
class Skirt(Pattern):
    """Skirts, from a pencil to a circle skirt."""

    category: ClassVar[str] = "Skirt"

    length: float = 55
    waist: float = 36
    hips: float = 46
    hem: float = 70
    thickness: float = 0.6

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Draw measures, from mini to maxi and narrow to wide."""
        waist, length = rng.uniform(32, 42), rng.uniform(36, 84)
        return cls(
            length=length, waist=waist, hips=waist + rng.uniform(6, 12),
            hem=waist + rng.uniform(10, 14) + length * rng.uniform(0.05, 0.75), thickness=rng.uniform(0.5, 0.75),
        )  # fmt: skip

    def _half(self) -> list[Chain]:
        return [
            *skirt_half(self.waist, self.hips, self.hem, top=self.length, bottom=0.0),
            line((self.waist / 2, self.length), (0, self.length - 1.5), sewn=False),
        ]

    def panels(self) -> tuple[list[Chain], list[Chain]]:
        """Return the right halves of front and back, which are equal: hem, both parts of the side seam, and waist."""
        return self._half(), self._half()

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(*self.panels(), self.thickness)

    def places(self) -> dict[str, Place]:
        waist, hem = self.thickness * self.waist / 2, self.thickness * self.hem / 2
        rise = hem_rise(self.waist, self.hem, self.length)
        return (
            pairs({"hem": (self.hem / 2, rise), "waist": (self.waist / 2, self.length)})
            | middles("waist", front=(self.length - 1.5, waist), back=(self.length - 1.5, waist))
            | middles("hem", front=(0, hem), back=(0, hem))
        )


@dataclass(frozen=True)
class Dress(Pattern):
    """A bodice with short sleeves or none, and a skirt."""

    category: ClassVar[str] = "Dress"

    length: float = 96
    chest: float = 45
    waist: float = 37
    waist_height: float = 57
    hem: float = 72
    shoulder: float = 36
    slope: float = 4
    neck: float = 20
    neck_depth: float = 12
    armhole: float = 20
    sleeve: float = 0.0
    thickness: float = 0.5

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Draw measures, from short to long, with or without a marked waist."""
        chest, length = rng.uniform(41, 50), rng.uniform(78, 112)
        waist, waist_height = chest * rng.uniform(0.78, 0.95), length - rng.uniform(36, 42)
        return cls(
            length=length, chest=chest, waist=waist, waist_height=waist_height,
            hem=waist + 8 + waist_height * rng.uniform(0.15, 0.75), shoulder=chest * rng.uniform(0.74, 0.86),
            slope=rng.uniform(3, 5), neck=rng.uniform(16, 23), neck_depth=rng.uniform(8, 16),
            armhole=rng.uniform(18, 22), sleeve=float(rng.choice([0, 1]) * rng.uniform(4, 10)),
            thickness=rng.uniform(0.44, 0.58),
        )  # fmt: skip

    def _corners(self) -> dict[str, Point]:
        tip = self.shoulder / 2, self.length - self.slope
        corners = {
            "hem": (self.hem / 2, hem_rise(self.waist, self.hem, self.waist_height)),
            "waist": (self.waist / 2, self.waist_height),
            "underarm": (self.chest / 2, tip[1] - self.armhole),
        }
        if self.sleeve:
            bottom, top = sleeve_end(tip, corners["underarm"], self.sleeve, 35, 0.9)
            corners |= {"sleeve bottom": bottom, "sleeve top": top}
        return corners | {"shoulder": tip, "neck": (self.neck / 2, self.length)}

    def _half(self, neck_depth: float) -> list[Chain]:
        c = self._corners()
        return [
            *skirt_half(self.waist, self.waist + 8, self.hem, top=self.waist_height, bottom=0.0),
            line(c["waist"], c["underarm"], bulge=-0.5, sewn=True),
            *(sleeve_half(c) if self.sleeve else [line(c["underarm"], c["shoulder"], bulge=-3, sewn=False)]),
            line(c["shoulder"], c["neck"], sewn=True),
            neckline(c["neck"], neck_depth),
        ]

    def panels(self) -> tuple[list[Chain], list[Chain]]:
        """Return the right halves of front and back: a skirt's hem and sides, and a bodice."""
        return self._half(self.neck_depth), self._half(3)

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(*self.panels(), self.thickness)

    def places(self) -> dict[str, Place]:
        chest, waist, hem = (self.thickness / 2 * width for width in (self.chest, self.waist, self.hem))
        return (
            pairs(self._corners())
            | middles("neck", front=(self.length - self.neck_depth, chest / 2), back=(self.length - 3, chest / 2))
            | middles("waist", front=(self.waist_height, waist), back=(self.waist_height, waist))
            | middles("hem", front=(0, hem), back=(0, hem))
        )
