"""Training runs as values: their state and history, and the selection of runs on show."""

import math
from array import array
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal, SignalGroupDescriptor

from keygrid.data.garment import Garment
from keygrid.training.events import (
    EndEvent,
    EpochEvent,
    ErrorEvent,
    Event,
    PausedEvent,
    PreviewEvent,
    ResumedEvent,
    StartEvent,
    StepEvent,
    StopEvent,
    Values,
)
from keygrid.training.run import RunDirectory

Floats = NDArray[np.float64]


class State(StrEnum):
    """The state of a run; its value is the displayed word."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    FINISHED = "finished"
    LOST = "lost"

    @property
    def active(self) -> bool:
        """True while a process works on the run."""
        return self not in {State.STOPPED, State.FAILED, State.FINISHED, State.LOST}


@dataclass(frozen=True, eq=False)
class Preview:
    """Keypoints that a network in training finds on one garment: K keypoints, E segments.

    Attributes:
        run: name of the run.
        epoch: number of completed passes.
        garment: absolute path of the garment, as `keygrid.data.open_path` takes it.
        frame: frame of the garment, if it moves.
        keypoints: (K, 3), file units.
        edges: (E, 2), keypoint indices of each segment.
        strengths: (E,), strength of each segment, in (0, 1).
    """

    run: str
    epoch: int
    garment: Path
    frame: int
    keypoints: Floats
    edges: NDArray[np.int64]
    strengths: Floats

    # Not known of a preview; see `keygrid.prediction.Skeleton`.
    vertices = confidence = explained = None

    def is_of(self, garment: Garment) -> bool:
        """Return whether this is a preview of the garment."""
        return garment.source is not None and garment.source.absolute() == self.garment

    def __post_init__(self) -> None:
        count, segments = len(self.keypoints), len(self.edges)
        shapes = (self.keypoints.shape, self.edges.shape, self.strengths.shape)
        if shapes != ((count, 3), (segments, 2), (segments,)) or not np.isfinite(self.keypoints).all():
            raise ValueError("no keypoints")
        if segments and not 0 <= self.edges.min() <= self.edges.max() < count:
            raise ValueError("no such keypoint")


@dataclass(eq=False)
class Curve:
    """A value over increasing steps."""

    steps: "array[float]" = field(default_factory=lambda: array("d"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: float, value: float) -> None:
        """Append a point; ignore a value that is not finite."""
        if math.isfinite(value):
            self.steps.append(step)
            self.values.append(value)

    def cut(self, step: float) -> None:
        """Remove the points after a step that the run went back to."""
        while self.steps and self.steps[-1] > step:
            self.steps.pop()
            self.values.pop()

    def thinned(self, most: int) -> tuple[Floats, Floats]:
        """Return steps and values, thinned to a maximum number by averaging equal groups of neighbours."""
        steps, values = np.array(self.steps), np.array(self.values)
        size = -(-len(steps) // most)
        if size < 2:
            return steps, values
        begins = np.arange(0, len(steps), size)
        counts = np.diff(np.append(begins, len(steps)))
        return np.add.reduceat(steps, begins) / counts, np.add.reduceat(values, begins) / counts


def smoothed(values: Floats, weight: float) -> Floats:
    """Return exponential moving averages, in which the previous average has the share `weight`.

    Weights are normalised, so that the first averages are not biased towards zero.
    """
    mean = total = 0.0
    means = np.empty_like(values)
    for place, value in enumerate(values.tolist()):
        mean = weight * mean + (1 - weight) * value
        total = weight * total + (1 - weight)
        means[place] = mean / total
    return means


@dataclass(eq=False)
class History:
    """The history of a run, built from its events.

    Attributes:
        run: name of the run.
        state: state given by the last event that sets it.
        epoch: number of completed passes.
        step: number of completed steps.
        epochs: passes of the whole training; 0 if unknown.
        steps: steps of the whole training; 0 if unknown.
        pace: steps per second.
        seconds_left: remaining time that the trainer estimated.
        memory: memory of the trainer, in bytes.
        training: training losses by name, per step, or per epoch if steps are not reported.
        validation: validation losses by name, per epoch.
        scores: scores by name, for the epochs that were scored.
        previews: previews in the order of epochs.
        process: process ID of the trainer on `host`.
        host: machine that runs the trainer.
        begun: start time of the trainer, in seconds since 1970; 0 if unknown.
        message: why the run stopped or failed.
    """

    run: str
    state: State = State.STARTING
    epoch: int = 0
    step: int = 0
    epochs: int = 0
    steps: int = 0
    pace: float = 0.0
    seconds_left: float = math.nan
    memory: int = 0
    training: dict[str, Curve] = field(default_factory=dict)
    validation: dict[str, Curve] = field(default_factory=dict)
    scores: dict[str, Curve] = field(default_factory=dict)
    previews: list[Preview] = field(default_factory=list)
    process: int | None = None
    host: str = ""
    begun: float = 0.0
    message: str = ""
    _stepwise: bool = False

    def take(self, event: Event) -> None:
        """Process one event."""
        match event:
            case StepEvent():
                self._step(event)
            case EpochEvent():
                self._epoch(event)
            case PreviewEvent():
                self._preview(event)
            case StartEvent():
                self.state, self.message = State.RUNNING, ""
                self.process, self.host, self.begun = event.pid, event.host, event.time
                self.epochs, self.steps = event.epochs, event.steps
                self._go_back(event.epoch, event.step)
            case PausedEvent():
                self.state, self.message = State.PAUSED, ""
            case ResumedEvent():
                self.state, self.message = State.RUNNING, ""
            case StopEvent(message=message):
                self.state, self.message = State.STOPPED, message
            case ErrorEvent(message=message):
                self.state, self.message = State.FAILED, message
            case EndEvent():
                self.state, self.message = State.FINISHED, ""

    def _step(self, event: StepEvent) -> None:
        self._stepwise, self.state = True, State.RUNNING
        self.step, self.pace = event.step, event.steps_per_second
        self.seconds_left, self.memory = event.seconds_left, event.memory
        self._add(self.training, event.losses)

    def _epoch(self, event: EpochEvent) -> None:
        self.state, self.epoch = State.RUNNING, event.epoch
        self.step = event.epoch if event.step is None else event.step
        if not self._stepwise:
            self._add(self.training, event.train)
        self._add(self.validation, event.validation)
        self._add(self.scores, event.scores)

    def _add(self, curves: dict[str, Curve], values: Values) -> None:
        for name, value in values.items():
            curves.setdefault(name, Curve()).add(self.step, value)

    def _preview(self, event: PreviewEvent) -> None:
        try:
            preview = Preview(
                self.run,
                event.epoch,
                Path(event.garment).absolute(),
                event.frame,
                np.array(event.keypoints, dtype=np.float64),
                np.array(event.edges, dtype=np.int64).reshape(-1, 2),
                np.array(event.strengths, dtype=np.float64),
            )
        except ValueError:  # no keypoints can be made of these numbers
            return
        self.previews = [earlier for earlier in self.previews if earlier.epoch < preview.epoch]
        self.previews.append(preview)

    def _go_back(self, epoch: int, step: int) -> None:
        self.epoch, self.step = epoch, step
        for curves in (self.training, self.validation, self.scores):
            for curve in curves.values():
                curve.cut(step)
        self.previews = [preview for preview in self.previews if preview.epoch <= epoch]


@dataclass(eq=False)
class Run:
    """A training run, as far as `app.controllers.follower` has read its directory.

    Attributes:
        directory: the run's directory; its content may not exist yet.
        state: state at the last reading.
        history: values read from the events.
        config: content of `config.json`.
        process: process ID of the trainer, if it was started here or reports that it runs on this machine.
        kept: names of the existing checkpoints, without suffix.
        error: the last line that the process wrote to standard error, if it reports an error.
        version: increases with every event that is read and every change of state.
    """

    directory: Path
    state: State = State.STARTING
    history: History = field(init=False)
    config: dict[str, Any] = field(init=False)
    process: int | None = None
    kept: frozenset[str] = frozenset()
    error: str = ""
    version: int = 0

    def __post_init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Forget all events that were read."""
        self.history = History(self.name)
        self.config = {}

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def epochs(self) -> int:
        """Epochs of the whole training; 0 if unknown."""
        training = self.config.get("training")
        epochs = training.get("epochs") if isinstance(training, dict) else None
        return self.history.epochs or (epochs if isinstance(epochs, int) else 0)

    @property
    def progress(self) -> float:
        """Progress of the run, from 0 to 1."""
        if self.state is State.FINISHED:
            return 1.0
        history = self.history
        done = history.step / history.steps if history.steps else history.epoch / max(self.epochs, 1)
        return min(max(done, 0.0), 1.0)

    @property
    def command(self) -> str:
        """The command line that started the run; empty if its directory does not record it."""
        command = self.config.get("command")
        return command if isinstance(command, str) else ""

    @property
    def message(self) -> str:
        """The reason why the run ended early, in a sentence; empty if it is running or was completed."""
        if self.state is State.LOST:
            return "The trainer ended unexpectedly; Resume continues from the last saved state."
        if self.state is State.FAILED:
            return self.history.message or self.error or "It ended without giving a reason."
        return self.history.message if self.state is State.STOPPED else ""

    def preview(self, epoch: int | None = None) -> Preview | None:
        """Return the latest preview up to the chosen epoch; None if there is none."""
        previews = self.history.previews
        return next((p for p in reversed(previews) if epoch is None or p.epoch <= epoch), None)

    def checkpoint(self, epoch: int | None = None) -> Path | None:
        """Return the best checkpoint or the one after an epoch; None if it does not exist."""
        names = ["best", "last"] if epoch is None else [f"epoch-{epoch:04d}"]
        if epoch == self.history.epoch:
            names.append("last")
        found = next((name for name in names if name in self.kept), None)
        return None if found is None else RunDirectory(self.directory).checkpoints / f"{found}.safetensors"

    def become(self, state: State) -> None:
        """Set the state."""
        self.version += state is not self.state
        self.state = state


