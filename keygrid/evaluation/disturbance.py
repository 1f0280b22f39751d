"""Disturbances of a garment's appearance: noise, few points, missing parts, one camera."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.sampling import MINIMUM_POINTS, sample
from keygrid.data.visibility import visible
from keygrid.errors import KeygridError
from keygrid.geometry.surface import largest_piece

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Kind = Literal["noise", "points", "missing", "camera"]

LEVELS: dict[Kind, tuple[float, ...]] = {
    "noise": (0.0, 0.01, 0.02, 0.04, 0.08),
    "points": (2048, 1024, 512, 256, 128),
    "missing": (0.0, 0.1, 0.2, 0.4),
    "camera": (0.0, 1.0),
}
"""The levels of each kind, mildest first."""

TITLES: dict[Kind, str] = {
    "noise": "Gaussian noise, standard deviation over half of the longest side",
    "points": "Points of the cloud",
    "missing": "Share that is missing around one place",
    "camera": "Seen by one camera (1) or from everywhere (0)",
}
"""Names of the levels, for charts and tables."""

SURFACES: frozenset[Kind] = frozenset({"noise", "missing", "camera"})
"""Kinds that also apply to meshes."""


@dataclass(frozen=True)
class Disturbance:
    """A disturbance of a garment's appearance.

    Attributes:
        kind: a key of `LEVELS`.
        level: strength; see `TITLES`.
    """

    kind: Kind
    level: float


def disturbed(
    garment: Garment, disturbance: Disturbance, count: int, rng: np.random.Generator, *, up: int = 1, surface: bool
) -> Garment:
    """Return a garment in its only pose, with a disturbance.

    Args:
        garment: a mesh.
        disturbance: the disturbance.
        count: N, number of points in a cloud.
        rng: draws points, noise, missing parts and the camera's direction.
        up: the vertical axis.
        surface: whether to return a mesh; otherwise a cloud of `count` points, of which `points` draws fewer.

    Raises:
        KeygridError: the disturbance does not apply to meshes, or leaves too little.
    """
    kind, level = disturbance.kind, disturbance.level
    if surface and kind not in SURFACES:
        raise KeygridError("Methods for meshes see no points that could be reduced; use methods for clouds.")
    if kind == "points":
        count = int(level)
    vertices = garment.vertices if surface else sample(garment, count, int(rng.integers(2**31))).points
    kept = np.ones(len(vertices), dtype=bool)
    if kind == "noise":
        vertices = vertices + rng.normal(size=vertices.shape) * level * np.ptp(vertices, axis=0).max() / 2
    elif kind == "missing":
        place = vertices[rng.integers(len(vertices))]
        away = np.linalg.norm(vertices - place, axis=1)
        kept = away >= np.quantile(away, level)
    elif kind == "camera" and level:
        kept = visible(vertices, rng.uniform(0, 2 * np.pi), up)
    if not surface:
        vertices = vertices[kept]
        if len(vertices) < MINIMUM_POINTS:
            raise KeygridError(f"Only {len(vertices)} points of {garment.name} are left; a cloud needs 64.")
        return Garment(garment.name, vertices, np.empty((0, 3), np.int64), category=garment.category)
    faces = largest_piece(len(vertices), garment.faces[kept[garment.faces].all(axis=1)])
    used, faces = np.unique(faces, return_inverse=True)
    return replace(garment, vertices=vertices[used], faces=faces.reshape(-1, 3), frames=None, landmarks=None)
