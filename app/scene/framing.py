"""Camera positions at which a garment fills the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment

Floats = NDArray[np.float64]

UP = np.array([0.0, 1.0, 0.0])

SIDES: dict[str, tuple[Floats, Floats]] = {
    "front": (np.array([0.0, 0.0, 1.0]), UP), "back": (np.array([0.0, 0.0, -1.0]), UP),
    "right": (np.array([1.0, 0.0, 0.0]), UP), "left": (np.array([-1.0, 0.0, 0.0]), UP),
    "above": (UP, np.array([0.0, 0.0, -1.0])), "below": (-UP, np.array([0.0, 0.0, 1.0])),
}  # fmt: skip
"""Directions towards the camera, and the picture's upward direction."""

LIES = 0.7
"""Cosine between a garment's thinnest direction and the vertical above which it counts as lying."""

ROUND = 0.85
"""Ratio of the smaller to the larger horizontal spread above which a garment counts as equally broad on all sides."""

STANDING, LYING = (14.0, 12.0), (12.0, 58.0)
"""Initial camera angles in degrees, to the right of the broad side and upwards, for standing and lying garments."""

FILLED = 0.86
"""Share of the picture's width or height that a garment fills."""

MOST_POINTS = 20_000
"""Approximate number of points to which a moving garment is thinned, besides its extremes; more only takes longer."""


def broad_side(vertices: Floats) -> Floats:
    """Return the horizontal direction (3,) towards the eye from which vertices (V, 3) look broadest."""
    flat = np.cov(vertices[:, [0, 2]].T) if len(vertices) > 3 else np.eye(2)
    spread, axes = np.linalg.eigh(flat)
    less, more = np.sqrt(np.maximum(spread, 0))
    if less >= ROUND * more:
        return SIDES["front"][0]
    front = np.array([axes[0, 0], 0.0, axes[1, 0]])
    turned = front[2] < -1e-6 or (abs(front[2]) <= 1e-6 and front[0] < 0)
    return -front if turned else front


def first_look(garment: Garment, frame: int) -> Floats:
    """Return the initial direction (3,) towards the eye: the garment's broad side, slightly from above."""
    vertices = garment.vertices_in(frame)
    spread, axes = np.linalg.eigh(np.cov(vertices.T)) if len(vertices) > 3 else (np.zeros(3), np.eye(3))
    lies = bool(abs(axes[:, 0] @ UP) > LIES and spread[0] < spread[1] / 4)
    front = SIDES["front"][0] if lies else broad_side(vertices)
    aside, above = np.radians(LYING if lies else STANDING)
    right = np.cross(UP, front)
    found: Floats = np.cos(above) * (np.cos(aside) * front + np.sin(aside) * right) + np.sin(above) * UP
    return found


def outline(garment: Garment) -> Floats:
    """Return points (P, 3) that span all frames of a garment, or its only shape."""
    shapes = garment.vertices[None] if garment.frames is None else garment.frames
    points = shapes.reshape(-1, 3).astype(np.float64)
    thinned = points[:: max(len(points) // MOST_POINTS, 1)]
    ends = np.concatenate([points.argmin(axis=0), points.argmax(axis=0)])
    return np.concatenate([thinned, points[ends]])


@dataclass(frozen=True)
class Frustum:
    """The visible part of space.

    Attributes:
        tangents: half of the picture's width and height at a distance of 1.
        orthographic: whether the projection is orthographic.
        margin: free space at the right, as a share of the width.
    """

    tangents: tuple[float, float]
    orthographic: bool = False
    margin: float = 0.0


def fitted(points: Floats, towards: Floats, up: Floats, frustum: Frustum) -> tuple[Floats, Floats, float]:
    """Return eye (3,), focal point (3,) and half of the picture's height there, so that points (P, 3) fill the picture.

    Args:
        points: places that must be visible, at least one.
        towards: direction (3,) from them to the eye.
        up: direction (3,) that points upwards in the picture.
        frustum: the camera's frustum.
    """
    back = towards / np.linalg.norm(towards)
    right = np.cross(up, back)
    right /= max(float(np.linalg.norm(right)), 1e-30)
    axes = np.stack([right, np.cross(back, right), back])
    centre = (points.min(axis=0) + points.max(axis=0)) / 2  # distances are from the garment, wherever it is
    local = (points - centre) @ axes.T  # to the right, upwards, towards the eye
    wide, high = frustum.tangents[0] * (1 - frustum.margin) * FILLED, frustum.tangents[1] * FILLED
    middle, distances = np.zeros(3), []
    for axis, tangent in enumerate((wide, high)):
        depth = np.zeros(len(local)) if frustum.orthographic else local[:, 2]
        most, least = (depth + local[:, axis] / tangent).max(), (depth - local[:, axis] / tangent).max()
        middle[axis] = tangent * (most - least) / 2
        distances.append((most + least) / 2)
    distance = max(*distances, 1e-9)
    if frustum.orthographic:
        scale, middle[2] = distance * frustum.tangents[1], local[:, 2].mean()
        away = 4 * max(float(np.ptp(local, axis=0).max()), distance)
    else:
        # The focal point is in the garment's middle, around which it is turned.
        middle[2] = (local[:, 2].max() + local[:, 2].min()) / 2
        away = distance - middle[2]
        scale = away * frustum.tangents[1]
    middle[0] += frustum.margin * scale / frustum.tangents[1] * frustum.tangents[0]
    focal = middle @ axes + centre
    return focal + away * back, focal, float(scale)
