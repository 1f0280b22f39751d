"""Constants of PointNet++."""

from dataclasses import dataclass
from typing import ClassVar

from keygrid.errors import KeygridError
from keygrid.model.checks import (
    MAXIMUM_CENTROIDS,
    MAXIMUM_VALUES,
    MAXIMUM_WIDTH,
    Widths,
    is_each,
    is_layers,
    is_positive,
    is_whole,
    refuse_unless,
)
from keygrid.model.encoders.base import LEVELS, EncoderConfig


@dataclass(frozen=True)
class PointNetConfig(EncoderConfig):
    """Constants of PointNet++; the defaults are those of the published code.

    Attributes:
        centroids: number of farthest points of each set-abstraction level.
        radii: ball radii of each level's two scales, in normalised units.
        neighbours: number of points taken in the balls of the two scales.
        abstraction: layer widths of each level's two scales.
        propagation: layer widths of each feature-propagation level, deepest first.
    """

    kind: ClassVar[str] = "pointnet"

    centroids: Widths = (1024, 256, 64, 16)
    radii: tuple[tuple[float, float], ...] = ((0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 0.8))
    neighbours: tuple[int, int] = (16, 32)
    abstraction: tuple[tuple[Widths, Widths], ...] = (
        ((16, 16, 32), (32, 32, 64)),
        ((64, 64, 128), (64, 96, 128)),
        ((128, 196, 256), (128, 196, 256)),
        ((256, 256, 512), (256, 384, 512)),
    )
    propagation: tuple[Widths, ...] = ((256, 256), (256, 256), (256, 128), (128, 128, 128))

    def __post_init__(self) -> None:
        refuse_unless(
            self,
            {
                # Features are interpolated from three points.
                "centroids": is_each(self.centroids, LEVELS, lambda count: is_whole(count, 3, MAXIMUM_CENTROIDS)),
                "radii": is_each(self.radii, LEVELS, lambda radii: is_each(radii, 2, is_positive)),
                "neighbours": is_each(self.neighbours, 2, lambda count: is_whole(count, 1, MAXIMUM_WIDTH)),
                "abstraction": is_each(self.abstraction, LEVELS, lambda scales: is_each(scales, 2, is_layers)),
                "propagation": is_each(self.propagation, LEVELS, is_layers),
            },
        )
        values = max(
            centroids * neighbours * max(widths)
            for centroids, scales in zip(self.centroids, self.abstraction, strict=True)
            for neighbours, widths in zip(self.neighbours, scales, strict=True)
        )
        if values > MAXIMUM_VALUES:
            raise KeygridError(f"A layer would have {values} values; the most is {MAXIMUM_VALUES}.")
