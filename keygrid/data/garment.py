"""What a garment is in memory."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Garment:
    """A surface or a cloud in the units of the file it came from.

    Attributes:
        name: what a list or a window title shows, without folders or ending.
        vertices: (V, 3) float64, finite, in file units.
        faces: (F, 3) int64 vertex indices; F is 0 for a cloud.
        source: the file that was read; None if the garment was made in memory.
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    source: Path | None = None

    @property
    def is_cloud(self) -> bool:
        return len(self.faces) == 0

    @cached_property
    def bounds(self) -> NDArray[np.float64]:
        """(2, 3): the lowest and the highest corner of the axis-aligned bounding box, in file units."""
        return np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)])

    @property
    def diagonal(self) -> float:
        """Length of the bounding box's diagonal, in file units."""
        return float(np.linalg.norm(self.bounds[1] - self.bounds[0]))
