"""How a network is trained."""

import math
from dataclasses import dataclass, field
from typing import Literal

from keygrid.data.augmentation import Augmentation
from keygrid.errors import KeygridError


@dataclass(frozen=True)
class TrainingConfig:
    """A training's constants; the defaults are those of the published code.

    Attributes:
        epochs: passes.
        epoch_size: clouds drawn in one pass.
        batch: clouds a step; the last batch of a pass may be smaller.
        validation_size: clouds on which validation losses are taken after each pass.
        optimiser: `adadelta` (published code; eps 1e-2) or `adam` (paper).
        learning_rate: of the optimiser.
        warm_up: passes before the similarity loss joins.
        farthest: J, the number of farthest points that keypoints should cover.
        farthest_weight: of the farthest-point loss.
        similarity_weight: of the similarity loss.
        seed: of everything that is drawn: initial weights, clouds, augmentation, dropout.
        augmentation: of training and validation clouds.
    """

    epochs: int = 100
    epoch_size: int = 128
    batch: int = 8
    validation_size: int = 16
    optimiser: Literal["adadelta", "adam"] = "adadelta"
    learning_rate: float = 0.1
    warm_up: int = 21
    farthest: int = 12
    farthest_weight: float = 1.0
    similarity_weight: float = 1.0
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in ("epochs", "epoch_size", "batch", "validation_size", "farthest"):
            if getattr(self, name) < 1:
                raise KeygridError(f"A training's {name} must be at least 1, and {getattr(self, name)} was asked for.")
        if not 0 < self.learning_rate < math.inf:
            raise KeygridError(f"A learning rate is a number above 0, and {self.learning_rate} was asked for.")
        # NumPy cuts seeds into words of 32 bits: a longer one would draw what another seed and stream draw.
        if not 0 <= self.seed < 2**32:
            raise KeygridError(f"A seed is a whole number from 0 to 2^32 - 1, and {self.seed} was asked for.")


def preset(name: str, keypoints: int) -> TrainingConfig:
    """The training of `released` (published code) or `paper`, with J = K + 4 as in every published setting."""
    if name == "paper":
        return TrainingConfig(farthest=keypoints + 4, optimiser="adam")
    return TrainingConfig(farthest=keypoints + 4)
