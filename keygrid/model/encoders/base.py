"""The constants of an encoder, of whichever kind."""

from dataclasses import dataclass
from typing import ClassVar

LEVELS = 4
"""Levels of features, from fine to coarse, that an encoder gives the decoder, which goes back through as many."""


@dataclass(frozen=True)
class EncoderConfig:
    """Base class of the constants of each kind of encoder: numbers, texts and nested tuples of them, all with defaults.

    Attributes:
        kind: name of the kind in `keygrid.model.encoders.ENCODERS` and in the header of a checkpoint.
        needs_surface: whether garments have to be surfaces; else clouds serve, too.
        has_levels: whether it gives the coarser levels from which Key-Grid's decoder rebuilds the cloud.
        tells_places: whether the last three channels of point features are the place on a garment of its kind.
    """

    kind: ClassVar[str] = ""
    needs_surface: ClassVar[bool] = False
    has_levels: ClassVar[bool] = True
    tells_places: ClassVar[bool] = False
