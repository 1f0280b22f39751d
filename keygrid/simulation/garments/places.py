"""Where on a top of its kind a point is: the same place on every top, however it is cut.

A panel is made of regions, the torso, sleeves and a collar, each bounded by chains with a meaning, such as a hem or a
cuff. Each region is mapped onto that of one standard top by mean-value coordinates (Floater 2003), so that a place is
next to the same parts on all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keygrid.simulation.patterns import Chain, Floats, Panel, Point

_HEM, _UNDERARM, _SHOULDER, _NECK = (25.0, 0.0), (24.0, 42.0), (21.0, 62.0), (9.0, 66.0)
_CUFF_BELOW, _CUFF_ABOVE, _COLLAR = (44.0, 27.0), (53.0, 42.0), (8.0, 74.0)
_MIDDLE, _SCALE = 34.0, 50.0
"""The standard top's height that becomes zero, and the length that becomes one."""
_NECK_DEPTHS = (10.0, 2.0)
"""Of the standard neckline in front and behind."""
_DEPTH = 0.5
"""How far the front's and the back's fullest places are from the seams."""
_STEPS = 24
"""Points of each standard chain."""
_MARGIN = 3.0
"""How far beyond its region a place may be mapped, in centimetres; a region that is not convex may need it."""


SLEEVED = ("hem", "side", "below", "cuff", "above", "shoulder", "neck")
"""The chains of a panel with sleeves, from the middle of the hem to that of the neck."""
SLEEVELESS = ("hem", "side", "armhole", "shoulder", "neck")


def named(chains: Sequence[Chain]) -> "Half":
    """The right half of a T-shirt's, a vest's or a dress' panel, whose side seam may come in several parts."""
    is_sleeved = sum(not chain.sewn for chain in chains) == len(("hem", "cuff", "neck")) and chains[-3].sewn
    names = list(SLEEVED if is_sleeved else SLEEVELESS)
    names[1:2] = ["side"] * (1 + len(chains) - len(names))
    return Half(list(zip(names, chains, strict=True)))


@dataclass(frozen=True, eq=False)
class Half:
    """The right half of a panel's outline, from the middle of the hem to that of the neck.

    Attributes:
        chains: in order, by their meaning: hem, side, armhole or below, cuff and above, shoulder, and neck or collar
            side and collar top; one that comes in several parts has several entries.
        neck: the seam between torso and collar, where there is a collar.
    """

    chains: Sequence[tuple[str, Chain]]
    neck: Chain | None = None

    @property
    def points(self) -> dict[str, Floats]:
        """The points of each chain by its meaning."""
        found: dict[str, Floats] = {}
        for name, chain in self.chains:
            found[name] = np.concatenate([found[name][:-1], chain.points]) if name in found else chain.points
        return found if self.neck is None else found | {"neck": self.neck.points}


def places(panel: Panel, halves: tuple[Half, Half], heights: Floats, *, front: bool) -> Floats:
    """Return where on the standard top each vertex of a panel is, (V, 3), about within [-1, 1].

    Args:
        panel: front or back of a top.
        halves: its right half, and its left half reflected onto the right.
        heights: (V,), how far each vertex is from the seams' plane, over the largest such distance.
        front: whether it is the front.
    """
    flat = np.full(panel.points.shape, np.nan)
    best = np.full(len(flat), -1.0)
    for source, target in _regions(halves, front=front):
        mapped, inside = _mean_value(panel.points, source, target)
        better = inside > best + 1e-3
        flat[better] = mapped[better]
        best = np.maximum(best, inside)
    depth = _DEPTH * np.sqrt(np.clip(heights, 0, 1)) * (1 if front else -1)
    return np.column_stack([flat[:, 0] / _SCALE, (flat[:, 1] - _MIDDLE) / _SCALE, depth])


def _regions(halves: tuple[Half, Half], *, front: bool) -> list[tuple[Floats, Floats]]:
    """Closed outlines of the torso, the sleeves and the collar, and of what they are mapped onto."""
    standard = _standard(front=front)
    torso, collar, sleeves = [], [], []
    for sign, half in zip((1, -1), halves, strict=True):
        own = half.points
        if "below" in own:
            own["armhole"] = np.linspace(own["below"][0], own["above"][-1], _STEPS)
            sleeves.append(_outline(own, standard, ["below", "cuff", "above", "-armhole"], sign))
        torso.append(_outline(own, standard, ["hem", "side", "armhole", "shoulder", "neck"], sign, is_half=True))
        if half.neck is not None:
            collar.append(_outline(own, standard, ["-neck", "collar side", "collar top"], sign, is_half=True))
    return [_joined(torso), *sleeves, *([_joined(collar)] if len(collar) == 2 else [])]


