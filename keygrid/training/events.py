"""Events of a training, as values and as lines of JSON. Importing this imports no torch.

Each line of `events.jsonl` is an object with `event`, its kind, `time`, in seconds since 1970, and the attributes of
the class of that kind. Epochs and steps are counted from 1 as they begin. Readers skip unknown kinds and attributes, so
that later versions can add some.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

Values = Mapping[str, float]
"""Numbers by the name of a loss term or a metric."""

Rows = tuple[tuple[float, ...], ...]
"""A matrix."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a training.

    Attributes:
        time: seconds since 1970; 0 if unknown.
    """

    kind: ClassVar[str]

    time: float = 0.0

    def is_within(self, epoch: int, step: int) -> bool:  # noqa: ARG002
        """Return whether a training resumed after these epochs and steps keeps this event."""
        return True


@dataclass(frozen=True, kw_only=True)
class StartEvent(Event):
    """A process starts or resumes the training.

    Attributes:
        pid: process ID on `host`.
        host: the machine's name.
        epoch: epochs that were done before.
        step: steps that were done before.
        epochs: number of epochs in the whole training; 0 if unknown.
        steps: number of steps in the whole training; 0 if unknown.
        resumed: whether it resumes from a saved state.
    """

    kind = "start"

    pid: int
    host: str
    epoch: int = 0
    step: int = 0
    epochs: int = 0
    steps: int = 0
    resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class StepEvent(Event):
    """A step was done.

    Attributes:
        epoch: the current epoch.
        step: this one.
        losses: terms, before they are weighted.
        total: sum of the weighted terms.
        steps_per_second: of this process, so far.
        seconds_left: estimated, for the whole training.
        memory: bytes in use; 0 if unknown.
    """

    kind = "step"

    epoch: int = 0
    step: int
    losses: Values = field(default_factory=dict)
    total: float = math.nan
    steps_per_second: float = 0.0
    seconds_left: float = math.nan
    memory: int = 0

    def is_within(self, epoch: int, step: int) -> bool:  # noqa: ARG002
        return self.step <= step


@dataclass(frozen=True, kw_only=True)
class _OfEpoch(Event):
    epoch: int

    def is_within(self, epoch: int, step: int) -> bool:  # noqa: ARG002
        return self.epoch <= epoch


@dataclass(frozen=True, kw_only=True)
class EpochEvent(_OfEpoch):
    """An epoch was done.

    Attributes:
        epoch: this one.
        step: number of steps done; the epoch's number if unknown.
        train: mean losses of its steps.
        validation: mean losses on validation clouds.
        scores: metrics by key, if they were measured after this epoch.
        seconds: its duration.
    """

    kind = "epoch"

    step: int | None = None
    train: Values = field(default_factory=dict)
    validation: Values = field(default_factory=dict)
    scores: Values = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class CheckpointEvent(_OfEpoch):
    """A checkpoint was written.

    Attributes:
        epoch: the epoch after which it was written.
        step: steps that were done.
        file: path within the run's directory.
        best: whether it is the best checkpoint so far.
    """

    kind = "checkpoint"

    step: int = 0
    file: str
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class PreviewEvent(_OfEpoch):
    """Keypoints of one garment were found. K keypoints, E segments.

    Attributes:
        epoch: the epoch after which they were found.
        step: steps that were done.
        garment: a path as `keygrid.data.open_path` takes it, or a name where there is no file.
        frame: the garment's, if it moves.
        keypoints: K rows of 3, in the file's units.
        edges: E pairs of keypoint indices.
        strengths: E strengths of segments, in (0, 1).
    """

    kind = "preview"

    step: int = 0
    garment: str
    frame: int = 0
    keypoints: Rows
    edges: tuple[tuple[int, ...], ...]
    strengths: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PausedEvent(Event):
    """The training waits after a step."""

    kind = "paused"

    step: int = 0


@dataclass(frozen=True, kw_only=True)
class ResumedEvent(Event):
    """The training continues after a pause."""

    kind = "resumed"

    step: int = 0


@dataclass(frozen=True, kw_only=True)
class StopEvent(Event):
    """The training was stopped after a step, and can be resumed; `message` says how."""

    kind = "stop"

    step: int = 0
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class ErrorEvent(Event):
    """The training failed after a step; `message` says why."""

    kind = "error"

    step: int = 0
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class EndEvent(Event):
    """The training was completed."""

    kind = "end"

    step: int = 0


KINDS: dict[str, type[Event]] = {
    known.kind: known
    for known in (
        StartEvent, StepEvent, EpochEvent, CheckpointEvent, PreviewEvent, PausedEvent, ResumedEvent, StopEvent,
        ErrorEvent, EndEvent,
    )
}  # fmt: skip
"""Classes of events by kind."""


def to_json(event: Event) -> str:
    """Return the event as one line, without its end; what is empty, or not known, is left out."""
    values = {name: value for name, value in asdict(event).items() if value not in ({}, None)}
    return json.dumps({"event": event.kind, **values})


def from_json(line: str | bytes) -> Event | None:
    """Return the event of a line; None if it is damaged or of an unknown kind."""
    try:
        values = json.loads(line)
        kind = KINDS.get(values["event"])
        if kind is None:
            return None
        read = {
            name: convert(values[name])
            for name, convert in _CONVERTERS[kind].items()
            if values.get(name) is not None  # a default stands for null, too
        }
        return kind(**read)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def read_events(path: Path) -> list[Event]:
    """Return the events of a file, passing over lines that are damaged; none where there is no file."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [event for line in lines if (event := from_json(line)) is not None]


def _integer(found: Any) -> int:
    value = int(found)
    if abs(value) >= 2**63:
        raise OverflowError
    return value


def _values(found: Any) -> dict[str, float]:
    return {str(name): float(value) for name, value in found.items() if value is not None}


_TYPES: dict[Any, Callable[[Any], Any]] = {
    bool: bool,
    int: _integer,
    int | None: _integer,
    float: float,
    str: str,
    Values: _values,
    Rows: lambda rows: tuple(tuple(float(value) for value in row) for row in rows),
    tuple[tuple[int, ...], ...]: lambda rows: tuple(tuple(_integer(value) for value in row) for row in rows),
    tuple[float, ...]: lambda values: tuple(float(value) for value in values),
}

_CONVERTERS = {
    kind: {
        name: _TYPES[hint]
        for name, hint in get_type_hints(kind).items()
        if name != "kind"  # a class variable
    }
    for kind in KINDS.values()
}
