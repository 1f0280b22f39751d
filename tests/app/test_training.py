"""The Training panel: a real window, runs that are written by hand or by a real trainer, real mouse and keys."""

import json
import os
import signal
import socket
from pathlib import Path

import numpy as np
import pyqtgraph  # noqa: F401  # in the window it is imported by a thread, which has little time beside a test
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QMessageBox

from app.controllers.follower import Follower
from app.main_window import MainWindow
from app.state.runs import State
from app.views.dialogs.new_run import NewRunDialog, with_key
from app.views.panels.training import duration, summary
from keygrid.training.config import preset
from keygrid.training.options import Knob, knobs
from keygrid.training.terms import TERMS

SHIRT = Path(__file__).parents[2] / "assets" / "garments" / "unisex_shirt.ply"
LOSSES = {name: 0.1 * place for place, name in enumerate((*TERMS, *(f"further {n}" for n in range(5))), 1)}
START = {"event": "start", "pid": os.getpid(), "host": "elsewhere", "epoch": 0, "step": 0, "epochs": 4, "steps": 40}


def opened(until, *checkpoint):
    QApplication.setStyle("Fusion")
    window = MainWindow()
    window.set_theme("light")
    window.resize(1280, 800)
    window.show()
    window.activateWindow()
    window.open([SHIRT, *checkpoint])
    until(lambda: window.document.garment is not None and not window.worker.busy)
    return window


def dispose(window):
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="module")
def shared(qapp, until, tiny_checkpoint):
    window = opened(until, tiny_checkpoint)
    yield window
    dispose(window)


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


def click(widget, place=None):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or widget.rect().center())


def press(window, key, modifiers=Qt.KeyboardModifier.ControlModifier):
    window.activateWindow()
    QTest.keyClick(window, key, modifiers)


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
    QTest.qWait(50)
    assert window.panel.isVisible()
    assert window.table.visibleRegion().isEmpty(), "they share a place, as tabs"
    assert window.viewport.size() == before
    assert window.panel.visibleRegion().boundingRect().height() >= 500
    assert "New run" in window.panel.label.text()
    press(window, "t")
    assert not window.docks["Training"].isVisible()
    QTest.qWait(50)
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
    assert losses._lines.keys() == {
        f"{name}{kind}" for name in ("farthest", "similarity") for kind in ("", ", as it is", ", dashed")
    }
    assert scores.isVisible()
    assert "coverage" in scores._legend.text()
    raw = losses._lines["farthest, as it is"]
    np.testing.assert_allclose(raw.getOriginalDataset()[1], 1 / np.arange(1, 31))
    np.testing.assert_allclose(raw.getData()[1], np.log10(1 / np.arange(1, 31)))
    assert "coverage 0.300" in scores._legend.text()
    window.panel.smoothing.setFocus()
    QTest.keyClick(window.panel.smoothing, Qt.Key.Key_Home)
    assert losses._lines.keys() == {"farthest", "similarity", "farthest, dashed", "similarity, dashed"}
    check(window.panel.log)
    np.testing.assert_allclose(losses._lines["farthest"].getData()[1], 1 / np.arange(1, 31))
    check(window.panel.log)
    window.panel.smoothing.setValue(60)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_curves_are_legible_in_every_theme(window, until, monkeypatch, run, theme):
    follow(window, until, monkeypatch, run)
    write(run, *(step(number) for number in range(1, 9)))
    until(lambda: "farthest" in window.panel.curves.losses._lines)
    window.commands[f"theme_{theme}"].trigger()
    QTest.qWait(50)
    plot = window.panel.curves.losses
    background = plot._view.backgroundBrush().color()
    assert abs(background.lightness() - plot.palette().text().color().lightness()) > 150
    for line in plot._lines.values():
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
    until(lambda: plot._lines.keys() >= LOSSES.keys())
    assert plot._lines["apart"].scatter.isVisible(), "a single point is no line"
    write(run, step(2, LOSSES), epoch(1))
    until(lambda: not plot._lines["apart"].scatter.isVisible())
    assert len({plot._lines[name].opts["pen"].color().name() for name in LOSSES}) == len(LOSSES)
    assert all(name in plot._legend.text() for name in (*LOSSES, "dashed: validation"))
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
    assert "preview can't be saved" in window.notice.label.text()
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
    click(window.panel._checkpoint)
    until(lambda: window.document.method.id.path == best)
    titles = [window.library.methods.item(row).text() for row in range(window.library.methods.count())]
    assert "shirt-k3, best (K=4, T-shirt)" in titles
    until(lambda: "by shirt-k3, best in" in window.status.label.text())
    window.document.choose(method=window.document.methods[0])
    until(lambda: window.document.prediction is not None)


def test_a_folder_without_a_run_is_told(window, monkeypatch, tmp_path):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path))
    press(window, "r")
    assert "holds no run" in window.notice.label.text()
    assert not window.runs.runs


def form(window):
    press(window, "n")
    dialogs = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, NewRunDialog)]
    return next(dialog for dialog in dialogs if dialog.isVisible())


