"""Making many garments of one: smooth deformation and rotation, drawn afresh from a generator."""

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

UP_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class Augmentation:
    """How far a training cloud may differ from the garment it was drawn on.

    Attributes:
        rotate: the largest rotation about the vertical, either way, in degrees.
        deform: standard deviation of the free-form deformation's control points, as a share of the largest extent.
        up: the vertical axis of the garments' files.
    """

    rotate: float = 45.0
    deform: float = 0.15
    up: Literal["x", "y", "z"] = "y"

    def __call__(self, points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Another shape of the same material points, (N, 3) in the units of `points`."""
        if self.deform > 0:
            extent = float(np.ptp(points, axis=0).max())
            control = rng.normal(scale=self.deform * extent, size=(4, 4, 4, 3))
            points = free_form_deformation(points, control)
        if self.rotate > 0:
            points = rotate_about(points, UP_AXES[self.up], np.deg2rad(rng.uniform(-self.rotate, self.rotate)))
        return points


def free_form_deformation(points: NDArray[np.float64], control: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points (N, 3) by a lattice of control displacements (a, b, c, 3) over their bounding box.

    The displacement is a tensor product of Bernstein polynomials, hence smooth (Sederberg and Parry, 1986).
    """
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    parameters = (points - low) / np.where(extent > 0, extent, 1)  # [N, 3] in [0, 1]
    u, v, w = (_bernstein(parameters[:, axis], control.shape[axis] - 1) for axis in range(3))
    moved: NDArray[np.float64] = points + np.einsum("na,nb,nc,abcd->nd", u, v, w, control, optimize=True)
    return moved


def _bernstein(t: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    i = np.arange(degree + 1)
    binomial = np.array([comb(degree, k) for k in i])
    basis: NDArray[np.float64] = binomial * t[:, None] ** i * (1 - t[:, None]) ** (degree - i)
    return basis


def rotate_about(points: NDArray[np.float64], axis: int, angle: float) -> NDArray[np.float64]:
    """Rotate points (N, 3) by `angle` radians about the coordinate axis through their bounding box's centre."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    rotated: NDArray[np.float64] = (points - centre) @ rotation.T + centre
    return rotated
