"""Options of a training: dataclasses from which the command line and the form of a new run are made.

Options of the same name as an attribute of `TrainingConfig`, `Augmentation` or `ModelConfig` set it; None leaves it to
the preset. Importing this imports no torch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from cyclopts import Parameter

from keygrid.data.augmentation import Augmentation, UpAxis
from keygrid.data.sampling import NormalisationMode
from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig, Preset
from keygrid.model.config import preset as model_preset
from keygrid.model.decoder_config import GridDecoderConfig
from keygrid.training.config import Precision, TrainingConfig, parse_weights
from keygrid.training.config import preset as training_preset
from keygrid.training.terms import TERMS


@dataclass(frozen=True)
class Knob:
    """An option that a form shows as a number or a switch.

    Attributes:
        title: its label.
        least: the smallest value of a number.
        most: its largest value.
        step: difference between two values of a number.
        unit: text after the number.
        name: name of the option.
        group: group of the option, an attribute of `Options`.
        kind: type of its values.
        help: help text of the option.
    """

    title: str
    least: float = 0
    most: float = 1
    step: float = 1
    unit: str = ""
    name: str = ""
    group: str = ""
    kind: type = float
    help: str = ""


def _option(text: str, default: Any = None, knob: Knob | None = None) -> Any:
    """Return a field with its help and, if a form shows it, its appearance there."""
    return field(default=default, metadata={"help": text, "knob": knob})


@dataclass(frozen=True)
class DataOptions:
    """Garments to learn from, and how they are varied."""

    category: list[str] | None = _option(
        "Category, such as T-shirt; stored in the checkpoint. Leaves out garments that are known to be others. "
        "May be given several times."
    )
    rotate: float | None = _option(
        "Largest rotation about the vertical, in degrees.", knob=Knob("Rotate", most=180, step=5, unit=" °")
    )
    deform: float | None = _option(
        "Standard deviation of the free-form deformation, as a share of the extent.", knob=Knob("Deform", step=0.05)
    )
    scale: float | None = _option(
        "Stretch each axis by a factor from 1 - SCALE to 1 + SCALE.", knob=Knob("Scale", most=0.9, step=0.05)
    )
    noise: float | None = _option(
        "Standard deviation of the noise added to each coordinate, as a share of the extent.",
        knob=Knob("Noise", most=0.5, step=0.005),
    )
    drop: float | None = _option("Largest share of points to leave out.", knob=Knob("Drop", most=0.9, step=0.05))
    folds: float | None = _option(
        "Share of clouds to lay flat and fold, if training uses surfaces.",
        knob=Knob("Folds", most=0.9, step=0.05),
    )
    scans: float | None = _option(
        "Share of clouds to show as a single depth camera sees them, if training uses surfaces.",
        knob=Knob("Scans", most=0.9, step=0.05),
    )
    mirror: Annotated[bool | None, Parameter(negative="--no-mirror")] = _option(
        "Reflect half of the clouds left to right.", knob=Knob("Mirror")
    )
    up: UpAxis = _option("The files' vertical axis.", Augmentation.up)
    no_cache: bool = _option("Do not cache sampled clouds on disk; results are the same.", False)


@dataclass(frozen=True)
class NetworkOptions:
    """The network that learns."""

    preset: Preset = _option(
        "Constants of the published code (released) or of the paper, or ours (keygrid), which learns which "
        "points of a moving garment's frames are the same material; or a baseline (skeleton-merger, sc3k, "
        "useek). Options below override the preset's values.",
        "released",
    )
    keypoints: int = _option(
        "Number of keypoints, K, from 2 to 64.", ModelConfig.keypoints, Knob("Keypoints", least=2, most=64)
    )
    points: int | None = _option("Number of points drawn on a garment.")
    normalisation: NormalisationMode | None = _option(
        "How a cloud is mapped to [-1, 1]: by its lowest and highest coordinate (range, as published), by "
        "its centred bounding box (centred), which is independent of the garment's position, or by the "
        "sphere around its centroid (sphere), which is also independent of its orientation."
    )
    no_heatmap: bool = _option("Hide the grid heatmap from the decoder, an ablation in the paper.", False)


@dataclass(frozen=True)
class CourseOptions:
    """The course of the training."""

    epochs: int | None = _option("Passes.", knob=Knob("Epochs", least=1, most=1_000_000))
    epoch_size: int | None = _option("Number of clouds in a pass.")
    pool: int | None = _option("Number of different clouds before they repeat; 0 always draws new ones.")
    batch: int | None = _option(
        "Number of clouds per step, over all processes.", knob=Knob("Batch", least=1, most=4096)
    )
    learning_rate: float | None = _option("Learning rate of the optimiser; its maximum if it changes.")
    clip: float | None = _option("Largest norm of a step's gradient; 0 for no limit.")
    weight: list[str] | None = _option(
        "Weight of a loss term, such as coverage=2; 0 leaves it out. May be given several times. The terms "
        f"are {', '.join(TERMS)}; docs/training.md explains them."
    )
    start_from: Path | None = _option("Checkpoint with initial weights, of the same preset and number of keypoints.")
    teacher: str | None = _option(
        "Checkpoint that labels clouds for the preset useek, with the same number of keypoints; a path, or "
        "the name of a shipped one."
    )
    patience: int = _option(
        "Stop after this number of passes without a lower validation loss; 0 never stops early.",
        TrainingConfig.patience,
    )
    seed: int = _option("Seed of all random numbers.", TrainingConfig.seed)


@dataclass(frozen=True)
class MachineOptions:
    """The processors that a training runs on."""

    device: str = _option("Device, by PyTorch's name: cpu, cuda, cuda:1.", "cpu")
    devices: int = _option(
        "Number of GPUs, or processes, on each machine. They share each batch, with the same results as one process.", 1
    )
    nodes: int = _option("Number of machines; start the command on each with torchrun or SLURM.", 1)
    precision: Precision = _option("Precision of matrix products, in bits; 16 needs a GPU.", TrainingConfig.precision)
    threads: int | None = _option(
        "Number of processor threads; all cores if not given. A different number changes rounding."
    )


@dataclass(frozen=True)
class KeptOptions:
    """Options of what a training keeps and shows."""

    validate_every: int = _option(
        "Passes between two measurements, on moving validation garments, of how well keypoints keep their place.",
        TrainingConfig.validate_every,
    )
    validate_motions: int = _option("Number of garments to measure; 0 for none.", TrainingConfig.validate_motions)
    preview: Path | None = _option("Garment whose keypoints are previewed; the first validation garment if not given.")
    keep_every: int = _option(
        "Passes between checkpoints to keep in addition to the best and the last; 0 for none.",
        TrainingConfig.keep_every,
    )
    half: bool = _option("Store checkpoints in 16 bits.", TrainingConfig.half)
    tensorboard: bool = _option("Also write losses and scores for TensorBoard.", False)


@dataclass(frozen=True)
class Options:
    """All options of a training, in the groups in which --help shows them."""

    data: DataOptions = DataOptions()
    network: NetworkOptions = NetworkOptions()
    course: CourseOptions = CourseOptions()
    machine: MachineOptions = MachineOptions()
    kept: KeptOptions = KeptOptions()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Options":
        """Return the options with some values replaced, by name, in any group."""
        groups = {}
        for group, default in vars(cls()).items():
            given = {one.name: values[one.name] for one in fields(default) if one.name in values}
            groups[group] = replace(default, **given)
        return cls(**groups)

    def model(self) -> ModelConfig:
        """Return the configuration of the network.

        Raises:
            KeygridError: an option has an invalid value.
        """
        network = self.network
        model = replace(model_preset(network.preset, network.keypoints), **_shared(network, ModelConfig))
        if not network.no_heatmap:
            return model
        if not isinstance(model.decoder, GridDecoderConfig):
            raise KeygridError(f"The decoder of {network.preset} sees no grid heatmap; leave out --no-heatmap.")
        return replace(model, decoder=replace(model.decoder, heatmap_levels=0))

    def training(self) -> TrainingConfig:
        """Return the configuration of the training.

        Raises:
            KeygridError: an option has an invalid value.
        """
        course = self.course
        training = training_preset(self.network.preset, self.network.keypoints, course.epochs)
        return replace(
            training,
            weights={**training.weights, **parse_weights(course.weight or ())},
            augmentation=replace(training.augmentation, **_shared(self.data, Augmentation)),
            **_shared(course, TrainingConfig),
            **_shared(self.machine, TrainingConfig),
            **_shared(self.kept, TrainingConfig),
        )

    def words(self) -> list[str]:
        """Return these options as command-line arguments, leaving out those with their default value."""
        return [word for name, value, default in self._values() if value != default for word in _words(name, value)]

    def _values(self) -> Iterator[tuple[str, Any, Any]]:
        """Each option's name, value and default."""
        for group in vars(self).values():
            for one in fields(group):
                yield one.name, getattr(group, one.name), one.default


@cache
def knobs() -> dict[str, Knob]:
    """Return the options that a form shows, by name."""
    found = {}
    for group, default in vars(Options()).items():
        hints = get_type_hints(type(default))
        for one in fields(default):
            if knob := one.metadata["knob"]:
                kind = (get_args(hints[one.name]) or (hints[one.name],))[0]  # without None
                found[one.name] = replace(knob, name=one.name, group=group, kind=kind, help=one.metadata["help"])
    return found


def preset_values(preset: str, keypoints: int) -> dict[str, Any]:
    """Return the values that a preset sets, by attribute."""
    training = training_preset(preset, keypoints)
    return {**vars(model_preset(preset, keypoints)), **vars(training), **vars(training.augmentation)}


def _shared(options: Any, config: type) -> dict[str, Any]:
    """Return the options that were given and are attributes of a configuration."""
    names = {one.name for one in fields(config)}
    found = {name: value for name, value in vars(options).items() if name in names}
    return {name: value for name, value in found.items() if value is not None}


def _words(name: str, value: Any) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    values = value if isinstance(value, list) else [value]
    return [word for one in values for word in (f"--{option}", str(one.absolute() if isinstance(one, Path) else one))]
