"""Places on garments of a kind: corresponding parts of all garments have the same place, however they are cut.

A panel consists of regions, such as the torso, sleeves and a collar, each bounded by chains with a meaning, such as a
hem or a cuff. Each region is mapped to that of a standard garment by mean-value coordinates (Floater 2003), so that a
place has the same neighbouring parts on all garments.

If nothing distinguishes a garment's front from its back, a place can't either: it lies on the garment's axis, and
expresses only its height.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keygrid.simulation.patterns import Chain, Floats, Integers, Panel, cut, fill_out, mirrored, sew_at

_DEPTH = 0.5
"""Depth of the front's and the back's fullest places, from the plane of the seams."""
_STEPS = 24
"""Number of points on a seam inside a panel, which is not a chain of its outline."""
_MARGIN = 3.0
"""Distance beyond its region to which a place may be mapped, in centimetres; regions that are not convex may need it.
"""


@dataclass(frozen=True, eq=False)
class Standard:
    """A garment to whose panels those of all garments of its kind are mapped; lengths in centimetres.

    Attributes:
        front: points of each chain of the front's right half, by the chain's meaning.
        back: points of each chain of the back's right half.
        across: regions from side to side, each given by the chains of its right half, from one middle to the other; a
            hyphen before a name reverses the chain.
        beside: regions of one side, each given by the chains around it.
        middle: height that is mapped to zero.
        scale: length that is mapped to one.
    """

    front: Mapping[str, Floats]
    back: Mapping[str, Floats]
    across: Sequence[Sequence[str]]
    beside: Sequence[Sequence[str]]
    middle: float
    scale: float


@dataclass(frozen=True, eq=False)
class Half:
    """The right half of a panel's outline, from its lower to its upper middle.

    Attributes:
        chains: chains in order, by their meaning, such as hem, side and waist; a chain in several parts has several
            entries.
        neck: seam between torso and collar, if there is a collar.
    """

    chains: Sequence[tuple[str, Chain]]
    neck: Chain | None = None

    @property
    def points(self) -> dict[str, Floats]:
        """Points of each chain by its meaning, and of seams inside the panel: neck, armhole and middle."""
        found: dict[str, Floats] = {}
        for name, chain in self.chains:
            found[name] = np.concatenate([found[name][:-1], chain.points]) if name in found else chain.points
        if self.neck is not None:
            found["neck"] = self.neck.points
        if "below" in found:
            found["armhole"] = np.linspace(found["below"][0], found["above"][-1], _STEPS)
        if "inseam" in found:
            found["middle"] = np.linspace(found["waist"][-1], found["inseam"][0], _STEPS)
        return found


def named(chains: Sequence[Chain], names: Sequence[str]) -> Half:
    """Return the right half of a panel whose second chain, the side seam, may consist of several parts."""
    at = names.index("side")
    parts = ["side"] * (1 + len(chains) - len(names))
    return Half(list(zip([*names[:at], *parts, *names[at + 1 :]], chains, strict=True)))


def surface_with_places(
    standard: Standard,
    halves: Sequence[tuple[Half, Half]],
    thickness: float,
    fuller: Callable[[Floats], Floats] | None = None,
) -> tuple[Floats, Integers, Floats]:
    """Return vertices (V, 3) and faces (F, 3) of a sewn garment, and its vertices' places (V, 3).

    Args:
        standard: the standard garment.
        halves: the right half of the front and of the back, and the left half reflected to the right.
        thickness: extent to which it is filled out; a circle is 1.
        fuller: factors (V,) by which the back is filled out further, at points (V, 2) of its panel.

    Raises:
        ValueError: these outlines are impossible for cloth.
    """
    panels = [cut(_whole_outline(*pair)) for pair in halves]
    heights = [fill_out(panel, thickness) for panel in panels]
    if fuller is not None:
        heights[1] = heights[1] * fuller(panels[1].points)
    vertices, faces = sew_at(panels[0], panels[1], heights[0], heights[1])
    most = max(float(max(height.max() for height in heights)), 1e-6)
    found = [
        places(standard, panel, pair, height / most, front=front)
        for panel, pair, height, front in zip(panels, halves, heights, (True, False), strict=True)
    ]
    # The back's seam vertices are those of the front, as `sew_at` has them.
    where = np.concatenate([found[0], found[1][~panels[1].sewn]])
    if not (np.isfinite(vertices).all() and np.isfinite(where).all()):
        raise ValueError("these measures contradict each other")
    return vertices, faces, where


def on_axis(where: Floats) -> Floats:
    """Return places (V, 3) of a rotationally symmetric garment, which only express heights."""
    return where * [0.0, 1.0, 0.0]


def _whole_outline(right: Half, left: Half) -> list[Chain]:
    reflected = mirrored([chain for _, chain in left.chains])[len(left.chains) :]
    return [*(chain for _, chain in right.chains), *reflected]


def places(standard: Standard, panel: Panel, halves: tuple[Half, Half], heights: Floats, *, front: bool) -> Floats:
    """Return each vertex's place on the standard garment, (V, 3), about within [-1, 1].

    Args:
        standard: the standard garment.
        panel: front or back of one of its kind.
        halves: the panel's right half, and its left half reflected to the right.
        heights: (V,), each vertex's distance from the plane of the seams, divided by the largest one.
        front: whether it is the front.
    """
    flat = np.full(panel.points.shape, np.nan)
    best = np.full(len(flat), -1.0)
    for source, target in _regions(standard, halves, front=front):
        mapped, inside = _mean_value(panel.points, source, target)
        better = inside > best + 1e-3
        flat[better] = mapped[better]
        best = np.maximum(best, inside)
    depth = _DEPTH * np.sqrt(np.clip(heights, 0, 1)) * (1 if front else -1)
    return np.column_stack([flat[:, 0] / standard.scale, (flat[:, 1] - standard.middle) / standard.scale, depth])


def _regions(standard: Standard, halves: tuple[Half, Half], *, front: bool) -> list[tuple[Floats, Floats]]:
    """Return closed outlines of a panel's regions, and of their targets."""
    onto, own = standard.front if front else standard.back, [half.points for half in halves]
    regions = []
    for names in standard.across:
        if all(_has(points, names) for points in own):
            both = [
                _outline(points, onto, names, sign, is_half=True) for sign, points in zip((1, -1), own, strict=True)
            ]
            regions.append(_joined(both))
    for names in standard.beside:
        sides = zip((1, -1), own, strict=True)
        regions += [_outline(points, onto, names, sign) for sign, points in sides if _has(points, names)]
    return regions


def _has(points: Mapping[str, Floats], names: Sequence[str]) -> bool:
    return all(name.lstrip("-") in points for name in names)


def _outline(
    own: Mapping[str, Floats], standard: Mapping[str, Floats], names: Sequence[str], sign: int, *, is_half: bool = False
) -> tuple[Floats, Floats]:
    """Return points along some chains, reversed if their name begins with a hyphen, and their targets."""
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
    """Return a closed outline from a right half and a left half with common ends."""
    (right, onto_right), (left, onto_left) = halves
    source, target = np.concatenate([right, left[1:]]), np.concatenate([onto_right, onto_left[1:]])
    is_closed = np.allclose(source[0], source[-1])
    return (source[:-1], target[:-1]) if is_closed else (source, target)


def _mean_value(points: Floats, outline: Floats, onto: Floats) -> tuple[Floats, Floats]:
    """Return points (V, 2), mapped as the outline (P, 2) maps to `onto`, and their certainty of being inside, (V,)."""
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
