"""Errors modulo a garment's symmetries, which show whether a frame was found as its own mirror image.

A garment at rest is roughly symmetric under a reflection left to right, one front to back, and both, which is the
half-turn. Outward normals rule out a reflection; only differences between front and back rule out the half-turn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.evaluation.metrics import Track

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FLIPS = ("sides", "front_back", "half_turn")
"""The ways in which a frame may be flipped: left for right, front for back, and both."""

_FLIPPED = 0.5
"""A frame is flipped if a symmetry leaves less than this share of its error."""
_AT_LEAST = 0.1
"""Mean error below which no frame counts as flipped, divided by the square root of the area."""


@dataclass(frozen=True, eq=False)
class Symmetric:
    """Errors of T frames modulo symmetries.

    Attributes:
        error: (T,), mean over keypoints under the best symmetry for the whole frame, in √area.
        flipped: for each of `FLIPS`, whether each frame is flipped this way, (T,).
    """

    error: Floats
    flipped: dict[str, NDArray[np.bool_]]


def symmetric(track: Track, up: int = 1, depth: int = 2) -> Symmetric:
    """Judge the frames of a track under each symmetry.

    Args:
        track: track of a garment that is upright at rest.
        up: its vertical axis.
        depth: the axis from back to front.
    """
    keypoints = np.arange(track.places.shape[1])
    each = [track.from_home[keypoints, image[track.places]] for image in images(track, up, depth)]
    errors = np.stack(each).mean(axis=-1)  # [4, T]
    best = errors.argmin(axis=0)
    clear = (errors.min(axis=0) < _FLIPPED * errors[0]) & (errors[0] > _AT_LEAST)
    return Symmetric(errors.min(axis=0), {name: clear & (best == i) for i, name in enumerate(FLIPS, start=1)})


def images(track: Track, up: int = 1, depth: int = 2) -> list[Integers]:
    """Return the image of each place of a track's material under no symmetry and under each of `FLIPS`: (V',) each.

    Args:
        track: track of a garment that is upright at rest.
        up: its vertical axis.
        depth: the axis from back to front.
    """
    rest = track.material.of_vertices @ track.garment.vertices
    centre = (rest.min(axis=0) + rest.max(axis=0)) / 2
    tree, side = cKDTree(rest), 3 - up - depth
    found = [np.arange(len(rest))]
    for axes in ([side], [depth], [side, depth]):
        sign = np.ones(3)
        sign[axes] = -1
        found.append(np.asarray(tree.query((rest - centre) * sign + centre)[1]))
    return found
