"""Patterns of garments: the base of every category, and shared outlines."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from math import cos, radians, sin
from typing import ClassVar, Self

import numpy as np

from keygrid.data.garment import Garment
from keygrid.simulation.patterns import Chain, Floats, Integers, Point, cut, landmarks_at, line, mirrored, sew

Place = tuple[float, float, float]

ORIGIN = "made by keygrid.simulation.garments (Key-Grid Desktop, Apache 2.0)"


@dataclass(frozen=True)
class Pattern(ABC):
    """A category of garments, whose fields are measures in centimetres."""

    category: ClassVar[str]

    @classmethod
    @abstractmethod
    def sampled(cls, rng: np.random.Generator) -> Self:
        """Draw a garment whose measures are plausible together."""

    @abstractmethod
    def surface(self) -> tuple[Floats, Integers]:
        """Return vertices (V, 3) and faces (F, 3)."""

    @abstractmethod
    def places(self) -> dict[str, Place]:
        """Return landmarks by name, on the surface or near it."""

    def build(self, name: str) -> Garment:
        """Return the garment at rest, with its landmarks."""
        vertices, faces = self.surface()
        landmarks = landmarks_at(vertices, faces, self.places())
        return Garment(name, vertices, faces, landmarks=landmarks, category=self.category, origin=ORIGIN)

    @property
    def parameters(self) -> dict[str, float]:
        """Measures by name."""
        return asdict(self)


def sewn(front: list[Chain], back: list[Chain], thickness: float) -> tuple[Floats, Integers]:
    """Return the surface of a front and a back, each given by its right half's outline, sewn along the seams."""
    return sew(cut(mirrored(front)), cut(mirrored(back)), thickness)


def pairs(corners: dict[str, Point]) -> dict[str, Place]:
    """Return corners of an outline on the wearer's left, and their mirror images on the right."""
    found: dict[str, Place] = {}
    for name, (x, y) in corners.items():
        found[f"left {name}"] = (x, y, 0.0)
        found[f"right {name}"] = (-x, y, 0.0)
    return found


def middles(name: str, *, front: Point, back: Point) -> dict[str, Place]:
    """Return the middles of an opening's two sides, given their heights and distances from the plane of the seams."""
    return {f"front {name}": (0, *front), f"back {name}": (0, back[0], -back[1])}


def sleeve_end(shoulder: Point, underarm: Point, length: float, angle: float, taper: float) -> tuple[Point, Point]:
    """Return the lower and the upper corner of a sleeve that hangs `angle` degrees, with a lower seam of `length`.

    Its end is cut straight, and is `taper` times as wide as the sleeve at the underarm.
    """
    along, across = (cos(radians(angle)), -sin(radians(angle))), (sin(radians(angle)), cos(radians(angle)))
    width = taper * ((shoulder[0] - underarm[0]) * across[0] + (shoulder[1] - underarm[1]) * across[1])
    bottom = underarm[0] + length * along[0], underarm[1] + length * along[1]
    return bottom, (bottom[0] + width * across[0], bottom[1] + width * across[1])


def sleeve_half(corners: dict[str, Point]) -> list[Chain]:
    """Return a panel's right sleeve, from the underarm to the shoulder."""
    return [
        line(corners["underarm"], corners["sleeve bottom"], sewn=True),
        line(corners["sleeve bottom"], corners["sleeve top"], sewn=False),
        line(corners["sleeve top"], corners["shoulder"], bulge=1, sewn=True),
    ]


def neckline(corner: Point, depth: float) -> Chain:
    """Return the right half of a round neckline, from its corner to the middle, `depth` below."""
    angle = np.linspace(0, np.pi / 2, max(int(np.ceil((corner[0] + depth) / 1.5)), 3))
    return Chain(np.column_stack([corner[0] * np.cos(angle), corner[1] - depth * np.sin(angle)]), sewn=False)


def hem_rise(waist: float, hem: float, length: float) -> float:
    """Return how much higher a skirt's hem is at its sides, so that all of it is equally far from the waist."""
    slant = np.arctan2((hem - waist) / 2, length)
    return float(length * (1 - np.cos(slant)))


def skirt_half(waist: float, hips: float, hem: float, *, top: float, bottom: float) -> list[Chain]:
    """Return the right half of a skirt's hem and its side seam, from the middle of the hem to the waist."""
    length = top - bottom
    corner = hem / 2, bottom + hem_rise(waist, hem, length)
    hip = top - min(18.0, 0.45 * length)
    # A skirt is at least as wide at the hips as straight from waist to hem.
    straight = waist / 2 + (hem - waist) / 2 * (top - hip) / (top - corner[1])
    side = max(hips / 2, straight), hip
    return [
        Chain(arc((0, bottom), corner), sewn=False),
        line(corner, side, sewn=True),
        line(side, (waist / 2, top), bulge=0.8, sewn=True),
    ]


def arc(start: Point, end: Point) -> Floats:
    """Return points of a parabola that leaves `start` horizontally and ends at `end`."""
    steps = max(int(np.ceil(np.hypot(end[0] - start[0], end[1] - start[1]) / 1.5)), 2)
    t = np.linspace(0, 1, steps + 1)
    return np.column_stack([start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t**2])
