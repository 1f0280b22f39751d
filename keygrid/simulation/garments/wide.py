"""Training tops with measures far beyond a wardrobe's, so that what is learnt generalises to other garments.

Sleeves range from caps to the wrist, and from straight to hanging; lengths from cropped tops to dresses. There are
boat, round, square and V necks and turtlenecks; straps; dropped shoulders; boxy, flared, slit, uneven and asymmetric
hems; open fronts and plackets.
"""

from dataclasses import dataclass, replace

import numpy as np

from keygrid.simulation.cutting import neckline, sleeve_end
from keygrid.simulation.garments.places import Half, surface_with_places
from keygrid.simulation.garments.standards import TOP
from keygrid.simulation.patterns import PATTERN_EDGE, Chain, Floats, Integers, Point, line

_ANY_CUT = (0.72, 0.16, 0.12)
"""Shares of tops with sleeves, of vests and of tops with straps, and their categories."""
_CUTS = {"T-shirt": (1.0, 0.0, 0.0), "Vest": (0.0, 0.57, 0.43), "Dress": (0.45, 0.3, 0.25)}
_GAP = 1.5
"""Width of the strip cut out for an open front or a slit, in centimetres."""


@dataclass(frozen=True)
class Side:
    """Measures of one side of a top, in centimetres unless stated otherwise.

    Attributes:
        length: length from the hem's middle to the neck's corner.
        chest: width below the arms.
        waist: width halfway between hem and chest.
        hem: width at the hem.
        rise: height of the hem at the side above its middle.
        slit: open share of the side seam, from the hem up.
        shoulder: width from one shoulder to the other.
        slope: height of the neck's corner above the shoulder.
        armhole: height of the armhole.
        hollow: depth to which an armhole without a sleeve is cut in.
        sleeve: length of the lower seam; 0 without a sleeve.
        angle: angle of the sleeve below the horizontal, in degrees.
        taper: ratio of the cuff's width to the sleeve's at the underarm.
        bodice: height from the underarm down to the waist of a dress; 0 if its seam runs to the hem in one curve.
    """

    length: float
    chest: float
    waist: float
    hem: float
    rise: float
    slit: float
    shoulder: float
    slope: float
    armhole: float
    hollow: float
    sleeve: float
    angle: float
    taper: float
    bodice: float = 0.0


@dataclass(frozen=True)
class Neck:
    """Measures of a neck, in centimetres.

    Attributes:
        width: width from one corner to the other.
        front: depth of the front neckline.
        back: depth of the back neckline.
        shape: shape of the front neckline.
        collar: height of a standing collar; 0 without one.
        lean: ratio of the collar's upper width to its lower one.
    """

    width: float
    front: float
    back: float
    shape: str
    collar: float
    lean: float


@dataclass(frozen=True)
class WideTop:
    """A top with or without sleeves.

    Attributes:
        right: measures of its right side.
        left: measures of its left side; length, neck and hems are shared.
        neck: measures of the neck.
        hems: how much higher than at the corner the middle of the hem is, in front and behind, centimetres.
        thickness: how far the top is filled out; a circle is 1.
        opening: height from the neckline down over which the front is open, centimetres.
    """

    right: Side
    left: Side
    neck: Neck
    hems: tuple[float, float]
    thickness: float
    opening: float

    @classmethod
    def sampled(cls, rng: np.random.Generator, category: str = "") -> "WideTop":
        """Draw measures from the full range that cloth allows, or nearly: some are impossible.

        Args:
            rng: source of randomness.
            category: `T-shirt`, `Vest` or `Dress`; any of them if empty.
        """
        draw = rng.uniform
        right = _side(rng, category)
        low = 0.55 * min(right.length, right.chest)
        width = min(draw(11, 36), 0.85 * right.shoulder)
        front = min(draw(2, 22) if rng.random() < 0.8 else draw(1, 5), low)
        back = max(0.4, min(draw(0.5, 5) if rng.random() < 0.8 else draw(4, 18), front - 0.5))
        shape = str(rng.choice(["round", "pointed", "square"], p=[0.63, 0.25, 0.12]))
        collar = draw(2, 9) if rng.random() < 0.15 else 0.0
        neck = Neck(width, front, back, shape, collar, draw(0.75, 1.0))
        left = right
        if rng.random() < 0.15:
            names = rng.choice(["sleeve", "slope", "hem", "chest", "angle"], 2, replace=False)
            left = replace(right, **{name: getattr(right, name) * draw(0.75, 1.3) for name in names})
            left = replace(left, rise=right.rise + draw(-4, 4))
        hems = tuple(draw(-1.5, 1.5) if rng.random() < 0.5 else draw(-9, 9) for _ in range(2))
        chance = rng.random()
        opening = 1e3 if chance < 0.08 else draw(0.1, 0.4) * right.length if chance < 0.16 else 0.0
        return cls(right, left, neck, (hems[0], hems[1]), draw(0.1, 0.66), opening)

    def surface(self) -> tuple[Floats, Integers, Floats]:
        """Return vertices (V, 3), faces (F, 3), and the vertices' places (V, 3).

        Raises:
            ValueError: these measures are impossible for cloth.
        """
        halves = [(self._half(self.right, front=front), self._half(self.left, front=front)) for front in (True, False)]
        sewn = surface_with_places(TOP, halves, self.thickness)
        if not self.opening:
            return sewn
        return opened(*sewn, lowest=self.right.length - self.neck.front - self.opening)

    def _half(self, side: Side, *, front: bool) -> Half:
        top, tip = side.length, (side.shoulder / 2, side.length - side.slope)
        underarm, hem = (side.chest / 2, tip[1] - side.armhole), (side.hem / 2, side.rise)
        corner = self.neck.width / 2, top
        middle = self.hems[0 if front else 1]
        chains = [("hem", hem_curve((0.0, middle), hem)), *_side_seam(side, hem, underarm)]
        if side.sleeve > 0:
            below, above = sleeve_end(tip, underarm, side.sleeve, side.angle, side.taper)
            chains += [
                ("below", line(underarm, below, sewn=True)),
                ("cuff", line(below, above, sewn=False)),
                ("above", line(above, tip, bulge=0.03 * side.sleeve, sewn=True)),
            ]
        else:
            chains.append(("armhole", line(underarm, tip, bulge=-side.hollow, sewn=False)))
        chains.append(("shoulder", line(tip, corner, sewn=True)))
        neck = self._neckline(corner, front=front)
        if not self.neck.collar:
            return Half([*chains, ("neck", neck)])
        end = self.neck.lean * corner[0], top + self.neck.collar
        chains += [("collar side", line(corner, end, sewn=True)), ("collar top", line(end, (0.0, end[1]), sewn=False))]
        return Half(chains, neck)

    def _neckline(self, corner: Point, *, front: bool) -> Chain:
        depth = self.neck.front if front else self.neck.back
        if front and self.neck.shape == "pointed":
            return line(corner, (0.0, corner[1] - depth), sewn=False)
        round_one = neckline(corner, depth)
        if front and self.neck.shape == "square":
            angle = np.linspace(0, np.pi / 2, len(round_one.points))
            across, down = np.cos(angle) ** 0.6, np.sin(angle) ** 0.6
            return Chain(np.column_stack([corner[0] * across, corner[1] - depth * down]), sewn=False)
        return round_one


