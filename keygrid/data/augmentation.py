"""Augmentation: random variants of a garment, which are deformed, rotated, stretched, noisy or incomplete."""

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.visibility import visible
from keygrid.errors import KeygridError

UpAxis = Literal["x", "y", "z"]
MOST_FOLDS = 3
"""Maximum number of times that a cloud is folded."""
THIN = 0.01, 0.25
"""Range of thicknesses to which a cloud is pressed before it is folded, as shares of the largest extent."""
MOST_MISSING = 0.3
"""Largest share of the visible points that a hole removes from a scan."""
MOST_NOISE = 0.01
"""Largest standard deviation of a scan's noise, as a share of the largest extent."""
UP_AXES: dict[UpAxis, int] = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class Augmentation:
    """Bounds on how far a training cloud may differ from the garment it was drawn on.

    Attributes:
        rotate: the largest rotation about the vertical, either way, in degrees.
        deform: standard deviation of the free-form deformation's control points, as a share of the largest extent.
        up: the vertical axis of the garments' files.
        scale: each axis is stretched by a factor from 1 - scale to 1 + scale, about the centre. A single factor for all
            axes would have no effect, because clouds are normalised.
        noise: standard deviation of the noise added to each coordinate, as a share of the largest extent.
        drop: the largest share of points that is left out; other points are repeated in their place.
        mirror: whether half of the clouds are reflected left to right.
        folds: share of the clouds that are laid flat and folded, if the training data include the surface.
        scans: share of the clouds that are shown as one depth camera sees them, if the training data include the
            surface.
    """

    rotate: float = 45.0
    deform: float = 0.15
    up: UpAxis = "y"
    scale: float = 0.0
    noise: float = 0.0
    drop: float = 0.0
    mirror: bool = False
    folds: float = 0.0
    scans: float = 0.0

    def __post_init__(self) -> None:
        for name, most in (("scale", 1.0), ("noise", np.inf), ("drop", 1.0), ("folds", 1.0), ("scans", 1.0)):
            if not 0 <= getattr(self, name) < most:
                limit = "" if most == np.inf else " and below 1"
                raise KeygridError(
                    f"The augmentation's {name} must be 0 or more{limit}; you gave {getattr(self, name)}."
                )

    def __call__(self, points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the same material points in another shape, (N, 3) in the units of `points`.

        A variation that is off draws no random numbers, so adding new kinds of variation does not change existing
        clouds.
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
        """Return the indices (N,) of N points after some are dropped and others are repeated in their place."""
        if self.drop == 0:
            return np.arange(count)
        left = count - int(rng.integers(int(self.drop * count) + 1))
        return np.resize(np.sort(rng.choice(count, left, replace=False)), count)

    def folded(self, points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Lay a cloud (N, 3) flat on the ground, either side up, and fold it up to three times over random lines."""
        centred = points - points.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        axes = axes * rng.choice([-1.0, 1.0], (3, 1))
        axes[2] *= np.linalg.det(axes)  # A garment may be turned over, but never mirrored.
        u, v, h = axes @ centred.T
        extent = float(np.ptp(u))
        thin = rng.uniform(*THIN) * extent / max(float(np.ptp(h)), 1e-12)
        h = (h - h.min()) * min(1.0, thin)
        for _ in range(rng.integers(1, MOST_FOLDS + 1)):
            angle = rng.uniform(0, 2 * np.pi)
            along, across = np.cos(angle) * u + np.sin(angle) * v, np.cos(angle) * v - np.sin(angle) * u
            turn = np.pi if rng.random() < 0.6 else rng.uniform(0.5, np.pi)
            axis = float(h.max()) + rng.uniform(0.003, 0.04) * extent
            along, h = bent(along - np.quantile(along, rng.uniform(0.3, 0.85)), h, axis, turn)
            u, v = np.cos(angle) * along - np.sin(angle) * across, np.cos(angle) * across + np.sin(angle) * along
        h = h * rng.uniform(0.4, 1)  # its weight presses the layers together
        return np.roll(np.stack([u, v, h], axis=1), UP_AXES[self.up] - 2, axis=1)

    def scanned(
        self, points: NDArray[np.float64], rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Show a cloud (N, 3) as one depth camera sees it: from one side, with noise, and often with a hole.

        Returns:
            The cloud, (N, 3), and the index (N,) of the given point that each of its points is; hidden points are
            replaced by visible ones.
        """
        kept = visible(points, rng.uniform(0, 2 * np.pi), UP_AXES[self.up], rng.uniform(0, np.pi / 2))
        if rng.random() < 0.5:
            away = np.linalg.norm(points - points[rng.choice(np.flatnonzero(kept))], axis=1)
            kept &= away >= np.quantile(away[kept], rng.uniform(0, MOST_MISSING))
        index = np.resize(rng.permutation(np.flatnonzero(kept)), len(points))
        noise = rng.uniform(0, MOST_NOISE) * np.ptp(points, axis=0).max()
        return points[index] + rng.normal(scale=noise, size=points.shape), index


def horizontal(up: UpAxis) -> int:
    """The first axis that is not the vertical one."""
    return 1 if up == "x" else 0


def reflect(points: NDArray[np.float64], up: UpAxis) -> NDArray[np.float64]:
    """Reflect points (N, 3) left to right, across the plane through the centre of their bounding box."""
    return stretch(points, np.where(np.arange(3) == horizontal(up), -1.0, 1.0))


def stretch(points: NDArray[np.float64], factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale points (N, 3) along each axis, by factors (3,), about their bounding box's centre; -1 reflects."""
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    stretched: NDArray[np.float64] = (points - centre) * factors + centre
    return stretched


def bent(
    along: NDArray[np.float64], height: NDArray[np.float64], axis: float, turn: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bend the part beyond 0 around a cylinder, and continue straight after the bend.

    Args:
        along: (N,), positions across the line of the fold.
        height: (N,), heights above the ground, below the cylinder's axis.
        axis: the height of the cylinder's axis, which is also the radius at which lengths on the ground are preserved.
        turn: the angle of the bend, in radians.

    Returns:
        The new positions and heights, (N,) each.
    """
    angle = np.clip(along / axis, 0, turn)
    radius, rest = axis - height, np.where(along > 0, along - axis * angle, 0)
    beyond = radius * np.sin(angle) + rest * np.cos(angle)
    raised = axis - radius * np.cos(angle) + rest * np.sin(angle)
    return np.where(along > 0, beyond, along), np.where(along > 0, raised, height)


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
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    rotated: NDArray[np.float64] = (points - centre) @ rotation(axis, angle).T + centre
    return rotated


def rotation(axis: int, angle: float) -> NDArray[np.float64]:
    """Return the matrix (3, 3) of a rotation by `angle` radians about a coordinate axis."""
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    return matrix
