"""The vertical axis of a file, and the rotation that makes it y, as all methods expect."""

from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, Up

UPS: tuple[Up, ...] = get_args(Up)


def turn_of(up: Up) -> NDArray[np.float64]:
    """Return the rotation (3, 3) from a file's axes to axes in which y is up."""
    sign = -1.0 if up.startswith("-") else 1.0
    turns = {
        "x": [[0, -sign, 0], [sign, 0, 0], [0, 0, 1]],
        "y": [[1, 0, 0], [0, sign, 0], [0, 0, sign]],
        "z": [[1, 0, 0], [0, 0, sign], [0, -sign, 0]],
    }
    return np.array(turns[up[-1]], np.float64)


def stand_up(garment: Garment, up: Up) -> Garment:
    """Turn a garment, with all its frames and normals, so that y is up instead of the file's axis `up`."""
    if up == garment.up:
        return garment
    turn = turn_of(up) @ turn_of(garment.up).T
    vertices = garment.vertices @ turn.T
    frames = None if garment.frames is None else garment.frames @ turn.T.astype(garment.frames.dtype)
    for array in (vertices, frames):
        if array is not None:
            array.setflags(write=False)
    return replace(garment, vertices=vertices, frames=frames, up=up)


def in_file_axes(positions: NDArray[np.floating], up: Up) -> NDArray[np.float64]:
    """Return positions (..., 3) on a garment that was turned upright in the axes of its file, in which `up` is up."""
    back: NDArray[np.float64] = positions @ turn_of(up)
    return back
