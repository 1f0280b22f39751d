"""Evaluation as the worker does it: cells, levels and progress come one after the other."""

import pickle
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from app.state.evaluation import Cell, Level, Options
from app.worker.evaluating import command_of, evaluate
from app.worker.protocol import Progress, WriteEvaluation
from keygrid.evaluation.disturbance import LEVELS
from keygrid.methods import open_method
from keygrid.work import Here
from tests.evaluation.test_metrics import folding


def test_cells_and_levels_come_as_they_are_found_with_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.worker.evaluating.open_executor", lambda _, on_report: nullcontext(Here(on_report)))
    methods = [open_method("farthest?k=2")]
    garment = replace(folding(frames=2), source=Path("sheet.npz"))
    parts: list[object] = []
    options = Options(every=1, curves=("missing",))
    evaluate(methods, [garment], options, lambda _: None, parts.append)
    (cell,) = (part for part in parts if isinstance(part, Cell))
    assert cell.garment == "sheet"
    found = pickle.loads(cell.content)
    assert cell.values == found.values["across"]
    worst = cell.worst["strict"]
    assert (worst.source, worst.motion) == (Path("sheet.npz"), "sheet")
    assert worst.value >= cell.values["strict"]
    assert cell.worst["coverage"].value >= cell.values["coverage"]
    assert cell.worst["consistency"].frame == 1, "it compares later frames with the first"
    levels = [level for part in parts if isinstance(part, list) for level in part]
    assert all(isinstance(level, Level) for level in levels)
    assert [level.level for level in levels] == list(LEVELS["missing"])
    told = [part for part in parts if isinstance(part, Progress)]
    assert told[-1] == Progress(4 * 5, 4 * 5)
    assert [part.done for part in told] == sorted(part.done for part in told)


def test_the_command_that_does_the_same_is_written_down() -> None:
    work = WriteEvaluation(
        Path("a b.html"), (open_method("still?k=3").id,), (Path("sheet.npz"),), Options("full", 2, ("noise",)), (), ()
    )
    wanted = "evaluate 'still?k=3' --data sheet.npz --split all --turn full --every 2 --curve noise --out 'a b.html'"
    assert command_of(work).endswith(wanted)
