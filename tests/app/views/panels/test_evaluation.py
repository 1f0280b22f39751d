"""Evaluation in the window: real clicks, a real worker with processes of its own, and the report of the command."""

import json
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QToolButton

from app.main_window import MainWindow
from app.state.evaluation import CURVES, KINDS, TITLES, Cell, Evaluation, Level, Options, Sight
from app.views.panels.evaluation import WHAT, garments_to_test
from app.views.panels.scores import INTERVAL
from keygrid.data.collection import Entry
from keygrid.data.readers import read_garment
from keygrid.data.readers.sequence import write_sequence
from keygrid.evaluation import confusion, disturbance
from keygrid.evaluation.protocol import Protocol, judge
from keygrid.methods import open_method
from tests.app.conftest import CONTROL, SHIFT, OpenWindow, Until, click, turn_event_loop
from tests.evaluation.test_metrics import folding

METHODS = ("farthest?k=2", "still?k=2")


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two garments, one of them in two motions."""
    folder = tmp_path_factory.mktemp("sheets")
    first = folding(frames=2)
    garments = {
        "sheet-up": first,
        "sheet-down": replace(first, frames=first.frames[::-1].copy()),
        "other-up": replace(first, faces=first.faces[::-1].copy()),
    }
    for name, garment in garments.items():
        write_sequence(replace(garment, name=name), folder / f"{name}.npz")
    return [folder / f"{name}.npz" for name in garments]


@pytest.fixture(scope="module")
def window(open_shared_window: OpenWindow, sheets: list[Path], until: Until) -> MainWindow:
    window = open_shared_window(*sheets, size=(1200, 800))
    window.opening.open_methods(METHODS)
    until(lambda: len(window.document.methods) == len(METHODS))
    window.document.choose(method=method(window, "farthest"))
    until(lambda: not window.worker.busy)
    window.evaluating.start()  # the process that judges is there before the first test
    assert "Choose at least one method and one garment" in window.notice.label.text()
    window.state.evaluation.methods = frozenset([method(window, "still").id.spec])
    window.state.evaluation.garments = frozenset(sheets[2:])
    window.evaluating.start()
    window.evaluating.cancel()
    window.state.evaluation.garments = window.state.evaluation.methods = frozenset()
    return window


@pytest.fixture(autouse=True)
def _quiet(window: MainWindow) -> None:
    window.notice.hide()


def method(window: MainWindow, name: str):
    return next(known for known in window.document.methods if known.id.spec.startswith(name))


def button(window: MainWindow, title: str) -> QToolButton:
    return next(one for one in window.evaluation_panel.findChildren(QToolButton) if one.text() == title)


def tick(window: MainWindow, title: str) -> None:
    """Click the box of a method or garment."""
    choice = window.evaluation_panel.choice
    (item,) = choice.findItems(title, Qt.MatchFlag.MatchStartsWith | Qt.MatchFlag.MatchRecursive)
    choice.scrollToItem(item)
    place = choice.visualItemRect(item)
    click(choice.viewport(), QPoint(place.left() + 8, place.center().y()))
    turn_event_loop()


def test_methods_are_scored_and_a_click_shows_the_worst_frame(
    window: MainWindow, until: Until, sheets: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation, panel = window.state.evaluation, window.evaluation_panel
    QTest.keyClick(window, Qt.Key.Key_V, CONTROL | SHIFT)
    turn_event_loop()
    assert panel.isVisible()
    assert evaluation.garments == frozenset(sheets), "what is open and moves is chosen first"
    tick(window, method(window, "still").title)
    assert evaluation.methods == set(METHODS)
    panel.every.setValue(1)
    assert evaluation.options == Options(every=1)
    click(button(window, "Evaluate"))
    assert button(window, "Cancel").isEnabled()
    until(lambda: not evaluation.running)
    assert evaluation.done == evaluation.total == 2 * 6 * 2

    wanted = judge(
        [open_method(spec) for spec in METHODS], [read_garment(path) for path in sorted(sheets)], Protocol(every=1)
    )
    for one in wanted:
        for name, values in one.garments.items():
            (cell,) = (c for c in evaluation.cells if c.garment == name and c.spec == one.method.spec)
            assert cell.values == pytest.approx(values["across"])
    turn_event_loop()
    table = panel.scores
    top = table.scores.index(0, 0)
    strict = table.scores.index(0, 1)
    assert (table.scores.rowCount(top), strict.data()) == (2, f"{wanted[0].mean['across']['strict']:.3f}")
    assert strict.data(INTERVAL).startswith("[")
    assert [table.scores.index(row, 0, top).data() for row in range(2)] == ["other-up", "sheet"]
    assert panel.kinds.rows.rowCount() == 2
    shares = [panel.kinds.rows.columns[i].value(panel.kinds.rows.rows, 0) for i in range(1, 1 + len(KINDS))]
    assert sum(shares) == pytest.approx(1)

    table.expandAll()
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert table.sorted.index(0, 1).data() == max(table.scores.index(row, 1).data() for row in range(2))
    other = table.scores.index(table.scores.methods.index(method(window, "still")), 0)
    place = table.sorted.mapFromSource(table.scores.index(1, 1, other))
    table.scrollTo(place)
    sight = next(c.worst["strict"] for c in evaluation.cells if c.spec.startswith("still") and c.garment == "sheet")
    click(table.viewport(), table.visualRect(place).center())
    until(lambda: window.document.method is method(window, "still"))
    assert (window.document.garment.source, window.document.frame) == (sight.source, sight.frame)

    for ending in ("json", "html"):
        path = tmp_path / f"report.{ending}"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (str(path), ""))
        click(button(window, "Save report"))
        until(path.exists)
        until(lambda: not window.worker.busy)
    report = json.loads((tmp_path / "report.json").read_text())
    assert [one["name"] for one in report["methods"]] == [one.name for one in wanted]
    assert report["methods"][0]["mean"]["across"] == pytest.approx(wanted[0].mean["across"])
    assert "--turn yaw --every 1 --out" in report["command"]
    assert "Worst frames" in (tmp_path / "report.html").read_text()

    window.evaluating.save_report(tmp_path / "report.xls")
    until(lambda: "must end in one of .json" in window.notice.label.text())


def test_cancel_ends_it_at_once_and_what_was_found_stays(window: MainWindow, until: Until, sheets: list[Path]) -> None:
    evaluation = window.state.evaluation
    evaluation.methods = frozenset(METHODS)
    window.evaluation_panel.curves.menu().actions()[2].trigger()
    assert evaluation.options.curves == ("missing",)
    window.commands["evaluate"].trigger()
    until(lambda: evaluation.cells)
    window.commands["cancel_evaluation"].trigger()
    assert not evaluation.running
    found = evaluation.cells
    judging = [child for child in psutil.Process().children(recursive=True) if "spawn" in " ".join(_command(child))]
    until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in judging))
    assert evaluation.cells == found
    turn_event_loop()
    assert "Cancelled before the end" in window.evaluation_panel.label.text()
    assert not window.notice.isVisible()
    window.evaluation_panel.curves.menu().actions()[2].trigger()
    evaluation.methods, evaluation.garments = frozenset(METHODS[:1]), frozenset(sheets[2:])
    window.commands["evaluate"].trigger()
    until(lambda: not evaluation.running)
    assert [cell.garment for cell in evaluation.cells] == ["other-up"], "and it can begin again"


def test_a_frame_of_a_garment_that_is_closed_is_opened_again(
    window: MainWindow, until: Until, sheets: list[Path]
) -> None:
    document = window.document
    document.close_garment(next(garment for garment in document.garments if garment.source == sheets[2]))
    window.evaluating.show(method(window, "farthest"), Sight(sheets[2], "other-up", 1, 0.5))
    until(lambda: document.garment is not None and document.garment.source == sheets[2])
    assert document.frame == 1
    window.evaluating.show(method(window, "farthest"), Sight(None, "made", 0, 0.5))
    assert "can't be opened again" in window.notice.label.text()


def test_a_report_of_nothing_is_refused(window: MainWindow, tmp_path: Path) -> None:
    cells, window.state.evaluation.cells = window.state.evaluation.cells, ()
    window.evaluating.save_report(tmp_path / "report.html")
    assert "nothing to report yet" in window.notice.label.text()
    window.state.evaluation.cells = cells


def test_curves_are_drawn_by_kind_with_a_line_for_each_method(window: MainWindow) -> None:
    evaluation, panel = window.state.evaluation, window.evaluation_panel
    levels = [Level("points", level, name, {"strict": level / 1e4}) for name in METHODS for level in (2048, 128)]
    evaluation.levels = tuple(levels)
    turn_event_loop()
    panel.tabs.setCurrentWidget(panel.levels)
    assert set(panel.levels.plots["points"].lines) == set(METHODS)
    assert panel.levels.plots["points"].lines[METHODS[0]].getData()[0].tolist() == [128, 2048]
    evaluation.levels = ()
    turn_event_loop()
    assert not panel.levels.label.isHidden()
    panel.tabs.setCurrentWidget(panel.scores)


def test_names_of_kinds_and_curves_are_those_of_the_library() -> None:
    assert tuple(KINDS) == confusion.KINDS
    assert tuple(CURVES) == tuple(disturbance.LEVELS)


def test_shipped_garments_of_the_test_split_are_listed_with_their_motions(window: MainWindow, until: Until) -> None:
    until(lambda: window.shelf.shipped)
    found = garments_to_test(window.shelf.shipped)
    assert len(found["tshirt-09"]) == 6
    assert garments_to_test([Entry("a-1-drop", Path("a"), split="train")]) == {}
    choice = window.evaluation_panel.choice
    (item,) = choice.findItems("vest-06", Qt.MatchFlag.MatchStartsWith | Qt.MatchFlag.MatchRecursive)
    paths = item.data(0, WHAT)
    assert len(paths) == 3
    tick(window, "vest-06")
    assert window.state.evaluation.garments >= set(paths)
    tick(window, "vest-06")
    assert not window.state.evaluation.garments & set(paths)


def test_means_are_over_garments_and_only_complete_methods_are_reported(window: MainWindow) -> None:
    first, second = method(window, "farthest"), method(window, "still")
    cells = tuple(
        Cell(known.id.spec, name, {"strict": value}, {}, {}, b"")
        for known, name, value in ((first, "a", 0.1), (first, "b", 0.3), (second, "a", 0.2))
    )
    evaluation = Evaluation(judged=(first, second), cells=cells)
    assert evaluation.mean(first, "strict") == pytest.approx(0.2)
    assert evaluation.mean(first, "coverage") is None
    assert evaluation.interval(first, "strict").garments == 2
    assert evaluation.interval(second, "strict") is None
    assert evaluation.complete == [first]
    assert evaluation.keys == ["strict"]
    assert TITLES.keys() >= {"strict", "flips"}


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
