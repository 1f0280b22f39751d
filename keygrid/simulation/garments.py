"""Garments of our own: one class a category, whose fields are what a tailor would measure.

Lengths are centimetres, y is up, the front faces +z, and left is the wearer's, so it lies towards +x. All are manifold
and open where the body comes out. `sampled` draws a garment whose measures are plausible together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import ClassVar, Self

import numpy as np

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
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
        """A T-shirt between tight and oversized, its sleeves from short to the wrist."""
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

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(self._half(self.neck_depth), self._half(2), self.thickness)

    def places(self) -> dict[str, Place]:
        depth = self.thickness * self.chest / 2
        return (
            pairs(self._corners())
            | middles("neck", front=(self.length - self.neck_depth, depth / 2), back=(self.length - 2, depth / 2))
            | middles("hem", front=(0, depth), back=(0, depth))
        )


@dataclass(frozen=True)
class Vest(Pattern):
    """A top without sleeves and with a pointed neckline."""

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
        """From a crop top to a long tank top."""
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

    def surface(self) -> tuple[Floats, Integers]:
        neck = self._corners()["neck"]
        pointed = line(neck, (0, self.length - self.neck_depth), bulge=-2, sewn=False)
        return sewn(self._half(pointed), self._half(neckline(neck, self.back_depth)), self.thickness)

    def places(self) -> dict[str, Place]:
        depth = self.thickness * self.chest / 2
        front, back = (self.length - self.neck_depth, depth), (self.length - self.back_depth, depth / 2)
        return (
            pairs(self._corners())
            | middles("neck", front=front, back=back)
            | middles("hem", front=(0, depth), back=(0, depth))
        )


@dataclass(frozen=True)
class Trousers(Pattern):
    """From shorts to wide trousers."""

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
        """Shorts, slim and wide trousers."""
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

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(self._half(2), self._half(0), self.thickness)

    def places(self) -> dict[str, Place]:
        corners = self._corners()
        depth = self.thickness * self.waist / 2
        crotch: Place = (*corners.pop("crotch"), 0.0)
        waist = middles("waist", front=(self.length - 2, depth), back=(self.length, depth))
        return pairs(corners) | {"crotch": crotch} | waist


@dataclass(frozen=True)
class Skirt(Pattern):
    """From a pencil to a circle skirt."""

    category: ClassVar[str] = "Skirt"

    length: float = 55
    waist: float = 36
    hips: float = 46
    hem: float = 70
    thickness: float = 0.6

    @classmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Mini to maxi, narrow to wide."""
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

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(self._half(), self._half(), self.thickness)

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
        """Short to long, with a waist that is marked or not."""
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

    def surface(self) -> tuple[Floats, Integers]:
        return sewn(self._half(self.neck_depth), self._half(3), self.thickness)

    def places(self) -> dict[str, Place]:
        chest, waist, hem = (self.thickness / 2 * width for width in (self.chest, self.waist, self.hem))
        return (
            pairs(self._corners())
            | middles("neck", front=(self.length - self.neck_depth, chest / 2), back=(self.length - 3, chest / 2))
            | middles("waist", front=(self.waist_height, waist), back=(self.waist_height, waist))
            | middles("hem", front=(0, hem), back=(0, hem))
        )


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


PATTERNS: dict[str, type[Pattern]] = {p.category: p for p in (TShirt, Trousers, Skirt, Dress, Vest, Hat)}
"""All categories by name."""


def tailored(category: str, seed: int | None, measures: Sequence[str]) -> Garment:
    """A garment of a category.

    Args:
        category: a key of `PATTERNS`.
        seed: draws the measures; the usual ones if None.
        measures: `NAME=VALUE`, in place of those.

    Raises:
        KeygridError: a measure is unknown, no number, or not one that cloth can be cut to.
    """
    kind = PATTERNS[category]
    pattern = kind() if seed is None else kind.sampled(np.random.default_rng(seed))
    known = pattern.parameters
    for text in measures:
        name, _, value = text.partition("=")
        if name not in known:
            raise KeygridError(f"{category} has no measure {name!r}; it has {', '.join(known)}.")
        try:
            known[name] = float(value)
        except ValueError as error:
            raise KeygridError(f"The measure {name} is a number, and not {value!r}.") from error
    try:
        garment = kind(**known).build(category)
    except (ValueError, ZeroDivisionError, IndexError) as error:
        raise _contradiction(category) from error
    # Only a hat's brim hangs below the height where measuring begins.
    if kind is not Hat and garment.bounds[0, 1] < -1e-6:
        raise _contradiction(category)
    return garment


def _contradiction(category: str) -> KeygridError:
    return KeygridError(f"No {category} can be cut to these measures: they contradict each other; change fewer.")
