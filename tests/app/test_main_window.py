"""The window when things overlap, fail or end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from tests.app.conftest import close, drain, turn_event_loop

SHIRT = Path(__file__).parents[2] / "assets" / "garments" / "unisex_shirt.ply"


@pytest.fixture(scope="module")
def shared(open_shared_window, tiny_checkpoint) -> MainWindow:
    """A window with the shirt and an untrained network, for tests that put back what they change."""
    return open_shared_window(SHIRT, tiny_checkpoint)


@pytest.fixture
def window(shared, until) -> Iterator[MainWindow]:
    yield shared
    shared.notice.hide()
    if shared.document.garment is None or shared.document.prediction is None:
        shared.open([SHIRT])
    until(lambda: shared.document.prediction is not None and not shared.worker.busy)


def test_closing_a_garment_while_it_is_predicted_leaves_nothing_of_it(window, until):
    worker = window.worker.process_id
    os.kill(worker, signal.SIGSTOP)
    QTest.keyClick(window, Qt.Key.Key_P)
    assert window.worker.busy
    window.commands["close"].trigger()
    os.kill(worker, signal.SIGCONT)
    assert not window.worker.busy
    drain(window, until)
    assert window.document.prediction is None
    assert window.table.model().rowCount() == 0
    assert not window.slice_panel.isEnabled()
    assert window.windowTitle() == "Key-Grid Desktop"
    QTest.keyClick(window, Qt.Key.Key_P)


def test_a_checkpoint_that_is_opened_again_predicts_again(window, until, tiny_checkpoint):
    before = window.document.prediction
    window.open([tiny_checkpoint])
    until(lambda: window.document.prediction not in (None, before))
    assert window.library.methods.count() == 1
    np.testing.assert_array_equal(window.document.prediction.keypoints, before.keypoints)


def test_one_bad_file_among_good_ones_is_told_and_the_others_open(window, until, qtbot, tmp_path):
    good = tmp_path / "good.npy"
    np.save(good, np.random.default_rng(0).random((300, 3)))
    with qtbot.waitSignal(window.worker.settled, timeout=120_000) as settled:
        window.open([tmp_path / "missing.obj", good])
    assert "missing.obj does not exist" in settled.args[0]
    assert window.notice.label.text() == settled.args[0]
    assert "good" in [garment.name for garment in window.document.garments]
    with qtbot.waitSignal(window.worker.settled, timeout=120_000) as settled:
        window.open([SHIRT])
    assert settled.args == [""], "an old failure must not be told twice"
    window.document.close_garment(next(g for g in window.document.garments if g.name == "good"))


def test_what_is_too_small_leaves_open_what_is(window, qtbot, tmp_path):
    before = window.document.garment
    np.save(tmp_path / "two.npy", np.random.default_rng(0).random((2, 3)))
    with qtbot.waitSignal(window.worker.settled, timeout=120_000):
        window.open([tmp_path / "two.npy"])
    assert window.notice.label.text() == "two.npy can't be used: A cloud needs at least 64 points; this one has 2."
    assert window.document.garment is before


@pytest.mark.parametrize("ending", ["SHIRT.PLY", "a b ü.ply"])
def test_names_with_capitals_spaces_and_other_letters_open(window, until, tmp_path, ending):
    path = tmp_path / ending
    path.write_bytes(SHIRT.read_bytes())
    window.open([path])
    until(lambda: window.document.garment.source == path and window.document.prediction is not None)
    assert window.windowTitle().startswith(path.stem)
    window.commands["close"].trigger()


def test_keys_that_are_no_shortcut_change_nothing_in_the_view(window, until):
    # VTK has keys of its own: wireframe, stereo, exit.
    view = window.viewport.interactor
    view.setFocus()
    window.viewport.look_first()
    turn_event_loop()
    before = view.camera_position

    def representations():
        return [actor.prop.style for actor in view.actors.values() if isinstance(actor, pv.Actor)]

    known = representations()
    for key in "WEQRVBCJTUAIL":
        QTest.keyClick(view, key.lower())
    assert representations() == known
    assert view.camera_position == before
    assert window.isVisible()


def test_only_files_may_be_dropped(window):
    def offered(url: QUrl) -> bool:
        data = QMimeData()
        data.setUrls([url])
        event = QDragEnterEvent(
            QPoint(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        event.ignore()
        QApplication.sendEvent(window, event)
        return event.isAccepted()

    assert offered(QUrl.fromLocalFile(str(SHIRT)))
    assert not offered(QUrl("https://example.org/shirt.obj"))


def test_choosing_in_the_library_chooses_in_the_document(window, until, tmp_path):
    path = tmp_path / "second.ply"
    path.write_bytes(SHIRT.read_bytes())
    window.open([path])
    until(lambda: window.document.garment.source == path and not window.worker.busy)
    tree, model = window.library.tree, window.library.model
    opened = model.index(0, 0)
    rows = [model.index(row, 0, opened) for row in range(model.rowCount(opened))]
    assert [row.data() for row in rows] == ["unisex_shirt", "second"]
    assert tree.currentIndex() == rows[1]
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(rows[0]).center())
    assert window.document.garment.source == SHIRT
    assert window.document.prediction is None
    until(lambda: window.document.prediction is not None)
    window.document.close_garment(next(g for g in window.document.garments if g.source == path))


def test_saving_with_nothing_to_save_says_so(window):
    garments = window.document.garments
    for garment in garments:
        window.document.close_garment(garment)
    window.commands["save"].trigger()
    assert window.notice.isVisible()
    assert "no keypoints to save" in window.notice.label.text()


def test_the_theme_colours_widgets_and_can_be_had_back(window):
    colours = {}
    for theme in ("light", "dark", "light"):
        window.commands[f"theme_{theme}"].trigger()
        turn_event_loop()
        palette = window.table.palette()
        background, text = (
            palette.color(role).lightness() for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Text)
        )
        assert abs(background - text) > 150
        box = window.layers.boxes["samples"].grab().toImage()
        shades = {box.pixelColor(x, box.height() // 2).lightness() for x in range(16)}
        assert max(shades) - min(shades) > 50, "an empty box is hard to see"
        assert colours.setdefault(theme, (background, text)) == (background, text)
        assert window.commands[f"theme_{theme}"].isChecked()
    assert colours["dark"][0] < colours["light"][0]


def test_a_window_can_be_closed_at_once_and_twice(qapp):
    window = MainWindow()
    window.show()
    window.open([SHIRT])
    assert window.close()
    assert not window.isVisible()
    assert window.close()
    close(window)
