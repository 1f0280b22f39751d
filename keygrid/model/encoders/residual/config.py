"""Constants of SC3K's encoder."""

from dataclasses import dataclass
from typing import ClassVar

from keygrid.model.checks import Widths, is_layers, refuse_unless
from keygrid.model.encoders.base import EncoderConfig


@dataclass(frozen=True)
class ResidualConfig(EncoderConfig):
    """Constants of SC3K's encoder; the defaults are those of its published code.

    Zohaib and Del Bue, SC3K: Self-supervised and Coherent 3D Keypoints Estimation from Rotated, Noisy, and Decimated
    Point Cloud Data (ICCV 2023, arXiv 2308.05410).

    Attributes:
        widths: layer widths of the perceptron on points; a matrix is applied before the first layer and after it.
        transform: layer widths of the perceptron on points from which either matrix is made.
        transform_head: layer widths between the maximum over points and either matrix.
        blocks: widths of the residual blocks.
        shares_shortcut: whether the shortcut of a block has the same layer as the block's end, as in the published
            code, or one of its own.
    """

    kind: ClassVar[str] = "residual"
    has_levels: ClassVar[bool] = False

    widths: Widths = (64, 128, 1024)
    transform: Widths = (64, 128, 1024)
    transform_head: Widths = (512, 256)
    blocks: Widths = (512, 256)
    shares_shortcut: bool = True

    def __post_init__(self) -> None:
        layers = ("widths", "transform", "transform_head", "blocks")
        refuse_unless(
            self,
            {name: is_layers(getattr(self, name)) for name in layers}
            | {"shares_shortcut": type(self.shares_shortcut) is bool},
        )
