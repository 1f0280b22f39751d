"""A training from the form to its end: a real window and real trainers, by mouse and keys."""

import json
import os
import signal
import socket
from pathlib import Path

import numpy as np
import pyqtgraph  # noqa: F401  # in the window it is imported by a thread, which has little time beside a test
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QMessageBox, QToolButton

from app.controllers.follower import Follower
from app.state.runs import State
from app.views.panels.training import summary
from tests.app.conftest import click, close, press
from tests.app.views.dialogs.test_new_run import form

SHIRT = Path(__file__).parents[2] / "assets" / "garments" / "unisex_shirt.ply"


@pytest.fixture(scope="module")
def shared(open_shared_window):
    return open_shared_window(SHIRT, size=(1280, 800))


@pytest.fixture
def window(shared):
    yield shared
    for run in shared.runs.runs:
        shared.runs.forget(run)


def begin(window, directory, others, epochs=1000):
    """Start a run on the open shirt by the form."""
    dialog = form(window)
    dialog.fields["data"].setCurrentIndex(dialog.fields["data"].findText("unisex_shirt"))
    dialog.fields["epochs"].setValue(epochs)
    dialog.fields["batch"].setValue(2)
    QTest.keyClicks(dialog.fields["others"], others)
    dialog.fields["run"].selectAll()
    QTest.keyClicks(dialog.fields["run"], str(directory))
    click(dialog.start_button)
    assert dialog.result() == QDialog.DialogCode.Accepted
    return window.runs.chosen


def button(window, name):
    buttons = window.panel.findChildren(QToolButton)
    return next(button for button in buttons if button.defaultAction() is window.commands[name])


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


def test_a_run_is_started_paused_resumed_and_stopped_and_closing_asks(open_window, until, tmp_path):
    window = open_window(SHIRT, size=(1280, 800))
    run = begin(window, tmp_path / "run", "--points 64 --epoch-size 4")
    assert run.state is State.STARTING
    until(lambda: run.history.step > 2 and window.panel.curves is not None)
    assert run.history.host == socket.gethostname()
    assert os.getsid(run.process) != os.getsid(0), "it must not end with the window's terminal"
    assert os.getpriority(os.PRIO_PROCESS, run.process) >= 10
    until(lambda: "farthest" in window.panel.curves.losses.lines)
    until(window.commands["pause_run"].isEnabled)
    click(button(window, "pause_run"))
    until(lambda: run.state is State.PAUSED and window.commands["resume_run"].isEnabled())
    waiting = run.history.step
    press(window, "r", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    until(lambda: run.history.step > waiting)
    events = [json.loads(line)["event"] for line in (run.directory / "events.jsonl").read_text().splitlines()]
    assert events[events.index("paused") + 1] == "resumed", "nothing is learnt in between"

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
    close(window)
    os.kill(run.process, 0)
    os.kill(run.process, signal.SIGKILL)
    follower = Follower(run)
    until(lambda: not follower.read() and not run.state.active)
    assert run.state is State.LOST
