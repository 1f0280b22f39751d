"""The configuration of a training. Importing this imports no torch."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from keygrid.data.augmentation import Augmentation
from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig, check_preset
from keygrid.training.terms import TERMS, Need

Precision = Literal["32", "bf16", "16"]

PUBLISHED = {"farthest": 1.0, "similarity": 1.0}
"""Weights of the loss terms of the published method."""


@dataclass(frozen=True)
class TrainingConfig:
    """Constants of a training; the defaults are those of the published code.

    Attributes:
        epochs: number of passes.
        epoch_size: number of clouds in a pass.
        pool: number of different clouds, after which they are repeated; 0 draws a new one each time. Preparing a cloud
            for a network may take longer than a step, so if terms need pairs, prepared clouds are saved on disk.
        batch: number of clouds in a step; the last batch of a pass may be smaller.
        validation_size: number of clouds on which validation losses are taken after each pass.
        optimiser: `adadelta` (published code; eps 1e-2), `adam` (paper) or `adamw` (weight decay 1e-4).
        learning_rate: learning rate of the optimiser; the highest one of a cycle.
        schedule: course of the learning rate: constant, or a cycle that rises for a tenth of the steps and then falls
            to 0 along a cosine.
        warm_up: number of passes before late terms are included.
        farthest: J, the number of farthest points that keypoints should cover.
        weights: final weights of loss terms by name; terms that are missing or have weight 0 are not trained. See
            `keygrid.training.terms.TERMS`. If a term needs pairs, garments must be surfaces.
        ramp: share of the steps over which the weights of terms that ramp grow from 0.
        seed: seed of everything that is drawn: initial weights, clouds, augmentation, dropout.
        clip: largest norm of a step's gradient, to which larger ones are clipped; 0 clips none.
        precision: precision of matrix products: 32 bits, or either 16-bit format, with sensitive operations kept at 32.
        augmentation: variation of training and validation clouds.
        patience: number of passes without a lower validation loss after which training ends; 0 never ends it early.
        validate_every: passes between two measurements of correspondence, which is always measured after the last pass.
        validate_motions: number of moving garments on which it is measured; 0 measures none.
        keep_every: passes between two checkpoints that are kept; 0 keeps only the best and the last.
        half: whether checkpoints are stored in 16 bits.
        teacher: checkpoint that labels clouds for a student, by path or as a shipped one's name; empty for none.
    """

    FREE: ClassVar[tuple[str, ...]] = (
        "epochs", "warm_up", "patience", "validate_every", "validate_motions", "keep_every", "half",
    )  # fmt: skip
    """Attributes that may change when a training is resumed. Where the schedule is constant, they change no step, but
    for the warm-up, which follows from the epochs in the preset `keygrid`."""

    epochs: int = 100
    epoch_size: int = 128
    pool: int = 0
    batch: int = 8
    validation_size: int = 16
    optimiser: Literal["adadelta", "adam", "adamw"] = "adadelta"
    learning_rate: float = 0.1
    schedule: Literal["constant", "cycle"] = "constant"
    warm_up: int = 21
    farthest: int = 12
    weights: Mapping[str, float] = field(default_factory=PUBLISHED.copy)
    ramp: float = 0.0
    seed: int = 0
    clip: float = 0.0
    precision: Precision = "32"
    augmentation: Augmentation = field(default_factory=Augmentation)
    patience: int = 0
    validate_every: int = 5
    validate_motions: int = 1
    keep_every: int = 10
    half: bool = False
    teacher: str = ""

    def __post_init__(self) -> None:
        self._check_weights()
        least = {
            **dict.fromkeys(("epochs", "epoch_size", "batch", "validation_size", "farthest", "validate_every"), 1),
            **dict.fromkeys(("pool", "patience", "validate_motions", "keep_every", "clip"), 0),
        }
        for name, value in least.items():
            if not value <= getattr(self, name) < math.inf:
                raise KeygridError(f"A training's {name} must be at least {value}; you gave {getattr(self, name)}.")
        if self.needs(Need.PAIRS) and self.needs(Need.TURNED):
            raise KeygridError(
                "Some of these losses compare two frames of a garment, others two turned copies, and a "
                "training can use only one kind; leave out the others with --weight NAME=0."
            )
        in_pairs = self.needs(Need.PAIRS) or self.needs(Need.TURNED)
        if in_pairs and (self.batch % 2 or self.epoch_size % 2 or self.pool % 2):
            raise KeygridError(
                "This training learns from pairs of clouds; choose a --batch, --epoch-size and --pool that are even."
            )
        if not 0 < self.learning_rate < math.inf:
            raise KeygridError(f"The learning rate must be a number above 0; you gave {self.learning_rate}.")
        # NumPy cuts seeds into words of 32 bits, so a longer seed could draw the same numbers as another seed and
        # stream.
        if not 0 <= self.seed < 2**32:
            raise KeygridError(f"The seed must be a whole number from 0 to 2^32 - 1; you gave {self.seed}.")

    def _check_weights(self) -> None:
        unknown = [name for name in self.weights if name not in TERMS]
        if unknown:
            raise KeygridError(f"There is no loss term {unknown[0]!r}; there are {', '.join(TERMS)}.")
        if not all(0 <= weight < math.inf for weight in self.weights.values()) or not any(self.weights.values()):
            raise KeygridError("The weights of loss terms must be 0 or more, and at least one must be above 0.")
        known = {name: float(self.weights[name]) for name in TERMS if self.weights.get(name)}
        object.__setattr__(self, "weights", known)

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.epoch_size // self.batch)

    @property
    def steps(self) -> int:
        """Number of steps of the whole training."""
        return self.epochs * self.steps_per_epoch

    def needs(self, need: Need) -> bool:
        """Return whether a term needs something."""
        return any(need in TERMS[name].needs for name in self.weights)

    def weights_at(self, step: int) -> dict[str, float]:
        """Return the weights of the loss terms that are trained after a number of steps."""
        is_warm = step >= self.warm_up * self.steps_per_epoch
        grown = min(1.0, (step + 1) / (self.ramp * self.steps)) if self.ramp else 1.0
        return {
            name: weight * (grown if TERMS[name].ramps else 1)
            for name, weight in self.weights.items()
            if is_warm or not TERMS[name].joins_late
        }

    def rate(self, step: int) -> float:
        """Return the learning rate after a number of steps."""
        if self.schedule == "constant":
            return self.learning_rate
        rising = 0.1 * self.steps
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        return self.learning_rate * (1 + math.cos(math.pi * (step - rising) / (self.steps - rising))) / 2


def preset(name: str, keypoints: int, epochs: int | None = None) -> TrainingConfig:
    """Return the training of a preset: `released` (published code), `paper`, one of our own, or a baseline's.

    Args:
        name: name of the preset; `released` and `paper` have J = K + 4, as in the published code and files.
        keypoints: K.
        epochs: number of epochs, if different from the preset's.

    Raises:
        KeygridError: there is no such preset.
    """
    check_preset(name)
    published = TrainingConfig(farthest=keypoints + 4, epochs=TrainingConfig.epochs if epochs is None else epochs)
    if name == "paper":
        return replace(published, optimiser="adam")
    if name in _OTHERS:
        make, usual = _OTHERS[name]
        return make(usual if epochs is None else epochs)
    return published


def refuse_other_decoders(training: TrainingConfig, model: ModelConfig) -> None:
    """Raise `KeygridError` if a loss term judges the output of another decoder than the network has."""
    for name in training.weights:
        wanted = TERMS[name].decoder
        if wanted and wanted != model.decoder.kind:
            raise KeygridError(
                f"The loss {name} needs a decoder of the kind {wanted}, but this network's is "
                f"{model.decoder.kind}; leave it out with --weight {name}=0, or choose another preset."
            )


def _skeleton_merger(epochs: int) -> TrainingConfig:
    # PyTorch's own rate of Adadelta; the published code has no augmentation, which options can switch off.
    return TrainingConfig(epochs=epochs, learning_rate=1.0, warm_up=0, weights={"composite": 1, "offsets": 0.01})


def _sc3k(epochs: int) -> TrainingConfig:
    return TrainingConfig(
        epochs=epochs,
        optimiser="adam",
        learning_rate=1e-3,
        warm_up=0,
        # The published code adds the terms of both copies, of which ours are means.
        weights={"separation": 2, "overlap": 2, "shape": 12, "box": 2, "turned": 1, "pose": 0.07},
        augmentation=Augmentation(rotate=180.0),
    )


def _keygrid_surface(epochs: int) -> TrainingConfig:
    return TrainingConfig(
        epochs=epochs,
        epoch_size=256,
        batch=8,
        validation_size=32,
        optimiser="adamw",
        learning_rate=2e-3,
        schedule="cycle",
        clip=1.0,
        warm_up=epochs * 3 // 4,
        # A surface distinguishes layers, so no tolerance is needed.
        weights={"similarity": 1, "strict": 1, "coverage": 0.5, "canonical": 5, "template": 4},
        ramp=0.3,
        # Nothing that the encoder sees depends on where the surface lies; the decoder sees turned and scaled points.
        augmentation=Augmentation(rotate=180.0, scale=0.1, mirror=True),
    )


def _keygrid_cloud(epochs: int) -> TrainingConfig:
    surface = _keygrid_surface(epochs)
    weights = {**surface.weights, "coverage": 1.5, "template": 1}
    # Operators are computed on the varied cloud, and no rotation changes the encoder's input.
    augmentation = replace(surface.augmentation, deform=0.0, noise=0.0005)
    return replace(surface, pool=6144, weights=weights, augmentation=augmentation)


def _keygrid(epochs: int) -> TrainingConfig:
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
        weights={"similarity": 1, "strict": 0.3, "tolerant": 0.7, "coverage": 1, "apart": 1, "canonical": 5},
        ramp=0.3,
        augmentation=Augmentation(rotate=30.0, deform=0.08, scale=0.2, noise=0.0025, mirror=True),
    )


def _useek(epochs: int) -> TrainingConfig:
    return TrainingConfig(
        epochs=epochs,
        optimiser="adam",
        learning_rate=1e-4,
        warm_up=0,
        weights={"segments": 1},
        # No rotation changes what the student sees. The teacher labels best what lies as in the files.
        augmentation=Augmentation(rotate=0.0),
    )


_OTHERS: Mapping[str, tuple[Callable[[int], TrainingConfig], int]] = {
    "keygrid": (_keygrid, 60),
    "keygrid-surface": (_keygrid_surface, 60),
    "keygrid-cloud": (_keygrid_cloud, 400),
    "skeleton-merger": (_skeleton_merger, 80),
    "sc3k": (_sc3k, 100),
    "useek": (_useek, 30),
}
"""Trainings of our own presets and of baselines, and their usual numbers of epochs."""


def parse_weights(texts: Iterable[str]) -> dict[str, float]:
    """Return weights by loss term from texts such as `coverage=2`.

    Raises:
        KeygridError: a text names no term, or its number can't be read.
    """
    weights = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in TERMS:
            raise KeygridError(f"There is no loss term {name!r}; there are {', '.join(TERMS)}.")
        try:
            weights[name] = float(number)
        except ValueError as error:
            raise KeygridError(
                f"The weight of {name} must be a number, as in {name}=2; you gave {number!r}."
            ) from error
    return weights


def upgraded(training: dict[str, Any]) -> dict[str, Any]:
    """Convert a training's stored values from any earlier version to the current one.

    Until version 0.1, each loss term had its own field, such as `coverage_weight`. There was no teacher at first.
    """
    training = {"teacher": TrainingConfig.teacher} | training
    single = {name: training[f"{name}_weight"] for name in TERMS if f"{name}_weight" in training}
    rest = {key: value for key, value in training.items() if not key.endswith("_weight")}
    return rest | {"weights": {name: weight for name, weight in single.items() if weight}} if single else rest
