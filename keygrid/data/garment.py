"""Garments in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.paint import Paint
from keygrid.errors import KeygridError

Up = Literal["x", "y", "z", "-x", "-y", "-z"]
"""The vertical axis of a file, with its direction."""

_ROUNDING = 2e-6
"""Largest displacement that single precision may cause, as a share of the extent."""


LARGEST = 1e30
"""Largest coordinate, in file units, for which squares of areas and single-precision positions are finite."""


@dataclass(frozen=True, eq=False)
class MaterialPoints:
    """Points fixed to a garment's material, so that they follow its motion.

    Attributes:
        faces: (M,) int64, the triangle of each point; for a cloud, its vertex.
        barycentric: (M, 3) float64, weights of the triangle's corners; (1, 0, 0) for a cloud.
    """

    faces: NDArray[np.int64]
    barycentric: NDArray[np.float64]

    def on(self, vertices: NDArray[np.floating], faces: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the points' positions (M, 3) on a surface with these vertices (V, 3) and triangles (F, 3)."""
        if len(faces) == 0:
            return vertices[self.faces].astype(np.float64)
        corners = vertices[faces[self.faces]].astype(np.float64)  # [M, 3, 3]
        return np.einsum("mc,mcd->md", self.barycentric, corners)


@dataclass(frozen=True, eq=False)
class Landmarks(MaterialPoints):
    """Places that have the same meaning on every garment of a category.

    Attributes:
        names: (M,), such as `left sleeve end`; numbers if a file has no names. A name that occurs several times is one
            landmark, known in one frame at a time.
        frames: (M,), the only frame in which each is known, from zero; None for landmarks that follow the material
            through all frames; empty if all do.
    """

    names: tuple[str, ...]
    frames: tuple[int | None, ...] = ()

    def known_in(self, frame: int) -> NDArray[np.bool_]:
        """Return whether each landmark is known in a frame, (M,)."""
        if not self.frames:
            return np.ones(len(self.names), bool)
        return np.array([only is None or only == frame for only in self.frames], bool)

    def chosen(self, kept: NDArray[np.bool_]) -> "Landmarks":
        """Return the landmarks selected by a mask (M,)."""
        names = tuple(name for name, keep in zip(self.names, kept, strict=True) if keep)
        frames = tuple(only for only, keep in zip(self.frames, kept, strict=True) if keep) if self.frames else ()
        return Landmarks(self.faces[kept], self.barycentric[kept], names, frames)

    def in_frame(self, frame: int) -> "Landmarks":
        """Return the landmarks known in a frame, for a still garment made of that frame."""
        return replace(self.chosen(self.known_in(frame)), frames=())

    def through(self, frames: Sequence[int]) -> "Landmarks":
        """Return the landmarks for a garment with only some of the frames, which are renumbered."""
        if not self.frames:
            return self
        places = {frame: place for place, frame in enumerate(frames)}
        found = self.chosen(np.array([only is None or only in places for only in self.frames], bool))
        return replace(found, frames=tuple(None if only is None else places[only] for only in found.frames))