def test_the_form_tells_what_is_wrong_beside_its_field(window, run):
    dialog = form(window)
    titles = [label.text() for label in dialog.findChildren(QLabel) if label.buddy()] + [dialog.start_button.text()]
    keys = [title[title.index("&") + 1].lower() for title in titles if "&" in title]
    assert len(keys) == len(set(keys)), "Alt and a letter lead to one field"
    dialog.fields["category"].setCurrentText("All categories")
    assert dialog._run.text().endswith("garments-k8-released-1")
    assert dialog.fields["category"].findText("Dress") > 0
    dialog.fields["keypoints"].setValue(6)
    dialog.fields["category"].setCurrentText("Dress")
    assert dialog._run.text().endswith("dress-k6-released-1")
    dialog._run.selectAll()
    QTest.keyClicks(dialog._run, str(run))
    QTest.keyClicks(dialog.fields["others"], '--points "64')
    click(dialog.start_button)
    told = {name: label.text() for name, label in dialog.problems.items() if label.isVisible()}
    assert told.keys() == {"run", "others"}
    assert "holds a run already" in told["run"]
    assert dialog.isVisible()
    dialog.fields["others"].clear()
    dialog._run.setText(str(run / "config.json" / "new"))
    click(dialog.start_button)
    assert dialog.failure.isVisible()
    assert "can't be made" in dialog.failure.text()
    assert not window.runs.runs
    QTest.keyClick(dialog, Qt.Key.Key_Escape)


def test_a_preset_brings_its_own_numbers(window):
    dialog = form(window)
    assert shown(dialog) == ("released", 100, 8, 45, False)
    dialog.fields["preset"].setFocus()
    QTest.keyClick(dialog.fields["preset"], Qt.Key.Key_End)
    ours = preset("keygrid", 8)
    assert shown(dialog)[:3] == ("keygrid", ours.epochs, ours.batch)
    varied = dialog.value().options.data
    for name in ("rotate", "deform", "scale", "noise", "drop", "mirror"):
        assert getattr(varied, name) == getattr(ours.augmentation, name)
    assert "keygrid" in dialog.value().run.name
    dialog.reject()


def shown(dialog):
    options = dialog.value().options
    course, data = options.course, options.data
    return options.network.preset, course.epochs, course.batch, data.rotate, data.mirror


def test_an_option_with_a_knob_is_in_the_form(window, monkeypatch):
    toys = {**knobs(), "patience": Knob("Patience", most=9, name="patience", group="course", kind=int, help="Wait.")}
    monkeypatch.setattr("app.views.dialogs.new_run.knobs", lambda: toys)
    dialog = form(window)
    assert dialog.fields["patience"].toolTip() == "Wait."
    dialog.fields["patience"].setValue(3)
    assert dialog.value().options.course.patience == 3
    dialog.reject()


def test_letters_of_titles_are_taken_once():
    taken = {"e"}
    assert [with_key(title, taken) for title in ("Epochs", "Po", "Po", "Po")] == ["E&pochs", "P&o", "Po", "Po"]


def begin(window, directory, others, epochs=1000):
    """Start a run on the open shirt by the form."""
    dialog = form(window)
    dialog._data.setCurrentIndex(dialog._data.findText("unisex_shirt"))
    dialog.fields["epochs"].setValue(epochs)
    dialog.fields["batch"].setValue(2)
    QTest.keyClicks(dialog.fields["others"], others)
    dialog._run.selectAll()
    QTest.keyClicks(dialog._run, str(directory))
    click(dialog.start_button)
    assert dialog.result() == QDialog.DialogCode.Accepted
    return window.runs.chosen


def button(window, name):
    panel = window.panel
    return next(b for b in panel.findChildren(type(panel._checkpoint)) if b.defaultAction() is window.commands[name])


def answer(window, text):
    box = next(widget for widget in window.findChildren(QMessageBox) if widget.isVisible())
    click(next(b for b in box.buttons() if b.text().replace("&", "") == text))


def test_a_run_that_can_t_start_says_why(window, until, tmp_path):
    run = begin(window, tmp_path / "bad", "--colour blue")
    until(lambda: run.state is State.FAILED)
    until(lambda: run.message == window.panel.label.text())
    assert "--colour" in window.panel.label.text()
    assert window.panel.list.topLevelItem(0).text(1) == "failed"
    assert not window.training.unfinished


def test_a_run_is_started_paused_resumed_and_stopped_and_closing_asks(qapp, until, tmp_path):
    window = opened(until)
    run = begin(window, tmp_path / "run", "--points 64 --epoch-size 4")
    assert run.state is State.STARTING
    until(lambda: run.history.step > 2 and window.panel.curves is not None)
    assert run.history.host == socket.gethostname()
    assert os.getsid(run.process) != os.getsid(0), "it must not end with the window's terminal"
    assert os.getpriority(os.PRIO_PROCESS, run.process) >= 10
    until(lambda: "farthest" in window.panel.curves.losses._lines)
    until(window.commands["pause_run"].isEnabled)
    click(button(window, "pause_run"))
    until(lambda: run.state is State.PAUSED and window.commands["resume_run"].isEnabled())
    waiting = run.history.step
    QTest.qWait(600)
    assert run.history.step == waiting
    press(window, "r", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    until(lambda: run.history.step > waiting)

    assert not window.close()
    answer(window, "Cancel")
    assert window.isVisible()
    until(window.commands["stop_run"].isEnabled)
    press(window, ".")
    until(lambda: run.state is State.STOPPED and window.commands["resume_run"].isEnabled())
    process, done = run.process, run.history.step
    assert "stop" in summary(run).lower()
    click(button(window, "resume_run"))
    until(lambda: run.history.step > done)
    assert run.process != process
    assert min(np.diff(run.history.training["farthest"].steps)) > 0

    assert not window.close()
    answer(window, "Leave running")
    assert not window.isVisible()
    dispose(window)
    os.kill(run.process, 0)
    os.kill(run.process, signal.SIGKILL)
    follower = Follower(run)
    until(lambda: not follower.read() and not run.state.active)
    assert run.state is State.LOST


def test_times_are_told_to_two_units():
    assert [duration(seconds) for seconds in (5.2, 75, 3600, 100_000)] == ["5 s", "1 min 15 s", "1 h 0 min", "1 d 3 h"]
