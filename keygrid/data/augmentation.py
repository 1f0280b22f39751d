"""Making many garments of one: deformed, turned, stretched, worn away, drawn afresh from a generator."""

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.errors import KeygridError

UpAxis = Literal["x", "y", "z"]
UP_AXES: dict[UpAxis, int] = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class Augmentation:
    """Bounds on how far a training cloud may differ from the garment it was drawn on.

    Attributes:
        rotate: the largest rotation about the vertical, either way, in degrees.
        deform: standard deviation of the free-form deformation's control points, as a share of the largest extent.
        up: the vertical axis of the garments' files.
        scale: each axis is stretched by a factor from 1 - scale to 1 + scale, about the centre. One factor for all axes
            would be taken away again when clouds are normalised.
        noise: standard deviation of what is added to each coordinate, as a share of the largest extent.
        drop: the largest share of points that is left out; others repeat in their place.
        mirror: whether half of the clouds are reflected left to right.
    """

    rotate: float = 45.0
    deform: float = 0.15
    up: UpAxis = "y"
    scale: float = 0.0
    noise: float = 0.0
    drop: float = 0.0
    mirror: bool = False

    def __post_init__(self) -> None:
        for name, most in (("scale", 1.0), ("noise", np.inf), ("drop", 1.0)):
            if not 0 <= getattr(self, name) < most:
                limit = "" if most == np.inf else " and below 1"
                raise KeygridError(
                    f"The augmentation's {name} must be 0 or more{limit}, and {getattr(self, name)} was given."
                )

    def __call__(self, points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Another shape of the same material points, (N, 3) in the units of `points`.

        What is off draws nothing, so clouds don't depend on which other ways to vary them there are.
        """
        if self.mirror and rng.random() < 0.5:
            points = reflect(points, self.up)
        if self.scale > 0:
            points = stretch(points, rng.uniform(1 - self.scale, 1 + self.scale, 3))
        if self.deform > 0:
            extent = float(np.ptp(points, axis=0).max())
            control = rng.normal(scale=self.deform * extent, size=(4, 4, 4, 3))
            points = free_form_deformation(points, control)
        if self.rotate > 0:
            points = rotate_about(points, UP_AXES[self.up], np.deg2rad(rng.uniform(-self.rotate, self.rotate)))
        if self.noise > 0:
            extent = float(np.ptp(points, axis=0).max())
            points = points + rng.normal(scale=self.noise * extent, size=points.shape)
        if self.drop > 0:
            points = points[self.kept(len(points), rng)]
        return points

    def kept(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """(N,): which of so many points are left when some are dropped, others repeated in their place."""
        if self.drop == 0:
            return np.arange(count)
        left = count - int(rng.integers(int(self.drop * count) + 1))
        return np.resize(np.sort(rng.choice(count, left, replace=False)), count)


def horizontal(up: UpAxis) -> int:
    """The first axis that is not the vertical one."""
    return 1 if up == "x" else 0


def reflect(points: NDArray[np.float64], up: UpAxis) -> NDArray[np.float64]:
    """Points (N, 3) left for right, across the plane through their bounding box's centre."""
    return stretch(points, np.where(np.arange(3) == horizontal(up), -1.0, 1.0))


def stretch(points: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale points (N, 3) along each axis, by factors (3,), about their bounding box's centre; -1 reflects."""
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    stretched: NDArray[np.float64] = (points - centre) * factors + centre
    return stretched


def free_form_deformation(points: NDArray[np.float64], control: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points (N, 3) by a lattice of control displacements (a, b, c, 3) over their bounding box.

    The displacement is a tensor product of Bernstein polynomials, hence smooth (Sederberg and Parry, 1986).
    """
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    parameters = (points - low) / np.where(extent > 0, extent, 1)  # [N, 3] in [0, 1]
    u, v, w = (_bernstein(parameters[:, axis], control.shape[axis] - 1) for axis in range(3))
    basis = (u[:, :, None, None] * v[:, None, :, None] * w[:, None, None, :]).reshape(len(points), -1)
    moved: NDArray[np.float64] = points + basis @ control.reshape(-1, 3)
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