@dataclass(frozen=True, eq=False)
class Garment:
    """A surface or a cloud in file units, at rest or moving.

    Attributes:
        name: name for lists and window titles, without folders or ending.
        vertices: (V, 3) float64, finite, in file units: the shape at rest, or the only shape.
        faces: (F, 3) int64 vertex indices; F is 0 for a cloud.
        source: the path that was read, as `keygrid.data.open_path` takes it; None if made in memory.
        frames: (T, V, 3), T of 1 or more, positions of the vertices in each frame; float32, or float64 if single
            precision would displace them too far; None if the garment does not move.
        landmarks: named places, if any are known.
        category: such as `T-shirt`; empty if unknown.
        origin: origin and licence of the garment, in words; empty if unknown.
        places: (V, 3), each vertex's place on a garment of its kind, about within [-1, 1]; corresponding parts of
            different garments have the same place; None if unknown.
        notes: sentences on parts of the file that were ignored.
        up: the file's vertical axis; if it is not y, the garment has been turned so that y is up, by
            `keygrid.data.axes.stand_up`.
        objects: names of the objects in its file, with the indices of their faces; empty if the file does not separate
            objects.
        colours: (V, 3) red, green, blue of the vertices, from the file; None if it has none.
        siblings: names of all objects in its file, if the garment is one of them; empty if it is all of the file.
        paint: colours and textures of the faces, from the file; None if it has none.

    Raises:
        KeygridError: a position is not finite, or exceeds `LARGEST`.
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    source: Path | None = None
    frames: NDArray[np.float32] | NDArray[np.float64] | None = None
    landmarks: Landmarks | None = None
    category: str = ""
    origin: str = ""
    places: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()
    up: Up = "y"
    colours: NDArray[np.uint8] | None = None
    objects: tuple[tuple[str, NDArray[np.int64]], ...] = ()
    siblings: tuple[str, ...] = ()
    paint: Paint | None = None

    def __post_init__(self) -> None:
        for positions in (self.vertices, self.frames):
            if positions is None or positions.size == 0:
                continue
            if not (positions.min() >= -LARGEST and positions.max() <= LARGEST):  # which NaN is not
                raise KeygridError(
                    f"{self.name} has positions that are not finite or that exceed {LARGEST:g}, for which "
                    "areas can't be computed; repair it, or export it in a larger unit."
                )

    @property
    def object_names(self) -> tuple[str, ...]:
        """Names of all objects in its file, whether the garment is one of them or all; empty if there is only one."""
        return self.siblings or tuple(name for name, _ in self.objects)

    @property
    def is_coloured(self) -> bool:
        """True if the file has colours or textures for the garment."""
        return self.colours is not None or self.paint is not None

    @property
    def is_cloud(self) -> bool:
        return len(self.faces) == 0

    @property
    def frame_count(self) -> int:
        """T; 0 if the garment does not move."""
        return 0 if self.frames is None else len(self.frames)

    def vertices_in(self, frame: int) -> NDArray[np.float64]:
        """Return the vertices' positions (V, 3) in a frame; those at rest if the garment does not move."""
        return self.vertices if self.frames is None else self.frames[frame].astype(np.float64)

    def still(self, frame: int) -> "Garment":
        """Return the garment as a still one, in the pose of a frame."""
        if self.frames is None:
            raise IndexError(f"{self.name} has no frames")
        landmarks = None if self.landmarks is None else self.landmarks.in_frame(frame)
        return replace(self, vertices=self.frames[frame].astype(np.float64), frames=None, landmarks=landmarks)

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """Lowest and highest corner (2, 3) of the axis-aligned box around all frames, or around the only shape."""
        vertices = self.vertices if self.frames is None else self.frames.reshape(-1, 3).astype(np.float64)
        return np.stack([vertices.min(axis=0), vertices.max(axis=0)])

    @cached_property
    def diagonal(self) -> float:
        """Length of the diagonal of the box around `vertices`, in file units."""
        return float(np.linalg.norm(np.ptp(self.vertices, axis=0)))


def precise(positions: NDArray[np.floating]) -> NDArray[np.float32] | NDArray[np.float64]:
    """Return positions (..., 3) in single precision, or in double if single would displace them visibly."""
    if precision_for(positions) is np.float64:
        return positions.astype(np.float64, copy=False)
    with np.errstate(over="ignore"):  # A garment refuses what is infinite.
        return positions.astype(np.float32, copy=False)


def precision_for(positions: NDArray[np.floating]) -> type[np.float32] | type[np.float64]:
    """Return the number type that preserves the shape of positions (..., 3)."""
    flat = positions.reshape(-1, 3)
    extent = float(np.ptp(flat, axis=0).max()) if len(flat) else 0.0
    rounding = float(np.abs(flat).max(initial=0.0)) * float(np.finfo(np.float32).eps)
    return np.float64 if rounding > _ROUNDING * extent else np.float32
