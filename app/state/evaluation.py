"""An evaluation in the window: what is to be judged, how far it is, and what was found."""

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
"""Ways in which garments are seen worse, by key, as of `keygrid.evaluation.disturbance`."""

KINDS = {
    "right": "right", "sides": "left for right", "front_back": "front for back", "half_turn": "half turn",
    "layer": "other layer", "elsewhere": "elsewhere",
}  # fmt: skip
"""Kinds of places at which keypoints are found, by key, as of `keygrid.evaluation.confusion`."""

TITLES = {key: metric.short for key, metric in METRICS.items()} | MODULO
"""What is measured, by key, in the order of columns."""


@dataclass(frozen=True)
class Options:
    """Options of an evaluation: the way in which garments are shown.

    Attributes:
        turn: how frames are turned.
        every: of a motion, each how-manieth frame is judged.
        curves: ways in which they are seen worse as well, as of `CURVES`.
    """

    turn: Turn = "yaw"
    every: int = 4
    curves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sight:
    """The worst frame of a garment by one metric.

    Attributes:
        source: what its motion is read from; None if it can't be read again.
        motion: name of the motion.
        frame: counted from zero.
        value: there.
    """

    source: Path | None
    motion: str
    frame: int
    value: float


@dataclass(frozen=True, eq=False)
class Cell:
    """Measurements of one method on one garment, turned and across motions.

    Attributes:
        spec: the text that opens the method.
        garment: name of the garment, without its motion.
        values: by key, as of `TITLES`.
        kinds: share of keypoints by the kind of place where they are found.
        worst: the worst frame by each metric.
        content: the whole measurement, as the worker packed it, for a report.
    """

    spec: str
    garment: str
    values: Mapping[str, float]
    kinds: Mapping[str, float]
    worst: Mapping[str, Sight]
    content: bytes


@dataclass(frozen=True, eq=False)
class Level:
    """Mean errors of one method at one level of one way to see garments worse.

    Attributes:
        kind: a key of `CURVES`.
        level: how badly.
        method: its name in reports.
        values: by key.
    """

    kind: str
    level: float
    method: str
    values: Mapping[str, float]


@dataclass
class Evaluation:
    """Choices of an evaluation, and its results.

    Attributes:
        methods: texts that open the methods that are to be judged.
        garments: paths of the motions that are to be judged.
        options: how they are to be shown.
        running: whether an evaluation is under way.
        done: frames that were looked at.
        total: frames that will be.
        seconds_left: estimate of the time that it takes; None while it is not known.
        judged: the methods of which `cells` are, in their order.
        shown: the paths of the motions of which they are.
        ran: the options by which they were found; None before the first evaluation.
        cells: what was found, in the order in which it came.
        levels: of curves, likewise.
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
        """Return what was found of one method, garment after garment."""
        return [cell for cell in self.cells if cell.spec == method.id.spec]

    def mean(self, method: OpenMethod, key: str) -> float | None:
        """Return the mean of a metric over garments; None where it is not known."""
        values = [cell.values[key] for cell in self.of(method) if key in cell.values]
        return sum(values) / len(values) if values else None

    def interval(self, method: OpenMethod, key: str) -> Interval | None:
        """Return the mean of a metric over garments with its interval; None of fewer than two garments."""
        return interval([cell.values[key] for cell in self.of(method) if key in cell.values])

    @property
    def keys(self) -> list[str]:
        """Metrics that any of them has, in the order of columns."""
        return [key for key in TITLES if any(key in cell.values for cell in self.cells)]

    @property
    def complete(self) -> list[OpenMethod]:
        """The methods that were judged on all garments that any was judged on."""
        names = {cell.garment for cell in self.cells}
        return [method for method in self.judged if names and {cell.garment for cell in self.of(method)} == names]


def can_be_judged(garment: Garment) -> bool:
    """Return whether a garment is a surface that moves, which is what evaluation needs."""
    return garment.frame_count > 1 and not garment.is_cloud and garment.source is not None
