"""Standard garments, one per kind, to which all others of their kind are mapped, and names of their panels' chains."""

from itertools import pairwise

import numpy as np

from keygrid.simulation.garments.places import Standard
from keygrid.simulation.patterns import Floats, Point

SLEEVED = ("hem", "side", "below", "cuff", "above", "shoulder", "neck")
"""The chains of a panel with sleeves, from the middle of the hem to that of the neck."""
SLEEVELESS = ("hem", "side", "armhole", "shoulder", "neck")
LEG = ("inseam", "cuff", "side", "waist")
"""The chains of a trouser panel, from the crotch to the middle of the waist."""
FLARE = ("hem", "side", "waist")
"""The chains of a skirt's panel, from the middle of the hem to that of the waist."""

_STEPS = 24
"""Number of points on each chain."""


def _path(*corners: Point) -> Floats:
    return np.concatenate([np.linspace(start, end, _STEPS) for start, end in pairwise(corners)])


def _top(neck_depth: float) -> dict[str, Floats]:
    hem, underarm, shoulder, neck = (25.0, 0.0), (24.0, 42.0), (21.0, 62.0), (9.0, 66.0)
    below, above, collar = (44.0, 27.0), (53.0, 42.0), (8.0, 74.0)
    angle = np.linspace(0, np.pi / 2, _STEPS)
    return {
        "hem": _path((0.0, 0.0), hem),
        "side": _path(hem, underarm),
        "armhole": _path(underarm, shoulder),
        "below": _path(underarm, below),
        "cuff": _path(below, above),
        "above": _path(above, shoulder),
        "shoulder": _path(shoulder, neck),
        "neck": np.column_stack([neck[0] * np.cos(angle), neck[1] - neck_depth * np.sin(angle)]),
        "collar side": _path(neck, collar),
        "collar top": _path(collar, (0.0, collar[1])),
    }


TOP = Standard(
    front=_top(10.0),
    back=_top(2.0),
    across=(SLEEVELESS, ("-neck", "collar side", "collar top")),
    beside=(("below", "cuff", "above", "-armhole"),),
    middle=34.0,
    scale=50.0,
)


def _trousers(waist_middle: float) -> dict[str, Floats]:
    crotch, inner, outer, hip, waist = (0.0, 54.0), (5.0, 0.0), (27.0, 0.0), (26.0, 62.0), (20.0, 80.0)
    top = 0.0, waist_middle
    return {
        "inseam": _path(crotch, inner),
        "cuff": _path(inner, outer),
        "side": _path(outer, hip, waist),
        "waist": _path(waist, top),
        "middle": _path(top, crotch),
    }


TROUSERS = Standard(
    front=_trousers(77.0), back=_trousers(81.0), across=(), beside=((*LEG, "middle"),), middle=40.0, scale=50.0
)


def _skirt(waist_middle: float) -> dict[str, Floats]:
    hem, hip, waist = (32.0, 3.0), (25.0, 42.0), (19.0, 60.0)
    return {
        "hem": _path((0.0, 0.0), hem),
        "side": _path(hem, hip, waist),
        "waist": _path(waist, (0.0, waist_middle)),
    }


SKIRT = Standard(front=_skirt(57.0), back=_skirt(60.0), across=(FLARE,), beside=(), middle=30.0, scale=50.0)

HAT = np.array([(0.0, 0.65), (0.45, 0.55), (0.55, 0.0), (1.0, -0.25)])
"""Radius and height of the crown's middle and edge, of the band, and of the brim's edge, (4, 2), scaled."""


def hat_places(stages: Floats, angles: Floats) -> Floats:
    """Return the places of points on a standard hat, (P, 3).

    Args:
        stages: (P,), from 0 at the crown's middle over 1 at its edge and 2 at the band to 3 at the brim's edge.
        angles: (P,), from the front to the wearer's left, in radians.
    """
    radius, height = (np.interp(stages, np.arange(len(HAT)), HAT[:, axis]) for axis in range(2))
    return np.column_stack([radius * np.sin(angles), height, radius * np.cos(angles)])
