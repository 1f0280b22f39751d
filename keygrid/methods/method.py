"""The protocol of whatever finds keypoints on garments; needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.sampling import Drawing, Sample
from keygrid.prediction import MethodId, Prediction

Mode = Literal["soft", "peak"]
"""Position of a keypoint that has weights: their mean, or its heaviest point. Other methods know no difference."""

Parts = Literal["keypoints", "skeleton", "all"]
"""Parts to find: keypoints alone, with their skeleton, or with the reconstruction, too."""


class Method(Protocol):
    """A method that finds keypoints. Nothing in it is random: the same garment gives the same keypoints."""

    @property
    def id(self) -> MethodId:
        """Identity of the method."""

    @property
    def keypoints(self) -> int:
        """K, the number of keypoints that it finds on each garment."""

    @property
    def needs_surface(self) -> bool:
        """True if it can't work on a cloud."""

    @property
    def drawing(self) -> Drawing:
        """The way in which it wants points drawn on garments."""

    @property
    def device(self) -> str:
        """The device that it computes on, as PyTorch names it."""

    def find(
        self,
        garments: Sequence[Garment],
        frames: Sequence[int | None] | None = None,
        *,
        mode: Mode = "soft",
        parts: Parts = "all",
        drawn: Sequence[Sample] | None = None,
    ) -> list[Prediction]:
        """Find the keypoints of garments, all as they are in one frame.

        Args:
            garments: as many as memory has room for at once; one garment may be there several times.
            frames: the frame of each garment, counted from zero, or None for the shape at rest; the shape at rest of
                all garments if not given. Points are drawn on the shape at rest and follow the material, so that
                keypoints move because the garment does and not because other points were drawn.
            mode: where a keypoint is that has weights.
            parts: what to find; a method may find more.
            drawn: points that `drawing` drew on the shape at rest of each garment; drawn here, always the same ones, if
                not given.

        Raises:
            KeygridError: a garment has too few points, no size or no surface, or the answer is no number.
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
        """Describe points of a garment as it is in a frame; None is the shape at rest.

        Raises:
            KeygridError: as `Method.find` does.
        """