def _standard(*, front: bool) -> dict[str, Floats]:
    def straight(start: Point, end: Point) -> Floats:
        return np.linspace(start, end, _STEPS)

    angle, depth = np.linspace(0, np.pi / 2, _STEPS), _NECK_DEPTHS[0 if front else 1]
    return {
        "hem": straight((0.0, 0.0), _HEM),
        "side": straight(_HEM, _UNDERARM),
        "armhole": straight(_UNDERARM, _SHOULDER),
        "below": straight(_UNDERARM, _CUFF_BELOW),
        "cuff": straight(_CUFF_BELOW, _CUFF_ABOVE),
        "above": straight(_CUFF_ABOVE, _SHOULDER),
        "shoulder": straight(_SHOULDER, _NECK),
        "neck": np.column_stack([_NECK[0] * np.cos(angle), _NECK[1] - depth * np.sin(angle)]),
        "collar side": straight(_NECK, _COLLAR),
        "collar top": straight(_COLLAR, (0.0, _COLLAR[1])),
    }


def _outline(
    own: Mapping[str, Floats], standard: Mapping[str, Floats], names: Sequence[str], sign: int, *, is_half: bool = False
) -> tuple[Floats, Floats]:
    """Points along some chains, backwards where a name begins with a hyphen, and where each is mapped."""
    source, target = [], []
    for name in names:
        step = -1 if name.startswith("-") else 1
        points, onto = (chains[name.lstrip("-")][::step] for chains in (own, standard))
        at, along = _along(points), _along(onto)
        source.append(points[:-1])
        target.append(np.column_stack([np.interp(at, along, onto[:, axis]) for axis in range(2)])[:-1])
    if is_half:  # ends in the middle, and is no closed outline
        source.append(points[-1:])
        target.append(onto[-1:])
    both = np.concatenate(source), np.concatenate(target)
    if is_half and sign < 0:
        both = both[0][::-1], both[1][::-1]
    flip = np.array([sign, 1.0])
    return both[0] * flip, both[1] * flip


def _along(points: Floats) -> Floats:
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return lengths / max(float(lengths[-1]), 1e-9)


def _joined(halves: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """One closed outline of a right half and a left one, which share both of their ends."""
    (right, onto_right), (left, onto_left) = halves
    source, target = np.concatenate([right, left[1:]]), np.concatenate([onto_right, onto_left[1:]])
    is_closed = np.allclose(source[0], source[-1])
    return (source[:-1], target[:-1]) if is_closed else (source, target)


def _mean_value(points: Floats, outline: Floats, onto: Floats) -> tuple[Floats, Floats]:
    """Points (V, 2) mapped as an outline (P, 2) is mapped `onto` another, and how surely each is inside, (V,)."""
    away = outline[None] - points[:, None]
    after = np.roll(away, -1, axis=1)
    lengths = np.linalg.norm(away, axis=-1)
    turn = away[..., 0] * after[..., 1] - away[..., 1] * after[..., 0]
    angle = np.arctan2(turn, (away * after).sum(axis=-1))
    tangent = np.tan(np.clip(angle, -3.1415, 3.1415) / 2)
    weights = (tangent + np.roll(tangent, 1, axis=1)) / np.maximum(lengths, 1e-9)
    total = weights.sum(axis=1)
    mapped = weights @ onto / np.where(np.abs(total) < 1e-9, 1e-9, total)[:, None]
    nearest = lengths.argmin(axis=1)
    touching = lengths[np.arange(len(points)), nearest] < 1e-6
    mapped[touching] = onto[nearest[touching]]
    inside = np.where(touching, 0.99, np.minimum(np.abs(angle.sum(axis=1)) / (2 * np.pi), 1))
    return np.clip(mapped, onto.min(axis=0) - _MARGIN, onto.max(axis=0) + _MARGIN), inside