@dataclass
class Runs:
    """The known runs.

    Attributes:
        runs: newest first.
        chosen: the selected run.
        previewing: whether the chosen run's preview is shown instead of a prediction.
        epoch: the epoch whose preview is shown; None for the newest.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
    advanced: ClassVar[Signal] = Signal(Run)
    """A run has changed."""

    runs: tuple[Run, ...] = ()
    chosen: Run | None = None
    previewing: bool = False
    epoch: int | None = None

    @property
    def active(self) -> tuple[Run, ...]:
        """Runs that have an active process."""
        return tuple(run for run in self.runs if run.state.active)

    @property
    def preview(self) -> Preview | None:
        """The preview to show, if any."""
        return self.chosen.preview(self.epoch) if self.previewing and self.chosen is not None else None

    def add(self, directory: Path) -> Run:
        """Return the run in a directory, and remember it."""
        directory = directory.absolute()
        known = next((run for run in self.runs if run.directory == directory), None)
        run = known or Run(directory)
        if known is None:
            self.runs = (run, *self.runs)
        return run

    def choose(self, run: Run | None) -> None:
        """Choose another run and its newest preview."""
        self.epoch = None
        self.chosen = run

    def forget(self, run: Run) -> None:
        """Forget a run; its directory is kept."""
        self.runs = tuple(other for other in self.runs if other is not run)
        if self.chosen is run:
            self.choose(self.runs[0] if self.runs else None)
