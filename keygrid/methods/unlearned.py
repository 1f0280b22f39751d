"""Methods without learning, which choose places on a garment by a rule."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

from keygrid.data.garment import Garment
from keygrid.data.sampling import Drawing, Normalisation, Sample, posed
from keygrid.errors import KeygridError
from keygrid.geometry.support import share_on_support
from keygrid.methods.method import Mode, Parts
from keygrid.prediction import MethodId, Prediction

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DRAWING = Drawing(2048, "centred")
"""As many points as the published network sees, with a normalisation that does not depend on the garment's position."""


@dataclass(frozen=True, eq=False)
class Pose:
    """A garment in one of its frames.

    Attributes:
        garment: the garment with all of its frames.
        frame: the frame, counted from zero; None is the shape at rest.
        drawn: points drawn on the shape at rest.
    """

    garment: Garment
    frame: int | None
    drawn: Sample

    @cached_property
    def vertices(self) -> Floats:
        """(V, 3), file units."""
        return self.garment.vertices if self.frame is None else self.garment.vertices_in(self.frame)

    @cached_property
    def points(self) -> Floats:
        """Positions (N, 3) of the drawn points in this frame, file units."""
        return posed(self.drawn, self.garment, self.frame).points

    @cached_property
    def normalisation(self) -> Normalisation:
        """The map from file units to the box around the points."""
        return Normalisation.fit(self.points, DRAWING.normalisation)

    def at(self, frame: int) -> "Pose":
        """Return the same garment in another frame."""
        return Pose(self.garment, frame, self.drawn)


class UnlearnedMethod(ABC):
    """Chooses places on a garment. Its skeleton is the shortest tree that connects them, with strength 1 everywhere.

    Args:
        identity: identity of the method.
        k: number of places to choose.
    """

    needs_surface = False
    drawing = DRAWING
    device = "cpu"

    def __init__(self, identity: MethodId, k: int) -> None:
        self.id = identity
        self.keypoints = k

    @abstractmethod
    def choose(self, pose: Pose) -> Floats:
        """Choose (K, 3) places, file units."""

    def find(
        self,
        garments: Sequence[Garment],
        frames: Sequence[int | None] | None = None,
        *,
        mode: Mode = "soft",  # noqa: ARG002 - there are no weights, so both are the same
        parts: Parts = "all",
        drawn: Sequence[Sample] | None = None,
    ) -> list[Prediction]:
        """Find keypoints as `keygrid.methods.Method.find` does; `mode` has no effect."""
        frames = frames or [None] * len(garments)
        samples: Sequence[Sample | None] = drawn or [None] * len(garments)
        return [self._find(*one, parts) for one in zip(garments, frames, samples, strict=True)]

    def _find(self, garment: Garment, frame: int | None, drawn: Sample | None, parts: Parts) -> Prediction:
        if self.needs_surface and garment.is_cloud:
            raise KeygridError(f"{self.id.label} needs a surface, but {garment.name} is a cloud; open a mesh.")
        pose = Pose(garment, frame, drawn or self.drawing.draw(garment))
        began = time.perf_counter()
        places = self.choose(pose)
        seconds = time.perf_counter() - began
        edges = shortest_tree(places) if parts != "keypoints" else np.empty((0, 2), np.int64)
        return Prediction(
            method=self.id,
            normalisation=pose.normalisation,
            normalised=pose.normalisation.apply(places),
            vertices=np.asarray(cKDTree(pose.vertices).query(places)[1], dtype=np.int64),
            edges=edges,
            strengths=np.ones(len(edges)),
            seconds=seconds,
            on_support=share_on_support(pose.points) if garment.is_cloud else 0.0,
        )


def shortest_tree(places: Floats) -> Integers:
    """Return the edges (K - 1, 2) of the shortest tree that connects places (K, 3), each with its lower index first."""
    # SciPy takes what is nearly zero for a missing edge in a dense matrix, and places may coincide.
    lengths = csr_matrix(np.maximum(squareform(pdist(places)), np.finfo(float).tiny))
    tree = minimum_spanning_tree(lengths).tocoo()
    edges = np.sort(np.stack([tree.row, tree.col], axis=1).astype(np.int64), axis=1)
    return edges[np.lexsort(edges.T[::-1])]
