"""Whether shapes are one thing that moves, and points of clouds as material."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, Landmarks


def move_together(frames: NDArray[np.floating]) -> bool:
    """Whether clouds (T, V, 3), T of 2 or more, are the same points at other times.

    From one frame to the next, a point of something that moves stays much nearer to itself than to any other point;
    in clouds that only have as many points, the point of the same number is like any other. Looks at ten frames.
    """
    others = np.random.default_rng(0).permutation(frames.shape[1])
    ratios = []
    for before, after in pairwise(frames[:10]):
        moved = np.linalg.norm(after - before, axis=1).mean()
        apart = np.linalg.norm(after[others] - before, axis=1).mean()
        ratios.append(moved / apart if apart > 0 else 1.0)
    return float(np.median(ratios)) < 0.5


def labelled_points(points: Any, names: tuple[str, ...]) -> Landmarks:
    """Landmarks that are points of a cloud, from their indices (L,)."""
    faces = np.asarray(points, np.int64).reshape(-1)
    return Landmarks(faces, np.tile([1.0, 0.0, 0.0], (len(faces), 1)), names)


def moving(name: str, frames: NDArray[np.floating], faces: NDArray[np.int64], **known: Any) -> Garment:
    """A garment at rest in the first of its frames (T, V, 3); its arrays are read-only."""
    vertices, frames = frames[0].astype(np.float64), frames.astype(np.float32)
    for array in (vertices, frames, faces):
        array.setflags(write=False)
    return Garment(name, vertices, faces, frames=frames, **known)
