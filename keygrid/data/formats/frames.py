"""Tests whether clouds are frames of one moving object, or depth images whose points are pixels."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, Landmarks, precise

_STILL = 1e-6
"""Minimum motion of a point that is informative, as a share of the extent."""
_FEWEST_RAYS = 16
_ASIDE = 0.02
"""Sine of the angle allowed between a pixel's ray and its step, and the allowed share of outliers.
"""
_WIDEST = 0.2
"""Cosine of half of the widest angle of view."""
_FARTHEST = 50
"""Largest distance from a camera to what it sees, in extents."""


def move_together(frames: NDArray[np.floating]) -> bool:
    """Return whether clouds (T, V, 3), T of 2 or more, show the same points at different times.

    From one frame to the next, a point of a moving object stays much nearer to itself than to any other point. In
    clouds that merely have the same number of points, points of the same index are unrelated. Ten frames are examined.
    """
    others = np.random.default_rng(0).permutation(frames.shape[1])
    ratios = []
    for before, after in pairwise(frames[:10]):
        moved = np.linalg.norm(after - before, axis=1).mean()
        apart = np.linalg.norm(after[others] - before, axis=1).mean()
        ratios.append(moved / apart if apart > 0 else 1.0)
    return float(np.median(ratios)) < 0.5


def seen_by_camera(before: NDArray[np.floating], after: NDArray[np.floating]) -> bool:
    """Return whether clouds (T, V, 3) are depth images of one camera, whose points are pixels instead of material.

    A pixel always sees along the same ray, so points move only along rays that meet in the camera's centre, and all are
    in front of it.
    """
    before, after = before.astype(np.float64), after.astype(np.float64)
    steps = after - before
    lengths = np.linalg.norm(steps, axis=1)
    extent = float(np.ptp(before, axis=0).max())
    has_moved = lengths > _STILL * extent
    if has_moved.sum() < _FEWEST_RAYS:
        return False
    before, steps, lengths = before[has_moved], steps[has_moved], lengths[has_moved]
    along = steps / lengths[:, None]
    across = lengths[:, None, None] ** 2 * (np.eye(3) - along[:, :, None] * along[:, None, :])  # long steps weigh more
    centre = np.linalg.lstsq(across.sum(axis=0), np.einsum("nij,nj->i", across, before), rcond=None)[0]
    rays = before - centre
    aside = np.linalg.norm(np.cross(rays, along), axis=1) / np.maximum(np.linalg.norm(rays, axis=1), 1e-12)
    forward = rays.mean(axis=0)
    is_ahead = rays @ forward > _WIDEST * np.linalg.norm(rays, axis=1) * np.linalg.norm(forward)
    is_near = np.linalg.norm(forward) < _FARTHEST * extent
    return bool(is_near and np.median(aside) < _ASIDE and is_ahead.mean() > 1 - _ASIDE)


def labelled_points(points: Any, names: tuple[str, ...]) -> Landmarks:
    """Return landmarks that are points of a cloud, from their indices (L,)."""
    faces = np.asarray(points, np.int64).reshape(-1)
    return Landmarks(faces, np.tile([1.0, 0.0, 0.0], (len(faces), 1)), names)


def moving(name: str, frames: NDArray[np.floating], faces: NDArray[np.int64], **known: Any) -> Garment:
    """Return a garment from its frames (T, V, 3), at rest in the first; its arrays are read-only."""
    vertices, frames = frames[0].astype(np.float64), precise(frames)
    for array in (vertices, frames, faces):
        array.setflags(write=False)
    return Garment(name, vertices, faces, frames=frames, **known)
