"""Evaluation in the worker: scores methods on garments in several processes, and writes reports."""

import pickle
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from app.state.evaluation import Cell, Level, Options, Sight
from app.worker.protocol import Progress, WriteEvaluation
from keygrid.data.garment import Garment
from keygrid.evaluation.confusion import KINDS
from keygrid.evaluation.curves import Point, able_to, each_level
from keygrid.evaluation.disturbance import LEVELS, Kind
from keygrid.evaluation.protocol import Found, Judged, Protocol, frames_to_judge, groups_of, judge_each
from keygrid.evaluation.report import Report, write
from keygrid.installation import COMMAND
from keygrid.methods import Method
from keygrid.work import CrashedError, default_workers, open_executor

BETWEEN = 0.1
"""Seconds between two reports of progress."""


class Counter:
    """Counts frames in any thread, and reports progress now and then.

    Args:
        total: number of frames to count.
        give: receives `Progress`.
    """

    def __init__(self, total: int, give: Callable[[object], None]) -> None:
        self._total, self._give, self._lock = total, give, Lock()
        self._done, self._told = 0, 0.0

    def count(self, *_: object) -> None:
        """Count one frame."""
        with self._lock:
            self._done += 1
            now = time.monotonic()
            due = now - self._told >= BETWEEN or self._done == self._total
            if due:
                self._told = now
        if due:
            self._give(Progress(self._done, self._total))


def evaluate(
    methods: Sequence[Method],
    garments: Sequence[Garment],
    options: Options,
    enter: Callable[[str], None],
    give: Callable[[object], None],
) -> None:
    """Score methods on moving garments.

    Args:
        methods: the methods.
        garments: their motions.
        options: how garments are shown to the methods.
        enter: receives a sentence at the beginning of each stage.
        give: receives `Progress`, a `Cell` for each method and garment, a message for each garment whose process ended,
            and lists of `Level`.

    Raises:
        KeygridError: none of the garments is a surface that moves.
    """
    protocol, kinds = protocol_of(options, methods), kinds_of(options)
    frames = frames_to_judge(garments, options.every)
    levels = sum(len(LEVELS[kind]) * len(able_to(kind, methods)) for kind in kinds)
    counter = Counter(frames * (len(methods) + levels), give)
    # One core is left to the window, and the user waits for the rest: they have no lower priority.
    workers = min(max(default_workers() - 1, 1), len(methods) * len(groups_of(garments)))
    with open_executor(workers, on_report=counter.count) as executor:
        enter("Evaluating methods")
        for index, name, found in judge_each(methods, garments, protocol, executor):
            if isinstance(found, CrashedError):
                give(f"{methods[index].id.title} can't be scored on {name}: {found}")
            else:
                give(_cell(methods[index], name, found))
        enter("Evaluating methods on noisy and incomplete garments")
        for points in each_level(methods, garments, protocol, kinds, executor):
            give([Level(point.kind, point.level, point.method, point.values) for point in points])


def protocol_of(options: Options, methods: Sequence[Method]) -> Protocol:
    """Return the protocol that `main.py evaluate` uses for the same options and methods."""
    remeshed = any(method.needs_surface for method in methods)
    return Protocol(options.turn, "cloth" if remeshed else "none", every=options.every)


def kinds_of(options: Options) -> list[Kind]:
    """Return the disturbances to evaluate."""
    return [kind for kind in LEVELS if kind in options.curves]


def write_evaluation(work: WriteEvaluation, methods: Sequence[Method]) -> Path:
    """Write the report that `main.py evaluate --out` writes.

    Args:
        work: the results, and the path.
        methods: the evaluated methods.

    Raises:
        KeygridError: the path's ending is unknown, or the file can't be written.
    """
    judged = [
        Judged(method.id, {cell.garment: pickle.loads(cell.content) for cell in work.cells if cell.spec == known.spec})
        for method, known in zip(methods, work.methods, strict=True)
    ]
    points = [Point(kind, one.level, one.method, dict(one.values)) for one in work.levels for kind in _kind(one.kind)]
    write(Report(judged, protocol_of(work.options, methods), points, command_of(work)), work.path)
    return work.path


def command_of(work: WriteEvaluation) -> str:
    """Return the equivalent command."""
    words = [*COMMAND, "evaluate", *(method.spec for method in work.methods), "--data", *map(str, work.garments)]
    words += ["--split", "all", "--turn", work.options.turn, "--every", str(work.options.every)]
    for kind in kinds_of(work.options):
        words += ["--curve", kind]
    return shlex.join([*words, "--out", str(work.path)])


def _kind(name: str) -> list[Kind]:
    return [kind for kind in LEVELS if kind == name]


def _cell(method: Method, name: str, found: Found) -> Cell:
    worst = {key: Sight(one.source, one.motion, one.frame, one.value) for key, one in found.worst_of.items()}
    kinds = dict(zip(KINDS, found.confusion.mean(axis=0).tolist(), strict=True))
    return Cell(method.id.spec, name, found.values["across"], kinds, worst, pickle.dumps(found))
