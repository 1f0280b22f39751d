"""How a network is trained."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

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
        clip: the largest norm of a step's gradient, to which a larger one is cut; 0 cuts none.
        precision: of matrix products: 32 bits, or 16 of either kind with what needs more kept at 32.
        augmentation: of training and validation clouds.
        patience: training ends after so many passes without a lower validation loss; 0 lets it go on.
        validate_every: passes between two measurements of correspondence, which the last pass gets in any case.
        validate_motions: garments on which it is measured, where there are such as move; 0 measures none.
        keep_every: passes between two checkpoints that stay; 0 keeps the best and the last alone.
        half: whether checkpoints are stored in 16 bits.
    """

    FREE: ClassVar = ("epochs", "patience", "validate_every", "validate_motions", "keep_every", "half")
    """What does not change a step, and so may be another when a training is resumed."""

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
    clip: float = 0.0
    precision: Literal["32", "bf16", "16"] = "32"
    augmentation: Augmentation = field(default_factory=Augmentation)
    patience: int = 0
    validate_every: int = 5
    validate_motions: int = 1
    keep_every: int = 10
    half: bool = False

    def __post_init__(self) -> None:
        least = {
            **dict.fromkeys(("epochs", "epoch_size", "batch", "validation_size", "farthest", "validate_every"), 1),
            **dict.fromkeys(("patience", "validate_motions", "keep_every", "clip"), 0),
        }
        for name, value in least.items():
            if not value <= getattr(self, name) < math.inf:
                raise KeygridError(
                    f"A training's {name} must be at least {value}, and {getattr(self, name)} was asked for."
                )
        if not 0 < self.learning_rate < math.inf:
            raise KeygridError(f"A learning rate is a number above 0, and {self.learning_rate} was asked for.")
        # NumPy cuts seeds into words of 32 bits: a longer one would draw what another seed and stream draw.
        if not 0 <= self.seed < 2**32:
            raise KeygridError(f"A seed is a whole number from 0 to 2^32 - 1, and {self.seed} was asked for.")

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.epoch_size // self.batch)

    def weights(self, epoch: int) -> dict[str, float]:
        """Weights of the loss terms that are trained after `epoch` passes; others are only measured."""
        weights = {"farthest": self.farthest_weight}
        if epoch >= self.warm_up:
            weights["similarity"] = self.similarity_weight
        return weights


def preset(name: str, keypoints: int) -> TrainingConfig:
    """The training of `released` (published code) or `paper`, with J = K + 4 as in every published setting."""
    if name == "paper":
        return TrainingConfig(farthest=keypoints + 4, optimiser="adam")
    return TrainingConfig(farthest=keypoints + 4)
