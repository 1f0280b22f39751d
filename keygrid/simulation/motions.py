"""Motions of garments: initial pose, gripped places and paths of the grips.

Everything uses the simulator's lengths (see `cloth`), with x to the wearer's left and z up. A garment that is folded,
dragged or lifted lies flat on its back, and comes to rest before it is gripped; one that is dropped starts in a random
orientation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from keygrid.simulation.cloth import RADIUS, RATE, TOP_SPEED

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Motion = Literal["drop", "fold-sleeve", "fold-half", "drag", "lift", "fold-any", "fold-twice"]
MOTIONS: tuple[Motion, ...] = get_args(Motion)

PATCH = 3.5
"""Radius around a place within which the cloth is gripped."""

HANDFUL = 5.0
"""The same radius for a single grip that must overcome the friction of the whole garment."""

STRETCH: dict[Motion, float] = {"drag": 3e4, "fold-twice": 3e4}
"""Stretching resistance where it differs from `Material`'s, so that a single grip does not tear the cloth."""

SPEED = 0.62 * TOP_SPEED
"""Mean speed of a grip, which starts and stops gently, so that the cloth can follow."""

SETTLING = 0.32
"""Seconds in which a lying garment comes to rest."""

FLATTENING = 0.35
"""Initial thickness of a lying garment, as a share of its full thickness; gravity presses it further."""


@dataclass(frozen=True, eq=False)
class Start:
    """The initial pose of a garment.

    Attributes:
        vertices: (V, 3), initial positions.
        settling: number of frames until it rests.
    """

    vertices: Floats
    settling: int


@dataclass(frozen=True, eq=False)
class Grip:
    """A grip on a garment, and its path.

    Attributes:
        gripped: (G,) gripped vertices; empty if there are none.
        lasting: number of frames.
        path: displacement of the grip, (3,) or (G, 3), as a function of the motion's share from 0 to 1.
    """

    gripped: Integers
    lasting: int
    path: Callable[[float], Floats]


def begin(motion: Motion, worn: Floats, rng: np.random.Generator) -> Start:
    """Return the initial pose of a garment, given as worn: (V, 3), y to its back."""
    if motion == "drop":
        turned = Rotation.random(random_state=rng).apply(worn)
        return Start(turned - [0, 0, turned[:, 2].min() - rng.uniform(4, 10)], 0)
    if np.ptp(worn[:, 2]) < np.ptp(worn[:, 1]):  # a hat lies on its brim
        lying = worn * [1, 1, FLATTENING]
    else:
        lying = worn[:, [0, 2, 1]] * [1, 1, -FLATTENING]  # y to its top, z to its front
    lying[:, 2] -= lying[:, 2].min() - RADIUS
    turn = Rotation.from_euler("z", rng.uniform(-20, 20), degrees=True)
    # Mirror images would fold up mirrored wrinkles.
    return Start(turn.apply(lying + rng.uniform(-0.05, 0.05, lying.shape)), _frames(SETTLING))


def stages(motion: Motion) -> int:
    """Return the number of successive grips."""
    return len(_STAGES[motion])


def grip(motion: Motion, settled: Floats, rng: np.random.Generator, stage: int = 0) -> Grip:
    """Plan one stage of a motion.

    Args:
        motion: the motion.
        settled: (V, 3), resting positions at the beginning of the stage.
        rng: source of randomness.
        stage: index of the stage, from 0 to `stages(motion)` - 1.
    """
    return _STAGES[motion][stage](settled, rng)


def _drop(settled: Floats, _rng: np.random.Generator) -> Grip:
    seconds = 0.95 * float(settled[:, 2].max()) / TOP_SPEED + 0.15
    return Grip(np.empty(0, np.int64), _frames(seconds), lambda _: np.zeros(3))


def _fold_sleeve(settled: Floats, rng: np.random.Generator) -> Grip:
    side = rng.choice([-1, 1])
    tip = int(np.argmax(side * settled[:, 0]))
    width = abs(settled[tip, 0] - np.median(settled[:, 0]))
    across = np.array([-side * width * rng.uniform(0.85, 1.15), width * rng.uniform(-0.3, 0.3), 0])
    gripped = _patch(settled, tip)
    return _over(gripped, np.broadcast_to(across, (len(gripped), 3)))


def _fold_half(settled: Floats, rng: np.random.Generator) -> Grip:
    side = rng.choice([-1, 1])
    return _fold(settled, np.array([side, 0.0]), side * float(rng.uniform(-2, 2)))


