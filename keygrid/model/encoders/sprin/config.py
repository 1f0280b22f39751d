"""Constants of SPRIN."""

from dataclasses import dataclass
from typing import ClassVar

from keygrid.model.checks import MAXIMUM_CENTROIDS, is_each, is_whole, refuse_unless
from keygrid.model.encoders.base import EncoderConfig

MOST_NARROWING = 8
"""Largest number by which channels can be divided; the fewest are 8."""


@dataclass(frozen=True)
class SprinConfig(EncoderConfig):
    """Constants of SPRIN's network for segments; the defaults are those of the published code.

    You et al., PRIN/SPRIN: On Extracting Point-wise Rotation Invariant Features (TPAMI 2021, arXiv 2102.12093).

    Attributes:
        centroids: number of farthest points of the two coarser levels.
        narrowing: what all numbers of channels and ranks are divided by; 1 is as published.
    """

    kind: ClassVar[str] = "sprin"
    has_levels: ClassVar[bool] = False

    centroids: tuple[int, int] = (128, 32)
    narrowing: int = 1

    def __post_init__(self) -> None:
        refuse_unless(
            self,
            {
                "centroids": is_each(self.centroids, 2, lambda count: is_whole(count, 3, MAXIMUM_CENTROIDS)),
                "narrowing": is_whole(self.narrowing, 1, MOST_NARROWING),
            },
        )
