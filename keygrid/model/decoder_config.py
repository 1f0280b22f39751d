"""Constants of decoders, which make of keypoints what a loss judges. Importing this imports no torch."""

from dataclasses import dataclass
from typing import ClassVar

from keygrid.model.checks import MAXIMUM_CENTROIDS, Widths, is_each, is_layers, is_positive, is_whole, refuse_unless
from keygrid.model.encoders.base import LEVELS


@dataclass(frozen=True)
class DecoderConfig:
    """Base class of the constants of each kind of decoder: numbers and nested tuples of them, all with defaults.

    Attributes:
        kind: name of the kind in `DECODERS` and in the header of a checkpoint.
        has_segments: whether each pair of keypoints forms a segment that has a strength.
        has_heatmap: whether the strengths and distances of segments fill a grid heatmap.
    """

    kind: ClassVar[str] = ""
    has_segments: ClassVar[bool] = False
    has_heatmap: ClassVar[bool] = False


@dataclass(frozen=True)
class GridDecoderConfig(DecoderConfig):
    """Constants of Key-Grid's decoder, which rebuilds the cloud with the grid heatmap's help (paper, section 3.4).

    Attributes:
        propagation: layer widths of each feature-propagation level, deepest first.
        heatmap_levels: number of these levels, deepest first, that look at the grid heatmap.
        grid_position: whether a level receives the cell's position besides its value.
    """

    kind: ClassVar[str] = "grid"
    has_segments: ClassVar[bool] = True
    has_heatmap: ClassVar[bool] = True

    propagation: tuple[Widths, ...] = ((256, 256), (256, 256), (256, 128), (128, 128, 128))
    heatmap_levels: int = 3
    grid_position: bool = True

    def __post_init__(self) -> None:
        refuse_unless(
            self,
            {
                "propagation": is_each(self.propagation, LEVELS, is_layers),
                "heatmap_levels": is_whole(self.heatmap_levels, 0, LEVELS),
                "grid_position": type(self.grid_position) is bool,
            },
        )


@dataclass(frozen=True)
class SkeletonDecoderConfig(DecoderConfig):
    """Constants of Skeleton Merger's decoder, which puts points on every segment; the defaults are its code's.

    Shi et al., Skeleton Merger: an Unsupervised Aligned Keypoint Detector (CVPR 2021, arXiv 2103.10814).

    Attributes:
        spacing: distance of neighbouring points of a segment, in normalised units.
        least: smallest number of points of a segment.
        most: largest number of points of a segment; each has an offset that is learnt.
    """

    kind: ClassVar[str] = "skeleton"
    has_segments: ClassVar[bool] = True

    spacing: float = 0.01
    least: int = 15
    most: int = 200

    def __post_init__(self) -> None:
        refuse_unless(
            self,
            {
                "spacing": is_positive(self.spacing),
                "most": is_whole(self.most, 2, MAXIMUM_CENTROIDS),
                "least": is_whole(self.most, 2, MAXIMUM_CENTROIDS) and is_whole(self.least, 2, self.most),
            },
        )


@dataclass(frozen=True)
class NoDecoderConfig(DecoderConfig):
    """A method that learns from its keypoints alone, such as SC3K."""

    kind: ClassVar[str] = "none"


DECODERS: dict[str, type[DecoderConfig]] = {
    config.kind: config for config in (GridDecoderConfig, SkeletonDecoderConfig, NoDecoderConfig)
}