def _fold_ends(settled: Floats, rng: np.random.Generator) -> Grip:
    """Fold top to bottom, or bottom to top."""
    side = rng.choice([-1, 1])
    return _fold(settled, np.array([0.0, side]), float(rng.uniform(-2, 2)))


def _fold_any(settled: Floats, rng: np.random.Generator) -> Grip:
    """Fold along a line in any direction, anywhere in the middle third."""
    angle = rng.uniform(0, 2 * np.pi)
    outwards = np.array([np.cos(angle), np.sin(angle)])
    return _fold(settled, outwards, float(rng.uniform(-1, 1) * np.ptp(settled[:, :2] @ outwards) / 6))


def _fold(settled: Floats, outwards: Floats, shift: float) -> Grip:
    """Move both outer corners to their mirror images.

    Args:
        settled: (V, 3).
        outwards: (2,), direction of the corners on the ground; the fold line is perpendicular to it.
        shift: distance of the fold line from the middle of the cloth, outwards.
    """
    along = settled[:, :2] @ outwards
    beside = settled[:, :2] @ np.array([-outwards[1], outwards[0]])
    lean = 0.5 * np.ptp(along) / max(np.ptp(beside), 1e-9)
    fold = float(np.median(along)) + shift
    ways: dict[int, Floats] = {}
    for side in (-1, 1):
        tip = int(np.argmax(along + side * lean * beside))
        way = np.array([*(2 * (fold - along[tip]) * outwards), 0])
        ways |= dict.fromkeys(_patch(settled, tip).tolist(), way)
    return _over(np.array(list(ways)), np.stack(list(ways.values())))


def _drag(settled: Floats, rng: np.random.Generator) -> Grip:
    tip, outwards = _extremity(settled, rng)
    way = rng.uniform(35, 50) * Rotation.from_euler("z", rng.uniform(-50, 50), degrees=True).apply(outwards)

    def path(share: float) -> Floats:
        led: Floats = _ease(share) * way + [0, 0, 5 * _ease(min(1.0, 2 * share))]
        return led

    # A sleeve that pulls a whole shirt over the ground stretches if it is hurried.
    return Grip(_patch(settled, tip, HANDFUL), _frames(float(np.linalg.norm(way)) / (0.7 * SPEED)), path)


def _lift(settled: Floats, rng: np.random.Generator) -> Grip:
    tip, _ = _extremity(settled, rng)
    reach = float(np.linalg.norm(settled - settled[tip], axis=1).max())
    way = np.array([0, 0, rng.uniform(0.75, 0.95) * reach])
    return Grip(_patch(settled, tip), _frames(way[2] / SPEED + 0.1), lambda share: _ease(share) * way)


def _extremity(settled: Floats, rng: np.random.Generator) -> tuple[int, Floats]:
    """Return the outermost vertex in a random direction along the ground, and the direction (3,)."""
    angle = rng.uniform(0, 2 * np.pi)
    outwards = np.array([np.cos(angle), np.sin(angle), 0.0])
    return int(np.argmax(settled @ outwards)), outwards


def _patch(settled: Floats, tip: int, radius: float = PATCH) -> Integers:
    """Return all vertices near a tip, in both layers, as if held between two fingers."""
    return np.flatnonzero(np.linalg.norm(settled[:, :2] - settled[tip, :2], axis=1) < radius)


def _over(gripped: Integers, across: Floats) -> Grip:
    """Move a grip by `across` (G, 3), lifting it over what lies between."""
    longest = float(np.linalg.norm(across, axis=1).max())
    height = 0.3 * longest

    def path(share: float) -> Floats:
        turn = np.pi * _ease(share)
        led: Floats = (1 - np.cos(turn)) / 2 * across + [0, 0, height * np.sin(turn) + 2 * _ease(share)]
        return led

    length = np.pi / 2 * np.hypot(longest, 2 * height) / np.sqrt(2)
    return Grip(gripped, _frames(length / SPEED + 0.1), path)


def _ease(share: float) -> float:
    """Ease a share from 0 to 1 gently at both ends; it reaches 1 early, so that the cloth can follow."""
    t = min(share / 0.9, 1.0)
    return t * t * (3 - 2 * t)


def _frames(seconds: float) -> int:
    return max(int(np.ceil(seconds * RATE)), 1)


_STAGES: dict[Motion, tuple[Callable[[Floats, np.random.Generator], Grip], ...]] = {
    "drop": (_drop,),
    "fold-sleeve": (_fold_sleeve,),
    "fold-half": (_fold_half,),
    "drag": (_drag,),
    "lift": (_lift,),
    "fold-any": (_fold_any,),
    "fold-twice": (_fold_half, _fold_ends),
}
"""The grips of each motion, in order."""
