"""Display positions, and free places for labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Screen:
    """A camera's view of the scene. Display positions are device pixels, from the bottom left.

    Attributes:
        matrix: (4, 4), from file units to normalised device coordinates.
        size: (2,), width and height in device pixels.
        lens: (2,), device pixels per file unit of a length perpendicular to the line of sight: constant, and divided by
            the distance; one of the two is 0.
        taken: boxes (left, bottom, right, top; display) that layers have occupied in this picture, and that later ones
            should not cover.
    """

    matrix: Floats
    size: Floats
    lens: Floats
    taken: list[Floats] = field(default_factory=list)

    @classmethod
    def of(cls, plotter: pv.BasePlotter) -> "Screen":
        """Return the screen of a plotter's current camera."""
        renderer: Any = plotter.renderer
        camera = renderer.GetActiveCamera()
        width, height = renderer.GetSize()
        found = camera.GetCompositeProjectionTransformMatrix(width / max(height, 1), -1, 1)
        matrix = np.array([[found.GetElement(row, column) for column in range(4)] for row in range(4)])
        if camera.GetParallelProjection():
            lens = np.array([height / (2 * max(camera.GetParallelScale(), 1e-30)), 0.0])
        else:
            lens = np.array([0.0, height / (2 * float(np.tan(np.radians(camera.GetViewAngle()) / 2)))])
        return cls(matrix, np.array([width, height], np.float64), lens)

    def project(self, places: Floats) -> Floats:
        """Return the display positions and depths (P, 3) of places (P, 3); depths are from -1 to 1."""
        homogeneous = places @ self.matrix[:, :3].T + self.matrix[:, 3]
        found = homogeneous[:, :3] / _nonzero(homogeneous[:, 3:])
        found[:, :2] = (found[:, :2] + 1) / 2 * self.size
        return found

    def unproject(self, positions: Floats) -> Floats:
        """Return the places (P, 3) of display positions with depths (P, 3)."""
        normalised = np.ones((len(positions), 4))
        normalised[:, :2] = 2 * positions[:, :2] / self.size - 1
        normalised[:, 2] = positions[:, 2]
        found = normalised @ np.linalg.inv(self.matrix).T
        return found[:, :3] / _nonzero(found[:, 3:])

    def lengths(self, places: Floats, length: float) -> Floats:
        """Return the size in device pixels (P,) of a length perpendicular to the line of sight at places (P, 3)."""
        away = np.abs(places @ self.matrix[3, :3] + self.matrix[3, 3])
        return length * (self.lens[0] + self.lens[1] / np.maximum(away, 1e-30))


def _nonzero(values: Floats) -> Floats:
    return np.where(np.abs(values) < 1e-30, 1e-30, values)


DIRECTIONS = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))
"""Directions from a ball to its label, in order of preference."""

_SQUARE = 0.7
"""Half the side of the square that represents a ball, as a share of its radius; the square fits into the ball."""

_DISLIKE = 0.02
"""Cost of each direction that is preferred to the chosen one, as a share of a covered label."""

_CHANGE = 0.15
"""Cost of changing the direction: labels that jump about are hard to read."""


def place_labels(
    balls: Floats, sizes: Floats, screen: Floats, before: NDArray[np.int64], taken: Sequence[Floats] = ()
) -> NDArray[np.int64]:
    """Return the direction (K,) from each ball in which its label overlaps least, as indices into `DIRECTIONS`.

    Labels are placed one after the other; each avoids all balls, earlier labels, occupied boxes and the edge of the
    picture.

    Args:
        balls: (K, 3), display positions of the centres and radii, device pixels.
        sizes: (K, 2), sizes of the labels, device pixels.
        screen: (2,), size of the picture.
        before: (K,), previous directions; -1 for none.
        taken: occupied boxes (left, bottom, right, top).
    """
    count = len(balls)
    others = np.array(taken, np.float64).reshape(-1, 4)
    corners = np.stack([label_corners(balls, sizes, np.full(count, side)) for side in range(len(DIRECTIONS))], axis=1)
    half = _SQUARE * balls[:, 2:]
    squares = np.concatenate([balls[:, :2] - half, balls[:, :2] + half], axis=1)
    placed = np.zeros((count, 4))
    chosen = np.zeros(count, np.int64)
    for index in range(count):
        boxes = np.concatenate([corners[index], corners[index] + sizes[index]], axis=1)  # [8, 4]
        area = max(float(sizes[index].prod()), 1e-9)
        cost = sum(_overlap(boxes, each) for each in (squares, placed[:index], others)) / area
        inside = _overlap(boxes, np.array([[0.0, 0.0, *screen]])) / area
        cost += 2 * (1 - inside) + _DISLIKE * np.arange(len(DIRECTIONS))
        if before[index] >= 0:
            cost += np.where(np.arange(len(DIRECTIONS)) == before[index], 0, _CHANGE)
        chosen[index] = cost.argmin()
        placed[index] = boxes[chosen[index]]
    return chosen


def label_corners(balls: Floats, sizes: Floats, sides: NDArray[np.int64]) -> Floats:
    """Return the lower left corners (K, 2) of labels in some directions from their balls, device pixels."""
    direction = np.array(DIRECTIONS, np.float64)[sides]
    slanted = np.abs(direction).sum(axis=1, keepdims=True) > 1
    reach = balls[:, 2:] * np.where(slanted, np.sqrt(0.5), 1.0) + 1
    return balls[:, :2] + direction * (reach + sizes / 2) - sizes / 2


def clear_place(middles: Floats, size: Floats, screen: Screen) -> int:
    """Return the index of the centre (P, 2) at which a box of a size (2,) covers least of the occupied boxes.

    If several are equal, return the first; space outside the picture counts as occupied.
    """
    boxes = np.concatenate([middles - size / 2, middles + size / 2], axis=1)
    taken = np.array(screen.taken).reshape(-1, 4)
    beyond = size.prod() - _overlap(boxes, np.array([[0.0, 0.0, *screen.size]]))
    return int((_overlap(boxes, taken) + beyond).round().argmin())


def uncovered(boxes: Floats, others: Floats, most: float) -> NDArray[np.bool_]:
    """Return which of some boxes (B, 4) have at most a share covered by others (O, 4) and by earlier such boxes."""
    found = np.zeros(len(boxes), np.bool_)
    areas = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
    for index in range(len(boxes)):
        covered = _overlap(boxes[index : index + 1], np.concatenate([others, boxes[:index][found[:index]]]))[0]
        found[index] = covered <= most * areas[index]
    return found


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """Return the areas (B,) of boxes (B, 4) that other boxes (O, 4) cover; each is left, bottom, right, top."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    found: Floats = np.maximum(high - low, 0).prod(axis=2).sum(axis=1)
    return found
