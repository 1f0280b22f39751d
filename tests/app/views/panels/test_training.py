"""The Training panel: a real window and runs that are written by hand, by mouse and keys."""

import json
import os
from pathlib import Path

import numpy as np
import pyqtgraph  # noqa: F401  # in the window it is imported by a thread, which has little time beside a test
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from app.views.panels.training import duration
from keygrid.training.terms import TERMS
from tests.app.conftest import click, press, turn_event_loop

SHIRT = Path(__file__).parents[4] / "assets" / "garments" / "unisex_shirt.ply"
LOSSES = {name: 0.1 * place for place, name in enumerate((*TERMS, *(f"further {n}" for n in range(5))), 1)}
START = {"event": "start", "pid": os.getpid(), "host": "elsewhere", "epoch": 0, "step": 0, "epochs": 4, "steps": 40}


@pytest.fixture(scope="module")
def shared(open_shared_window, tiny_checkpoint):
    window = open_shared_window(SHIRT, tiny_checkpoint, size=(1280, 800))
    window.set_theme("light")
    return window


@pytest.fixture
def window(shared, until):
    yield shared
    shared.runs.previewing = False
    for run in shared.runs.runs:
        shared.runs.forget(run)
    shared.notice.hide()
    shared.commands["training"].setChecked(False)
    until(lambda: not shared.worker.busy)


@pytest.fixture
def run(tmp_path, shared, shirt):
    """A run that something elsewhere writes."""
    directory = tmp_path / "shirt-k3"
    (directory / "checkpoints").mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps({"command": "", "training": {"epochs": 4}}))
    write(directory, START, preview(shirt, 0))
    return directory


def write(directory, *events):
    with (directory / "events.jsonl").open("a") as file:
        file.write("".join(json.dumps(event) + "\n" for event in events))


def step(number, losses=None):
    losses = losses or {"farthest": 1 / number, "similarity": 0.1 / number}
    return {
        "event": "step", "epoch": 1, "step": number, "losses": losses, "steps_per_second": 2.5, "seconds_left": 75,
        "memory": 5e8,
    }  # fmt: skip


def epoch(number, **scores):
    losses = {"farthest": 0.5, "similarity": 0.05}
    return {
        "event": "epoch", "epoch": number, "step": 10 * number, "train": losses, "validation": losses, "scores": scores
    }  # fmt: skip


def preview(shirt, number):
    keypoints = shirt.vertices[[100 * number, 1000 + number, 2000 + number]]
    return {
        "event": "preview", "epoch": number, "step": 10 * number, "garment": str(SHIRT), "frame": 0,
        "keypoints": keypoints.tolist(), "edges": [[0, 1], [0, 2], [1, 2]], "strengths": [0.9, 0.5, 0.1],
    }  # fmt: skip


