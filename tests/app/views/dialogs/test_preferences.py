"""Preferences have effect as they are chosen, and last."""

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from app.controllers.store import Store
from app.state.preferences import Preferences
from app.state.runs import Runs
from app.state.shelf import Shelf
from app.views.dialogs.preferences import PreferencesDialog
from keygrid.palette import PALETTES
from tests.app.conftest import turn_event_loop


@pytest.fixture(scope="module")
def shared(open_shared_window, until, tiny_checkpoint, shirt, tmp_path_factory):
    font = QApplication.font()
    window = open_shared_window(shirt.source, tiny_checkpoint, pictures=tmp_path_factory.mktemp("pictures"))
    until(lambda: not window.busy)
    yield window
    QApplication.setFont(font)


@pytest.fixture
def dialog(shared):
    shared.activateWindow()
    assert QTest.qWaitForWindowActive(shared)
    QTest.keyClick(shared, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, PreferencesDialog)
    yield dialog
    defaults = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.RestoreDefaults)
    QTest.mouseClick(defaults, Qt.MouseButton.LeftButton)
    dialog.reject()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def choose(box, data):
    box.setFocus()
    while box.currentData() != data:
        QTest.keyClick(box, Qt.Key.Key_Down)


def test_theme_and_text_change_at_once(shared, dialog):
    before = shared.font().pointSizeF()
    choose(dialog.theme, "dark")
    turn_event_loop()
    assert shared.palette().color(QPalette.ColorRole.Window).lightness() < 128
    assert shared.commands["theme_dark"].isChecked()
    choose(dialog.text_scale, 150)
    turn_event_loop()
    assert shared.font().pointSizeF() == pytest.approx(1.5 * before)


def test_the_palette_is_that_of_views_and_tables(shared, dialog):
    choose(dialog.palette_choice, "Tableau")
    drawn = shared.viewport.scene.layers["keypoints"].colours
    assert drawn.tolist() == PALETTES["Tableau"][:4].tolist()


def test_another_device_predicts_anew_and_one_that_is_not_there_says_so(shared, dialog, until):
    torch = pytest.importorskip("torch")
    before = shared.document.prediction
    choose(dialog.device, "cpu")
    until(lambda: not shared.worker.busy)
    assert shared.document.prediction is not before
    if not torch.cuda.is_available():
        choose(dialog.device, "cuda")
        until(lambda: not shared.worker.busy)
        assert "can't be used here" in shared.notice.label.text()
        assert shared.document.prediction is not None, "what was there stays"
        shared.notice.hide()
    dialog.threads.setValue(1)
    dialog.device.setCurrentIndex(0)
    until(lambda: not shared.worker.busy)
    assert shared.document.prediction is not before


def test_the_cache_can_be_emptied(shared, tmp_path):
    (tmp_path / "a.png").write_bytes(b"0" * 2_000_000)
    (tmp_path / "b.png").write_bytes(b"0" * 1_000_000)
    again = PreferencesDialog(shared.preferences, tmp_path, shared)
    assert again.cache.text().startswith("2 pictures, 2.86")
    QTest.mouseClick(again.clear, Qt.MouseButton.LeftButton)
    assert again.cache.text() == "Empty"
    assert list(tmp_path.iterdir()) == []
    again.close()


def test_preferences_last_and_what_can_not_be_chosen_is_left_out(tmp_path):
    path = str(tmp_path / "store.ini")
    store = QSettings(path, QSettings.Format.IniFormat)
    preferences = Preferences()
    _keeper = Store(preferences, Shelf(), Runs(), store)
    preferences.theme, preferences.text_scale, preferences.threads, preferences.reopen = "dark", 125, 3, True
    store.sync()
    again = Preferences()
    other = QSettings(path, QSettings.Format.IniFormat)
    Store(again, Shelf(), Runs(), other)
    assert again == preferences
    other.setValue("preferences/theme", "purple")
    other.setValue("preferences/threads", "-4")
    other.setValue("preferences/text_scale", "huge")
    later = Preferences()
    Store(later, Shelf(), Runs(), other)
    assert (later.theme, later.threads, later.text_scale) == ("system", 0, 100)
