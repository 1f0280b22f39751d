"""Samples the cloud that a network sees: draws points on a garment and maps them into [-1, 1]."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, MaterialPoints
from keygrid.data.ordering import ordered, ordered_points
from keygrid.errors import KeygridError

MINIMUM_POINTS = 64
"""Minimum number of points for the encoder's deeper levels."""

NormalisationMode = Literal["range", "centred", "sphere"]


@dataclass(frozen=True, eq=False)
class Sample(MaterialPoints):
    """Points drawn on a garment, with their places on its material.

    Attributes:
        points: (N, 3) float64, file units, positions on the shape on which they were drawn.
    """

    points: NDArray[np.float64]


def sample(garment: Garment, count: int = 2048, seed: int = 0, *, by_shape: bool = False) -> Sample:
    """Draw `count` points, uniformly by area on a surface and without repetition from a cloud.

    A cloud of fewer than `count` points is used whole. The same seed draws the same points.

    Args:
        garment: the garment, used in its shape at rest.
        count: number of points.
        seed: seed of the draw.
        by_shape: draw the same points whatever the order of faces, corners and vertices, or of a cloud's points.

    Raises:
        KeygridError: the garment has no area, or is a cloud of fewer than 64 points.
    """
    rng = np.random.default_rng(seed)
    if garment.is_cloud:
        chosen = _draw_from_cloud(len(garment.vertices), count, rng)
        if by_shape:
            chosen = ordered_points(garment.vertices)[chosen]
        corner = np.broadcast_to([1.0, 0.0, 0.0], (len(chosen), 3))
        return Sample(chosen, corner, garment.vertices[chosen])

    cumulative = areas(garment)
    order, corners = None, None
    if by_shape and cumulative.sum() > 0:
        order, corners = ordered(garment.vertices, garment.faces, cumulative)
        cumulative = cumulative[order]
    np.cumsum(cumulative, out=cumulative)
    if not cumulative[-1] > 0:
        raise KeygridError(_no_area(garment))
    faces = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    # Folding the unit square along its diagonal keeps the draw uniform over the triangle.
    uv = rng.random((count, 2))
    uv = np.where(uv.sum(axis=1, keepdims=True) > 1, 1 - uv, uv)
    barycentric = np.column_stack([1 - uv.sum(axis=1), uv])
    if order is not None and corners is not None:
        faces = order[faces]
        shares, barycentric = barycentric, np.empty_like(barycentric)
        np.put_along_axis(barycentric, corners[faces], shares, axis=1)
    material = MaterialPoints(faces.astype(np.int64), barycentric)
    return Sample(material.faces, barycentric, material.on(garment.vertices, garment.faces))


def unusable(garment: Garment) -> str:
    """Return the reason, in a sentence, why no points can be drawn on a garment; empty if they can."""
    if garment.is_cloud:
        return _too_few(len(garment.vertices))
    return "" if areas(garment).any() else _no_area(garment)


def _too_few(available: int) -> str:
    if available >= MINIMUM_POINTS:
        return ""
    return f"A cloud needs at least {MINIMUM_POINTS} points; this one has {available}."


def _no_area(garment: Garment) -> str:
    return f"{garment.name} has no area: its triangles are all lines or points."


def areas(garment: Garment, step: int = 2**14) -> NDArray[np.float64]:
    """Return the area of each triangle, (F,), in squared file units; computed in blocks to save memory."""
    found = np.empty(len(garment.faces))
    for begin in range(0, len(found), step):
        corners = garment.vertices[garment.faces[begin : begin + step]]  # [step, 3, 3]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        found[begin : begin + step] = np.linalg.norm(normals, axis=1) / 2
    return found


def _draw_from_cloud(available: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if available < MINIMUM_POINTS:
        raise KeygridError(_too_few(available))
    if available <= count:
        return np.arange(available)
    return np.sort(rng.choice(available, count, replace=False))


@dataclass(frozen=True)
class Normalisation:
    """The map from file units to the network's cube: normalised = (position - centre) / scale.

    Attributes:
        centre: the position that becomes the origin, in file units.
        scale: file units per normalised unit.
    """

    centre: tuple[float, float, float]
    scale: float

    @classmethod
    def fit(cls, points: NDArray[np.float64], mode: NormalisationMode) -> Self:
        """Return the map of points (N, 3) into [-1, 1], with one scale for all axes.

        `range` maps the lowest and the highest coordinate, on whichever axes, to -1 and 1, as the published code does;
        the result depends on the garment's position. `centred` first moves the centre of the bounding box to the
        origin; for clouds that are already centred, both give the same result. `sphere` moves the centroid to the
        origin and scales the farthest point to the distance 1, as SC3K's published code does; only this one is
        invariant under rotation.

        Raises:
            KeygridError: the points have no extent to normalise by.
        """
        if mode == "sphere":
            middle = points.mean(axis=0)
            return cls._of(middle, float(np.linalg.norm(points - middle, axis=1).max()))
        low, high = points.min(axis=0), points.max(axis=0)
        centre = (low + high) / 2 if mode == "centred" else np.full(3, (low.min() + high.max()) / 2)
        scale = float((high - low).max() / 2 if mode == "centred" else (high.max() - low.min()) / 2)
        return cls._of(centre, scale)

    @classmethod
    def _of(cls, centre: NDArray[np.float64], scale: float) -> Self:
        if not scale > 0:
            raise KeygridError("All points of this garment coincide, so it can't be normalised.")
        return cls((float(centre[0]), float(centre[1]), float(centre[2])), scale)

    def apply(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert file units to normalised units, any shape (..., 3)."""
        return (points - np.array(self.centre)) / self.scale

    def invert(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert normalised units to file units, any shape (..., 3)."""
        return points * self.scale + np.array(self.centre)


@dataclass(frozen=True)
class Drawing:
    """The points that a method needs, and their normalisation.

    Attributes:
        points: number of points drawn on a surface, and maximum number for a cloud.
        normalisation: mode of the map to [-1, 1]; see `Normalisation.fit`.
    """

    points: int
    normalisation: NormalisationMode

    def draw(self, garment: Garment) -> Sample:
        """Draw the points on the shape at rest.

        Raises:
            KeygridError: as for `sample`, or the points coincide.
        """
        drawn = sample(garment, self.points, by_shape=True)
        Normalisation.fit(drawn.points, self.normalisation)
        return drawn


def posed(drawn: Sample, garment: Garment, frame: int | None) -> Sample:
    """Return the positions in a frame of points drawn on the shape at rest; None leaves them at rest."""
    return drawn if frame is None else replace(drawn, points=drawn.on(garment.vertices_in(frame), garment.faces))
