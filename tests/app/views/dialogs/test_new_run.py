"""The form of a new training: what it offers, and what it says of fields that can't be used."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.views.dialogs.new_run import NewRunDialog, with_key
from keygrid.model.config import PRESETS
from keygrid.training.config import preset
from keygrid.training.options import Knob, knobs
from tests.app.conftest import click, press

SHIRT = Path(__file__).parents[4] / "assets" / "garments" / "unisex_shirt.ply"


@pytest.fixture(scope="module")
def window(open_shared_window):
    return open_shared_window(SHIRT)


def form(window):
    press(window, "n")
    dialogs = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, NewRunDialog)]
    return next(dialog for dialog in dialogs if dialog.isVisible())


def test_the_form_tells_what_is_wrong_beside_its_field(window, tmp_path):
    run = tmp_path / "shirt-k3"
    run.mkdir()
    for name in ("config.json", "events.jsonl"):
        (run / name).write_text("")
    dialog = form(window)
    titles = [label.text() for label in dialog.findChildren(QLabel) if label.buddy()] + [dialog.start_button.text()]
    keys = [title[title.index("&") + 1].lower() for title in titles if "&" in title]
    assert len(keys) == len(set(keys)), "Alt and a letter lead to one field"
    dialog.fields["category"].setCurrentText("All categories")
    assert dialog.fields["run"].text().endswith("garments-k8-released-1")
    assert dialog.fields["category"].findText("Dress") > 0
    dialog.fields["keypoints"].setValue(6)
    dialog.fields["category"].setCurrentText("Dress")
    assert dialog.fields["run"].text().endswith("dress-k6-released-1")
    dialog.fields["run"].selectAll()
    QTest.keyClicks(dialog.fields["run"], str(run))
    QTest.keyClicks(dialog.fields["others"], '--points "64')
    click(dialog.start_button)
    told = {name: label.text() for name, label in dialog.problems.items() if label.isVisible()}
    assert told.keys() == {"run", "others"}
    assert "already holds a run" in told["run"]
    assert dialog.isVisible()
    dialog.fields["others"].clear()
    dialog.fields["run"].setText(str(run / "config.json" / "new"))
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
    assert shown(dialog)[0] == PRESETS[-1]
    dialog.fields["preset"].setCurrentText("keygrid")
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