def opened(
    vertices: Floats, faces: Integers, where: Floats, *, lowest: float, highest: float = np.inf, front: bool = True
) -> tuple[Floats, Integers, Floats]:
    """Return vertices (V, 3), faces (F, 3) and places (V, 3) without a strip in a panel's middle."""
    middle = vertices[faces].mean(axis=1)
    behind = middle[:, 2] if front else -middle[:, 2]
    gone = (np.abs(middle[:, 0]) < _GAP / 2) & (behind > 0) & (middle[:, 1] > lowest) & (middle[:, 1] < highest)
    kept, faces = np.unique(faces[~gone], return_inverse=True)
    return vertices[kept], faces.reshape(-1, 3), where[kept]


def _side(rng: np.random.Generator, category: str) -> Side:
    draw = rng.uniform
    kind = rng.choice(["sleeved", "vest", "straps"], p=_CUTS.get(category, _ANY_CUT))
    chest, is_dress = draw(36, 74), rng.random() < 0.15
    if category:
        is_dress = category == "Dress"
    hem = chest * (draw(0.9, 2.4) if is_dress else draw(1.1, 1.9) if rng.random() < 0.25 else draw(0.8, 1.25))
    long = rng.random()
    lengths = (2.5, 14) if long < 0.35 else (14, 34) if long < 0.6 else (34, 66)
    is_sleeved = kind == "sleeved"
    bodice = draw(4, 28) if category == "Dress" and rng.random() < 0.6 else 0.0
    shoulder = chest * draw(0.66, 1.06) if is_sleeved else draw(20, 50) if kind == "vest" else draw(18, 36)
    return Side(
        length=draw(72, 130) if is_dress else draw(34, 92),
        chest=chest,
        waist=chest * draw(0.7, 1.1),
        hem=hem,
        rise=0.0 if rng.random() < 0.5 else draw(-3, 6),
        slit=draw(0.04, 0.4) if rng.random() < 0.12 else 0.0,
        shoulder=min(shoulder, 1.1 * chest),
        slope=draw(0.3, 8),
        armhole=draw(18, 34) if kind == "straps" else draw(13, 32),
        hollow=0.0 if is_sleeved else draw(0, 6),
        sleeve=draw(*lengths) if is_sleeved else 0.0,
        angle=draw(-10, 68),
        taper=draw(1.1, 1.8) if rng.random() < 0.1 else draw(0.42, 1.15),
        bodice=bodice,
    )


def _side_seam(side: Side, hem: Point, underarm: Point) -> list[tuple[str, Chain]]:
    if not side.bodice:
        points = line(hem, underarm, bulge=(side.waist - (side.hem + side.chest) / 2) / 2, sewn=True).points
        return slit_seam(points, side.slit)
    waist = side.waist / 2, underarm[1] - side.bodice
    skirt, bodice = (line(start, end, sewn=True).points for start, end in ((hem, waist), (waist, underarm)))
    return slit_seam(np.concatenate([skirt, bodice[1:]]), side.slit)


def slit_seam(points: Floats, share: float) -> list[tuple[str, Chain]]:
    """Return a side seam along points (P, 2) from the hem up, whose lowest part may be open."""
    open_until = int(share * len(points))
    if not 1 <= open_until < len(points) - 2:
        return [("side", Chain(points, sewn=True))]
    return [("side", Chain(points[: open_until + 1], sewn=False)), ("side", Chain(points[open_until:], sewn=True))]


def hem_curve(start: Point, end: Point) -> Chain:
    """Return a hem that leaves the middle horizontally."""
    steps = max(int(np.ceil(np.hypot(end[0] - start[0], end[1] - start[1]) / PATTERN_EDGE)), 3)
    t = np.linspace(0, 1, steps + 1)
    return Chain(np.column_stack([end[0] * t, start[1] + (end[1] - start[1]) * t**2]), sewn=False)
