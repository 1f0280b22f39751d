"""Training runs: directories that a trainer writes, wherever it runs, read as they grow."""

import json
import math
import os
import socket
import time
from array import array
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal, SignalGroupDescriptor

from keygrid.data.garment import Garment

Floats = NDArray[np.float64]

CHUNK = 1 << 15
"""Bytes that are read and taken in at once: about a millisecond's work."""

QUIET = 600.0
"""Seconds without an event after which a trainer that can't be looked at, on another host, is taken for gone."""


class State(StrEnum):
    """What a run is doing, in the word that is shown."""

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
        """Whether a process is at it."""
        return self not in {State.STOPPED, State.FAILED, State.FINISHED, State.LOST}


@dataclass(frozen=True, eq=False)
class Preview:
    """What a network that is being trained says of one garment. K keypoints, E segments.

    Attributes:
        run: the run's name.
        epoch: passes that were done.
        garment: what was looked at, an absolute path as `keygrid.data.open_path` takes it.
        frame: the garment's, if it moves.
        keypoints: (K, 3), file units.
        edges: (E, 2), keypoint indices of each segment.
        strengths: (E,), each segment's in (0, 1).
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
        """Whether this is the garment that was looked at."""
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
    """A value over steps, which grow."""

    steps: "array[float]" = field(default_factory=lambda: array("d"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: float, value: float) -> None:
        """Append a point; a value that is not finite is left out."""
        if math.isfinite(value):
            self.steps.append(step)
            self.values.append(value)

    def cut(self, step: float) -> None:
        """Forget what comes after a step: the run went back to it."""
        while self.steps and self.steps[-1] > step:
            self.steps.pop()
            self.values.pop()

    def thinned(self, most: int) -> tuple[Floats, Floats]:
        """Steps and values, at most so many: of equally many neighbours each, the means."""
        steps, values = np.array(self.steps), np.array(self.values)
        size = -(-len(steps) // most)
        if size < 2:
            return steps, values
        begins = np.arange(0, len(steps), size)
        counts = np.diff(np.append(begins, len(steps)))
        return np.add.reduceat(steps, begins) / counts, np.add.reduceat(values, begins) / counts


def smoothed(values: Floats, weight: float) -> Floats:
    """Exponential means: each of a value and all before it, the one before counting `weight` times as much.

    The first ones are not drawn to zero: the weights are normalised.
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
    """What a run's events say, from the first one on.

    Attributes:
        run: the run's name.
        state: as the last event that says so has it.
        epoch: passes that were done.
        step: steps that were done.
        epochs: passes of the whole training; 0 where not known.
        steps: steps of the whole training; 0 where not known.
        pace: steps per second.
        seconds_left: estimated by the trainer.
        memory: in bytes.
        training: losses by name: of each step, or of each epoch where steps are not told.
        validation: losses by name, of each epoch.
        scores: by name, of the epochs that were scored.
        previews: in the order of epochs.
        process: the trainer's number on `host`.
        host: where the trainer runs.
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
    message: str = ""
    _stepwise: bool = False

    def take(self, line: bytes) -> None:
        """Take in one event; what is damaged, or of an unknown kind, is passed over."""
        try:
            self._take(json.loads(line))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
            return

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "step":
            self._step(event)
        elif kind == "epoch":
            self._epoch(event)
        elif kind == "preview":
            self._preview(event)
        elif kind == "start":
            self.state, self.message = State.RUNNING, ""
            self.process, self.host = int(event["pid"]), str(event["host"])
            self.epochs, self.steps = int(event.get("epochs", 0)), int(event.get("steps", 0))
            self._go_back(int(event.get("epoch", 0)), int(event.get("step", 0)))
        elif kind in _STATES:
            self.state = _STATES[kind]
            self.message = str(event.get("message") or "")

    def _step(self, event: dict[str, Any]) -> None:
        self._stepwise, self.state = True, State.RUNNING
        self.step = int(event["step"])
        self.pace = float(event.get("steps_per_second", 0))
        self.seconds_left = float(event.get("seconds_left", math.nan))
        self.memory = int(event.get("memory", 0))
        self._add(self.training, event["losses"])

    def _epoch(self, event: dict[str, Any]) -> None:
        self.state, self.epoch = State.RUNNING, int(event["epoch"])
        self.step = int(event.get("step", self.epoch))
        if not self._stepwise:
            self._add(self.training, event.get("train", {}))
        self._add(self.validation, event.get("validation", {}))
        self._add(self.scores, event.get("scores", {}))

    def _add(self, curves: dict[str, Curve], values: dict[str, Any]) -> None:
        for name, value in values.items():
            if value is not None:
                curves.setdefault(name, Curve()).add(self.step, float(value))

    def _preview(self, event: dict[str, Any]) -> None:
        preview = Preview(
            self.run,
            int(event["epoch"]),
            Path(event["garment"]).absolute(),
            int(event.get("frame", 0)),
            np.array(event["keypoints"], dtype=np.float64),
            np.array(event["edges"], dtype=np.int64).reshape(-1, 2),
            np.array(event["strengths"], dtype=np.float64),
        )
        self.previews = [earlier for earlier in self.previews if earlier.epoch < preview.epoch]
        self.previews.append(preview)

    def _go_back(self, epoch: int, step: int) -> None:
        self.epoch, self.step = epoch, step
        for curves in (self.training, self.validation, self.scores):
            for curve in curves.values():
                curve.cut(step)
        self.previews = [preview for preview in self.previews if preview.epoch <= epoch]


_STATES = {
    "paused": State.PAUSED, "resumed": State.RUNNING, "stop": State.STOPPED, "error": State.FAILED,
    "end": State.FINISHED,
}  # fmt: skip


class Run:
    """A run's directory, as far as it is read.

    Args:
        directory: with `config.json`, `events.jsonl` and `checkpoints`; they may be still to come.

    Attributes:
        history: what the events say.
        config: what `config.json` says.
        state: as of the last reading.
        version: grows with everything that is read, and with every change of the state.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.state = State.STARTING
        self.version = 0
        self._awaited: int | None = None
        self._written = 0.0
        self._begin(None)

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def epochs(self) -> int:
        """Passes of the whole training; 0 where not known."""
        training = self.config.get("training")
        epochs = training.get("epochs") if isinstance(training, dict) else None
        return self.history.epochs or (epochs if isinstance(epochs, int) else 0)

    @property
    def progress(self) -> float:
        """How much of the run is done, from 0 to 1."""
        if self.state is State.FINISHED:
            return 1.0
        history = self.history
        done = history.step / history.steps if history.steps else history.epoch / max(self.epochs, 1)
        return min(max(done, 0.0), 1.0)

    @property
    def command(self) -> str:
        """The command line that began it; empty where its directory doesn't say."""
        command = self.config.get("command")
        return command if isinstance(command, str) else ""

    @property
    def process(self) -> int | None:
        """The trainer's process, if it was started here or says that it runs on this host."""
        here = self.history.host == socket.gethostname()
        return self._awaited or (self.history.process if here else None)

    @property
    def message(self) -> str:
        """Why the run ended, in a sentence; empty while it has not, or has as it should."""
        if self.state is State.LOST:
            return "Its process is gone without a word; Resume goes on from what it saved."
        if self.state is State.FAILED:
            return self.history.message or self._last_words() or "It ended without saying why."
        return self.history.message if self.state is State.STOPPED else ""

    def preview(self, epoch: int | None = None) -> Preview | None:
        """The last preview that is not of a later epoch; None if there is none, or none yet."""
        previews = self.history.previews
        return next((p for p in reversed(previews) if epoch is None or p.epoch <= epoch), None)

    def checkpoint(self, epoch: int | None = None) -> Path | None:
        """The best checkpoint, or that after an epoch; None if there is none, or it was not kept."""
        names = ["best", "last"] if epoch is None else [f"epoch-{epoch:04d}"]
        if epoch == self.history.epoch:
            names.append("last")
        files = (self.directory / "checkpoints" / f"{name}.safetensors" for name in names)
        return next((file for file in files if file.exists()), None)

    def launched(self, process: int) -> None:
        """Take note that this process was started to train it."""
        self._awaited = process
        self._become(State.STARTING)

    def read(self) -> bool:
        """Take in some of what is new, and judge by it when that is all; returns whether there is more."""
        more = self._read_events()
        if not self.config:
            self._read_config()
        if self.history.process == self._awaited:
            self._awaited = None
        if not more:
            alive = self._alive()
            # Its last word may have come in between.
            more = not alive and self._read_events()
            if not more:
                self._become(self._judge(alive=alive))
        return more

    def _begin(self, inode: int | None) -> None:
        self._inode, self._offset, self._rest = inode, 0, b""
        self.history = History(self.name)
        self.config: dict[str, Any] = {}

    def _become(self, state: State) -> None:
        self.version += state is not self.state
        self.state = state

    def _read_events(self) -> bool:
        try:
            with (self.directory / "events.jsonl").open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._inode or found.st_size < self._offset:
                    self._begin(found.st_ino)  # a resumed run writes its history anew
                file.seek(self._offset)
                data = file.read(CHUNK)
        except OSError:
            return False
        self._offset += len(data)
        self._written = found.st_mtime
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self.history.take(line)
        self.version += bool(data)
        return self._offset < found.st_size

    def _read_config(self) -> None:
        try:
            config = json.loads((self.directory / "config.json").read_text())
        except (OSError, ValueError, RecursionError):
            return
        self.config = config if isinstance(config, dict) else {}

    def _judge(self, *, alive: bool) -> State:
        state = self.history.state
        if self._awaited is not None and self.history.process is not None:
            state = State.STARTING  # the last word is still that of an earlier process
        if not state.active:
            return state
        if not alive:
            if 0 < self.epochs <= self.history.epoch:
                return State.FINISHED
            return State.FAILED if self._awaited is not None or self._last_words() else State.LOST
        if (self.directory / "stop").exists():
            return State.STOPPING
        if state is State.RUNNING and (self.directory / "pause").exists():
            return State.PAUSING
        return state

    def _alive(self) -> bool:
        process = self.process
        if process is None or os.name == "nt":
            return self.history.state is State.PAUSED or time.time() - self._written < QUIET
        try:
            # A number may be another process's by now; and one that ended, but was not waited for, has no words.
            return b"train" in Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            return not Path("/proc/self").exists() and _exists(process)

    def _last_words(self) -> str:
        """The last line of the log, if it tells of an error."""
        try:
            with (self.directory / "log.txt").open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - CHUNK))
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return last.removeprefix("error: ") if "error" in last.lower() else ""


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass
class Runs:
    """The runs that are known.

    Attributes:
        runs: newest first.
        chosen: the one that is looked at.
        previewing: whether the chosen run's preview is shown instead of a prediction.
        epoch: the preview that is shown is the one after so many epochs; None for the newest.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()
    advanced: ClassVar[Signal] = Signal(Run)
    """Something new is known of a run."""

    runs: tuple[Run, ...] = ()
    chosen: Run | None = None
    previewing: bool = False
    epoch: int | None = None

    @property
    def active(self) -> tuple[Run, ...]:
        """Those that a process is at."""
        return tuple(run for run in self.runs if run.state.active)

    @property
    def preview(self) -> Preview | None:
        """The preview that shall be shown, if any."""
        return self.chosen.preview(self.epoch) if self.previewing and self.chosen is not None else None

    def add(self, directory: Path) -> Run:
        """The run of a directory, which is known from now on."""
        directory = directory.absolute()
        known = next((run for run in self.runs if run.directory == directory), None)
        run = known or Run(directory)
        if known is None:
            self.runs = (run, *self.runs)
        return run

    def choose(self, run: Run | None) -> None:
        """Look at another run, and at its newest preview."""
        self.epoch = None
        self.chosen = run

    def forget(self, run: Run) -> None:
        """Know a run no longer; its directory stays."""
        self.runs = tuple(other for other in self.runs if other is not run)
        if self.chosen is run:
            self.choose(self.runs[0] if self.runs else None)

    def follow(self, seconds: float) -> bool:
        """Read what is new, the chosen run's first, until all is read or so much time is over; returns whether more is.

        Time is looked at between chunks, so that a call takes a millisecond or two longer.
        """
        deadline = time.monotonic() + seconds
        more = False
        for run in sorted(self.runs, key=lambda run: run is not self.chosen):
            before = run.version
            while (unread := run.read()) and time.monotonic() < deadline:
                pass
            more = more or unread
            if run.version != before:
                self.advanced.emit(run)
        return more