def check(box):
    click(box, QPoint(8, box.height() // 2))


def follow(window, until, monkeypatch, directory):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(directory))
    press(window, "r")
    until(lambda: window.runs.chosen is not None and window.runs.chosen.version > 0)
    until(lambda: window.panel.curves is not None)
    return window.runs.chosen


def drawn(window):
    return window.viewport.scene.layers["keypoints"].positions


def test_the_panel_comes_and_goes_by_key_and_squeezes_nothing(window):
    before = window.viewport.size()
    assert not window.docks["Training"].isVisible()
    press(window, "t")
    turn_event_loop()
    assert window.panel.isVisible()
    assert window.table.visibleRegion().isEmpty(), "they share a place, as tabs"
    assert window.viewport.size() == before
    assert window.panel.visibleRegion().boundingRect().height() >= 500
    assert "New run" in window.panel.label.text()
    press(window, "t")
    assert not window.docks["Training"].isVisible()
    turn_event_loop()
    assert not window.table.visibleRegion().isEmpty()


def test_a_run_of_elsewhere_is_followed(window, until, monkeypatch, run, shirt):
    follow(window, until, monkeypatch, run)
    assert window.panel.isVisible()
    write(run, *(step(number) for number in range(1, 31)), epoch(1), epoch(2, tolerant=0.2, coverage=0.3))
    until(lambda: "step\u00a020" in window.panel.label.text())
    item = window.panel.list.topLevelItem(0)
    assert [item.text(0), item.text(1), item.data(2, Qt.ItemDataRole.DisplayRole)] == ["shirt-k3", "running", 50]
    text = window.panel.label.text().replace("\u00a0", " ")
    assert text == "epoch 3 of 4 · step 20 of 40 · 2.5 steps/s · 1 min 15 s left · 500 MB"
    losses, scores = window.panel.curves.losses, window.panel.curves.scores
    assert losses.lines.keys() == {
        f"{name}{kind}" for name in ("farthest", "similarity") for kind in ("", ", unsmoothed", ", dashed")
    }
    assert scores.isVisible()
    assert "coverage" in scores.legend.text()
    raw = losses.lines["farthest, unsmoothed"]
    np.testing.assert_allclose(raw.getOriginalDataset()[1], 1 / np.arange(1, 31))
    np.testing.assert_allclose(raw.getData()[1], np.log10(1 / np.arange(1, 31)))
    assert "coverage 0.300" in scores.legend.text()
    window.panel.smoothing.setFocus()
    QTest.keyClick(window.panel.smoothing, Qt.Key.Key_Home)
    assert losses.lines.keys() == {"farthest", "similarity", "farthest, dashed", "similarity, dashed"}
    check(window.panel.log)
    np.testing.assert_allclose(losses.lines["farthest"].getData()[1], 1 / np.arange(1, 31))
    check(window.panel.log)
    window.panel.smoothing.setValue(60)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_curves_are_legible_in_every_theme(window, until, monkeypatch, run, theme):
    follow(window, until, monkeypatch, run)
    write(run, *(step(number) for number in range(1, 9)))
    until(lambda: "farthest" in window.panel.curves.losses.lines)
    window.commands[f"theme_{theme}"].trigger()
    turn_event_loop()
    plot = window.panel.curves.losses
    background = plot.view.backgroundBrush().color()
    assert abs(background.lightness() - plot.palette().text().color().lightness()) > 150
    for line in plot.lines.values():
        if line.opts["pen"].color().alpha() == 255:
            assert abs(line.opts["pen"].color().lightness() - background.lightness()) > 60
    window.commands["theme_light"].trigger()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_seven_terms_are_told_apart_in_a_narrow_panel(window, until, monkeypatch, run, theme):
    follow(window, until, monkeypatch, run)
    window.commands[f"theme_{theme}"].trigger()
    until(lambda: window.panel.curves is not None)
    width = window.panel.minimumSizeHint().width()
    write(run, step(1, LOSSES))
    plot = window.panel.curves.losses
    until(lambda: plot.lines.keys() >= LOSSES.keys())
    assert plot.lines["apart"].scatter.isVisible(), "a single point is no line"
    write(run, step(2, LOSSES), epoch(1))
    until(lambda: not plot.lines["apart"].scatter.isVisible())
    assert len({plot.lines[name].opts["pen"].color().name() for name in LOSSES}) == len(LOSSES)
    assert all(name in plot.legend.text() for name in (*LOSSES, "dashed: validation"))
    assert window.panel.minimumSizeHint().width() == width
    window.commands["theme_light"].trigger()


@pytest.mark.parametrize("decades", [0.1, 0.7, 1.5, 3, 5])
@pytest.mark.parametrize("height", [60, 140, 300])
def test_numbers_of_a_logarithmic_axis_do_not_overlap(qapp, decades, height):
    from app.views.panels.curves import ROOM, _Axis

    ((_, marks),) = _Axis("left").logTickValues(-decades, 0.0, height, None)
    assert (np.diff(marks) * height / decades >= min(ROOM, height / decades) - 1e-9).all()
    assert 0.0 in marks


def test_a_preview_takes_the_place_of_the_prediction_and_moves(window, until, monkeypatch, run, shirt):
    chosen = follow(window, until, monkeypatch, run)
    until(lambda: chosen.preview() is not None)
    prediction = window.document.prediction
    bar = window.panel.preview
    check(bar.box)
    np.testing.assert_allclose(drawn(window), preview(shirt, 0)["keypoints"])
    layers = window.viewport.scene.layers
    assert [layers[name].visible for name in ("keypoints", "skeleton", "slice")] == [True, True, False]
    assert window.table.model().rowCount() == 3
    assert window.table.model().index(0, 5).data() == "–"
    assert "shirt-k3 after epoch 0" in window.status.label.text()
    window.commands["save"].trigger()
    assert "Previews can't be saved" in window.notice.label.text()
    write(run, epoch(1), preview(shirt, 1), epoch(2), preview(shirt, 2))
    until(lambda: np.allclose(drawn(window), preview(shirt, 2)["keypoints"]))
    assert bar.label.text() == "after epoch 2, live"
    bar.slider.setFocus()
    QTest.keyClick(bar.slider, Qt.Key.Key_Left)
    np.testing.assert_allclose(drawn(window), preview(shirt, 1)["keypoints"])
    write(run, epoch(3), preview(shirt, 3))
    until(lambda: len(chosen.history.previews) == 4)
    np.testing.assert_allclose(drawn(window), preview(shirt, 1)["keypoints"])
    assert bar.label.text() == "after epoch 1"
    assert not window.commands["open_checkpoint"].isEnabled(), "none was kept of that epoch"
    QTest.keyClick(bar.slider, Qt.Key.Key_End)
    np.testing.assert_allclose(drawn(window), preview(shirt, 3)["keypoints"])
    check(bar.box)
    assert window.document.prediction is prediction
    np.testing.assert_allclose(drawn(window), prediction.keypoints)
    assert window.table.model().rowCount() == len(prediction.keypoints)


def test_a_preview_opens_its_garment_and_goes_to_its_frame(window, until, monkeypatch, run, shirt):
    fold = SHIRT.parent / "trousers-06-fold-half.npz"
    write(run, preview(shirt, 1) | {"garment": str(fold), "frame": 7})
    follow(window, until, monkeypatch, run)
    check(window.panel.preview.box)
    until(lambda: window.document.garment.source == fold)
    assert window.document.frame == 7
    np.testing.assert_allclose(drawn(window), preview(shirt, 1)["keypoints"])
    assert not window.viewport.scene.layers["trails"].visible
    press(window, ".", Qt.KeyboardModifier.NoModifier)
    assert window.document.frame == 8
    assert window.document.shown is window.document.prediction
    press(window, ",", Qt.KeyboardModifier.NoModifier)
    assert window.document.shown is window.document.preview
    check(window.panel.preview.box)
    window.commands["close"].trigger()
    until(lambda: window.document.prediction is not None)


def test_the_checkpoint_of_a_run_opens_in_the_document(window, until, monkeypatch, run, tiny_checkpoint):
    best = run / "checkpoints" / "best.safetensors"
    best.write_bytes(tiny_checkpoint.read_bytes())
    write(run, epoch(1))
    follow(window, until, monkeypatch, run)
    until(window.commands["open_checkpoint"].isEnabled)
    click(window.panel.checkpoint_button)
    until(lambda: window.document.method.id.path == best)
    titles = [window.library.methods.item(row).text() for row in range(window.library.methods.count())]
    assert "shirt-k3, best (K=4, T-shirt)" in titles
    until(lambda: "by shirt-k3, best in" in window.status.label.text())
    window.document.choose(method=window.document.methods[0])
    until(lambda: window.document.prediction is not None)


def test_a_folder_without_a_run_is_told(window, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path))
    press(window, "r")
    assert "holds no training run" in window.notice.label.text()
    assert not window.runs.runs


def test_times_are_told_to_two_units():
    assert [duration(seconds) for seconds in (5.2, 75, 3600, 100_000)] == ["5 s", "1 min 15 s", "1 h 0 min", "1 d 3 h"]
