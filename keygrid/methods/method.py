"""The protocol of methods that find keypoints on garments; needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.sampling import Drawing, Sample
from keygrid.prediction import MethodId, Prediction

Mode = Literal["soft", "peak"]
"""Position of a keypoint with weights: their mean, or the heaviest point. Other methods ignore it."""

Parts = Literal["keypoints", "skeleton", "all"]
"""Parts to find: keypoints with their skeleton, or also the reconstruction."""


class Method(Protocol):
    """A method that finds keypoints. It is deterministic: the same garment gives the same keypoints."""

    @property
    def id(self) -> MethodId:
        """Identity of the method."""

    @property
    def keypoints(self) -> int:
        """Number of keypoints on each garment, K."""

    @property
    def needs_surface(self) -> bool:
        """True if it can't process clouds."""

    @property
    def drawing(self) -> Drawing:
        """The points that it needs on garments."""

    @property
    def device(self) -> str:
        """The device that it computes on, by PyTorch's name."""

    def find(
        self,
        garments: Sequence[Garment],
        frames: Sequence[int | None] | None = None,
        *,
        mode: Mode = "soft",
        parts: Parts = "all",
        drawn: Sequence[Sample] | None = None,
    ) -> list[Prediction]:
        """Find the keypoints of garments, each in one frame.

        Args:
            garments: garments; memory must have room for all at once, and a garment may occur several times.
            frames: frame of each garment, counted from zero, or None for the shape at rest; all at rest if not given.
                Points are drawn on the shape at rest and follow the material, so that keypoints move only with the
                garment.
            mode: position of a keypoint with weights.
            parts: what to find; a method may find more.
            drawn: points drawn by `drawing` on the shape at rest of each garment; if not given, they are drawn here,
                always the same.

        Raises:
            KeygridError: a garment has too few points, no size or no surface, or the result is not finite.
        """


@dataclass(frozen=True, eq=False)
class Features:
    """Features of points on a garment. N points, C channels.

    Attributes:
        sample: the N points, file units.
        values: (N, C).
    """

    sample: Sample
    values: NDArray[np.float32]


@runtime_checkable
class DenseMethod(Protocol):
    """A method that describes every point of a garment, not only its keypoints."""

    def features(self, garment: Garment, frame: int | None = None) -> Features:
        """Describe points of a garment in a frame; None is the shape at rest.

        Raises:
            KeygridError: as for `Method.find`.
        """
