"""Names of a checkpoint's keypoints, derived from garments' landmarks: each gets the name of the nearest.

Training uses no landmarks; names only describe where keypoints turned out to be.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.evaluation.material import Material
from keygrid.methods import Method

_AGREED = 0.6
"""Share of garments on which a landmark must be the nearest; otherwise the side, as in `left hem`, is dropped.
"""
_SIDES = ("left ", "right ", "front ", "back ")

Floats = NDArray[np.float64]


def derived_names(method: Method, garments: Iterable[Garment]) -> list[str]:
    """Return a name for each keypoint: the landmark nearest along the cloth on most garments at rest.

    If a nearer keypoint has the same landmark, the name adds the landmark towards which the keypoint lies. If garments
    disagree on the side, it is left out.

    Args:
        method: finds the keypoints.
        garments: surfaces with landmarks; several motions of a garment count once.

    Raises:
        KeygridError: none of them has landmarks.
    """
    seen: set[bytes] = set()
    orders: list[list[list[str]]] = []
    away: list[dict[str, Floats]] = []
    for garment in garments:
        content = garment.faces.tobytes()
        if garment.landmarks is None or garment.is_cloud or content in seen:
            continue
        seen.add(content)
        names, distances = _from_landmarks(method, garment)
        orders.append([[names[at] for at in order] for order in distances.argsort(axis=0).T])
        away.append(dict(zip(names, distances, strict=True)))
    if not orders:
        raise KeygridError("None of these garments has landmarks from which names could be derived.")
    nearest = [_agreed([order[keypoint][0] for order in orders]) for keypoint in range(method.keypoints)]
    return _told_apart(nearest, orders, away)


def _from_landmarks(method: Method, garment: Garment) -> tuple[Sequence[str], Floats]:
    """Return the names of L landmarks, and the distance (L, K) along the cloth from each to each keypoint."""
    assert garment.landmarks is not None
    (found,) = method.find([garment], mode="peak", parts="keypoints")
    places = garment.landmarks.on(garment.vertices, garment.faces)
    nearest = np.asarray(cKDTree(garment.vertices).query(places)[1], np.int64)
    distances = Material.of(garment, refined=False).distances(nearest)
    return garment.landmarks.names, distances[:, found.vertices]


def _agreed(names: Sequence[str]) -> str:
    name, count = Counter(names).most_common(1)[0]
    if count >= _AGREED * len(names):
        return name
    return Counter(map(_without_side, names)).most_common(1)[0][0]


def _without_side(name: str) -> str:
    side = next((side for side in _SIDES if name.startswith(side)), "")
    return name.removeprefix(side)


def _told_apart(
    nearest: Sequence[str], orders: Sequence[Sequence[Sequence[str]]], away: Sequence[dict[str, Floats]]
) -> list[str]:
    """Return the names, made distinct."""
    alike: dict[str, list[int]] = defaultdict(list)
    for keypoint, name in enumerate(nearest):
        alike[name].append(keypoint)
    names = list(nearest)
    for name, keypoints in alike.items():
        apart = [np.mean([known[name][keypoint] for known in away if name in known] or [0]) for keypoint in keypoints]
        for place in np.argsort(apart, kind="stable")[1:]:
            keypoint = keypoints[place]
            second = _agreed([_next_part(order[keypoint], name) for order in orders])
            names[keypoint] = f"{name}, to {second}"
    counts: Counter[str] = Counter()
    for keypoint, name in enumerate(names):
        counts[name] += 1
        names[keypoint] = f"{name} {counts[name]}" if counts[name] > 1 else name
    return names


def _next_part(order: Sequence[str], name: str) -> str:
    """Return the first landmark on another part of the garment."""
    return next((other for other in order if _without_side(other) != _without_side(name)), order[-1])
