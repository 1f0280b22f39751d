"""The output of an encoder: the only way out of it, whichever kind it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from keygrid.model.inputs import Inputs
from keygrid.model.levels import Levels


@dataclass(frozen=True, eq=False)
class Encoding:
    """Features of a batch of garments.

    Attributes:
        point_features: (B, N, C), of the sampled points.
        levels: the sampled points and coarser levels of them, with features, for the decoder; None if there are none.
        summary: (B, G), of each whole garment.
    """

    point_features: Tensor
    levels: Levels | None
    summary: Tensor


class Encoder(Protocol):
    """A `torch.nn.Module` that encodes garments."""

    @property
    def point_width(self) -> int:
        """C, channels of `Encoding.point_features`."""

    @property
    def level_widths(self) -> Sequence[int]:
        """Channels of the features of each coarser level, fine to coarse."""

    @property
    def summary_width(self) -> int:
        """G, channels of `Encoding.summary`."""

    def __call__(self, inputs: Inputs) -> Encoding:
        """Encode a batch of garments."""
