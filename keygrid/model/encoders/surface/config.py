"""Constants of the surface encoder."""

from dataclasses import dataclass
from typing import ClassVar

from keygrid.model.checks import MAXIMUM_CENTROIDS, MAXIMUM_WIDTH, Widths, is_each, is_positive, is_whole, refuse_unless
from keygrid.model.encoders.base import LEVELS, EncoderConfig

MAXIMUM_BLOCKS = 32


@dataclass(frozen=True)
class SurfaceConfig(EncoderConfig):
    """Constants of the surface encoder.

    Attributes:
        width: channels of each vertex.
        gradients: channels whose gradients a block takes.
        blocks: number of blocks, each a diffusion, products of gradients, and a perceptron.
        steepness: factor of gradients, which makes their products about one.
        jitter: standard deviation of what is added in training to the features of a whole surface; they are scaled to
            a standard deviation of one.
        centroids: number of points of each coarser level that the decoder sees.
    """

    kind: ClassVar[str] = "surface"
    needs_surface: ClassVar[bool] = True
    tells_places: ClassVar[bool] = True

    width: int = 96
    gradients: int = 48
    blocks: int = 4
    steepness: float = 0.15
    jitter: float = 0.05
    centroids: Widths = (256, 64, 16, 4)

    def __post_init__(self) -> None:
        refuse_unless(
            self,
            {
                "width": is_whole(self.width, 1, MAXIMUM_WIDTH),
                "gradients": is_whole(self.gradients, 1, MAXIMUM_WIDTH),
                "blocks": is_whole(self.blocks, 1, MAXIMUM_BLOCKS),
                "steepness": is_positive(self.steepness),
                "jitter": self.jitter == 0 or is_positive(self.jitter),
                # Features are interpolated from three points.
                "centroids": is_each(self.centroids, LEVELS, lambda count: is_whole(count, 3, MAXIMUM_CENTROIDS)),
            },
        )
