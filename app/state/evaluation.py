"""An evaluation in the window: its choices, progress and results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, get_args

from psygnal import SignalGroupDescriptor

from app.state.document import OpenMethod
from keygrid.data.garment import Garment
from keygrid.evaluation.metrics import METRICS, MODULO
from keygrid.evaluation.statistics import Interval, interval

Turn = Literal["yaw", "none", "full"]
TURNS: tuple[Turn, ...] = get_args(Turn)

CURVES = {"noise": "Noise", "points": "Fewer points", "missing": "Missing parts", "camera": "One camera"}
"""Titles of disturbances, by their keys in `keygrid.evaluation.disturbance`."""

KINDS = {
    "right": "right", "sides": "left for right", "front_back": "front for back", "half_turn": "half turn",
    "layer": "other layer", "elsewhere": "elsewhere",
}  # fmt: skip
"""Titles of the kinds of places at which keypoints are found, by their keys in `keygrid.evaluation.confusion`."""

TITLES = {key: metric.short for key, metric in METRICS.items()} | MODULO
"""Titles of the metrics, by key, in the order of columns."""


@dataclass(frozen=True)
class Options:
    """Options of an evaluation: how garments are shown to methods.

    Attributes:
        turn: how frames are turned.
        every: one frame in this many is judged.
        curves: keys in `CURVES` of the disturbances to judge, too.
    """

    turn: Turn = "yaw"
    every: int = 4
    curves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sight:
    """The worst frame of a garment by one metric.

    Attributes:
        source: file of the motion; None if it can't be read again.
        motion: name of the motion.
        frame: index of the frame, from zero.
        value: value of the metric in this frame.
    """

    source: Path | None
    motion: str
    frame: int
    value: float


@dataclass(frozen=True, eq=False)
class Cell:
    """Measurements of one method on one garment, turned and across motions.

    Attributes:
        spec: specification of the method, as `open_method` takes it.
        garment: name of the garment, without its motion.
        values: values of the metrics, by their keys in `TITLES`.
        kinds: share of keypoints found at each kind of place.
        worst: the worst frame by each metric.
        content: the complete measurement, as the worker packed it, for a report.
    """

    spec: str
    garment: str
    values: Mapping[str, float]
    kinds: Mapping[str, float]
    worst: Mapping[str, Sight]
    content: bytes


@dataclass(frozen=True, eq=False)
class Level:
    """Mean errors of one method at one level of a disturbance.

    Attributes:
        kind: a key of `CURVES`.
        level: strength of the disturbance.
        method: name of the method in reports.
        values: values of the metrics, by key.
    """

    kind: str
    level: float
    method: str
    values: Mapping[str, float]


@dataclass
class Evaluation:
    """Choices of an evaluation, and its results.

    Attributes:
        methods: specifications of the methods to judge.
        garments: paths of the motions to judge.
        options: how garments are shown to methods.
        running: whether an evaluation is under way.
        done: number of frames judged so far.
        total: number of frames to judge.
        seconds_left: estimated remaining time; None if unknown.
        judged: methods of the current results, in order.
        shown: paths of the motions of the current results.
        ran: options of the current results; None before the first evaluation.
        cells: results, in the order of arrival.
        levels: results under disturbances, in the order of arrival.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    methods: frozenset[str] = frozenset()
    garments: frozenset[Path] = frozenset()
    options: Options = field(default_factory=Options)
    running: bool = False
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    judged: tuple[OpenMethod, ...] = ()
    shown: tuple[Path, ...] = ()
    ran: Options | None = None
    cells: tuple[Cell, ...] = ()
    levels: tuple[Level, ...] = ()

    def of(self, method: OpenMethod) -> list[Cell]:
        """Return the results of one method, by garment."""
        return [cell for cell in self.cells if cell.spec == method.id.spec]

    def mean(self, method: OpenMethod, key: str) -> float | None:
        """Return the mean of a metric over garments; None if unknown."""
        values = [cell.values[key] for cell in self.of(method) if key in cell.values]
        return sum(values) / len(values) if values else None

    def interval(self, method: OpenMethod, key: str) -> Interval | None:
        """Return the mean of a metric over garments with its interval; None for fewer than two garments."""
        return interval([cell.values[key] for cell in self.of(method) if key in cell.values])

    @property
    def keys(self) -> list[str]:
        """Metrics that any result has, in the order of columns."""
        return [key for key in TITLES if any(key in cell.values for cell in self.cells)]

    @property
    def complete(self) -> list[OpenMethod]:
        """Methods that have a result for every garment that any method has a result for."""
        names = {cell.garment for cell in self.cells}
        return [method for method in self.judged if names and {cell.garment for cell in self.of(method)} == names]


def can_be_judged(garment: Garment) -> bool:
    """Return whether a garment can be evaluated: it must be a surface that moves."""
    return garment.frame_count > 1 and not garment.is_cloud and garment.source is not None
