"""How a network is trained."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from keygrid.data.augmentation import Augmentation
from keygrid.errors import KeygridError

PUBLISHED = ("farthest", "similarity")
"""Loss terms of the published method."""

OF_PAIRS = ("strict", "tolerant", "coverage", "apart", "canonical")
"""Loss terms of two clouds that show one garment."""


@dataclass(frozen=True)
class TrainingConfig:
    """A training's constants; the defaults are those of the published code.

    Attributes:
        epochs: passes.
        epoch_size: clouds drawn in one pass.
        batch: clouds a step; the last batch of a pass may be smaller.
        validation_size: clouds on which validation losses are taken after each pass.
        optimiser: `adadelta` (published code; eps 1e-2), `adam` (paper) or `adamw` (weight decay 1e-4).
        learning_rate: of the optimiser; the highest of a cycle.
        schedule: whether the learning rate is constant, or rises for a tenth of the steps and then falls to 0 along a
            cosine.
        warm_up: passes before the similarity loss joins.
        farthest: J, the number of farthest points that keypoints should cover.
        farthest_weight: of the farthest-point loss.
        similarity_weight: of the similarity loss.
        strict_weight: of this and the following see `keygrid.training.losses.pair_losses`. Where one is above 0,
            garments must be surfaces, and clouds come in pairs.
        tolerant_weight: see there.
        coverage_weight: see there.
        apart_weight: see there.
        canonical_weight: see there. Garments should lie alike at rest.
        ramp: share of the steps over which the weights `strict` and `tolerant` grow from 0.
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

    FREE: ClassVar[tuple[str, ...]] = (
        "epochs", "warm_up", "patience", "validate_every", "validate_motions", "keep_every", "half",
    )  # fmt: skip
    """What may be another when a training is resumed. Where the schedule is constant, no step changes by it but by the
    warm-up, which follows from the epochs in the preset `keygrid`."""

    epochs: int = 100
    epoch_size: int = 128
    batch: int = 8
    validation_size: int = 16
    optimiser: Literal["adadelta", "adam", "adamw"] = "adadelta"
    learning_rate: float = 0.1
    schedule: Literal["constant", "cycle"] = "constant"
    warm_up: int = 21
    farthest: int = 12
    farthest_weight: float = 1.0
    similarity_weight: float = 1.0
    strict_weight: float = 0.0
    tolerant_weight: float = 0.0
    coverage_weight: float = 0.0
    apart_weight: float = 0.0
    canonical_weight: float = 0.0
    ramp: float = 0.0
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
        if not all(0 <= weight < math.inf for weight in self._weights.values()) or not any(self._weights.values()):
            raise KeygridError("The weights of loss terms are 0 or more, and one of them is above 0.")
        if self.needs_pairs and (self.batch % 2 or self.epoch_size % 2):
            raise KeygridError(
                "This training learns from pairs of clouds; choose a --batch and --epoch-size that are even."
            )
        if not 0 < self.learning_rate < math.inf:
            raise KeygridError(f"A learning rate is a number above 0, and {self.learning_rate} was asked for.")
        # NumPy cuts seeds into words of 32 bits: a longer one would draw what another seed and stream draw.
        if not 0 <= self.seed < 2**32:
            raise KeygridError(f"A seed is a whole number from 0 to 2^32 - 1, and {self.seed} was asked for.")

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.epoch_size // self.batch)

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.epochs * self.steps_per_epoch

    @property
    def terms(self) -> dict[str, float]:
        """The loss terms and their weights in the end."""
        return {name: weight for name, weight in self._weights.items() if weight > 0}

    @property
    def _weights(self) -> dict[str, float]:
        return {name: float(getattr(self, f"{name}_weight")) for name in (*PUBLISHED, *OF_PAIRS)}

    @property
    def needs_pairs(self) -> bool:
        """Whether a term compares two clouds of one garment."""
        return any(name in OF_PAIRS for name in self.terms)

    def weights(self, step: int) -> dict[str, float]:
        """Weights of the loss terms that are trained after so many steps."""
        weights = self.terms
        if step < self.warm_up * self.steps_per_epoch:
            weights.pop("similarity", None)
        grown = min(1.0, (step + 1) / (self.ramp * self.steps)) if self.ramp else 1.0
        return {name: weight * (grown if name in ("strict", "tolerant") else 1) for name, weight in weights.items()}

    def rate(self, step: int) -> float:
        """The learning rate after so many steps."""
        if self.schedule == "constant":
            return self.learning_rate
        rising = 0.1 * self.steps
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        return self.learning_rate * (1 + math.cos(math.pi * (step - rising) / (self.steps - rising))) / 2


def preset(name: str, keypoints: int, epochs: int | None = None) -> TrainingConfig:
    """The training of `released` (published code) or `paper`, with J = K + 4 as in all that is published, or `keygrid`.

    Args:
        name: as above.
        keypoints: K.
        epochs: if other than the preset's own.
    """
    if name == "keygrid":
        epochs = 60 if epochs is None else epochs
        return TrainingConfig(
            epochs=epochs,
            epoch_size=1024,
            batch=32,
            validation_size=128,
            optimiser="adamw",
            learning_rate=3e-3,
            schedule="cycle",
            clip=1.0,
            warm_up=epochs * 3 // 4,
            farthest_weight=0.0,
            strict_weight=0.3,
            tolerant_weight=0.7,
            coverage_weight=1.0,
            apart_weight=1.0,
            canonical_weight=5.0,
            ramp=0.3,
            augmentation=Augmentation(rotate=30.0, deform=0.08, scale=0.2, noise=0.0025, mirror=True),
        )
    if name == "paper":
        return TrainingConfig(farthest=keypoints + 4, optimiser="adam", epochs=100 if epochs is None else epochs)
    return TrainingConfig(farthest=keypoints + 4, epochs=100 if epochs is None else epochs)
