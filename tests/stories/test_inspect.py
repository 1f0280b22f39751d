"""The first story: open a garment, inspect its keypoints. A real window, a real worker, real mouse and keys."""

import os
import signal
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QStyle, QStyleOptionSlider

from app.state.layers import LAYERS
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from tests.app.conftest import close, picture

ASSETS = Path(__file__).parents[2] / "assets"
SHIRT = ASSETS / "garments" / "unisex_shirt.ply"
CHECKPOINT = ASSETS / "checkpoints" / "tshirt-k8.safetensors"
WAIT = 180_000
"""Milliseconds; starting PyTorch takes most of it on a busy machine, and compiling kernels where none are kept."""


def children() -> set[int]:
    """Processes whose parent is this one."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z":
            found.add(int(status.parent.name))
    return found


@pytest.fixture(scope="module")
def shared(open_shared_window, until):
    """A window with the shirt and its keypoints; starting one takes seconds, so tests share it."""
    window = open_shared_window(SHIRT, CHECKPOINT, size=(1280, 800))
    window.set_theme("light")
    window.activateWindow()
    until(window.isActiveWindow)
    return window


@pytest.fixture
def opened(shared, qtbot):
    """The shared window, as it was when its first garment had opened."""
    yield shared
    qtbot.waitUntil(lambda: not shared.worker.busy, timeout=WAIT)
    for state, usual in ((shared.settings, ViewSettings()), (shared.slices, SliceSettings())):
        for attribute in fields(usual):
            setattr(state, attribute.name, getattr(usual, attribute.name))
    shared.notice.hide()
    for garment in shared.document.garments:
        if garment.source != SHIRT:
            shared.document.close_garment(garment)
    shared.document.keypoint = None
    if shared.document.prediction is None:
        shared.open([SHIRT])
        qtbot.waitUntil(lambda: shared.document.prediction is not None, timeout=WAIT)
    shared.viewport.look_first()
    settle(shared, qtbot)


def settle(window, qtbot):
    qtbot.waitUntil(lambda: not window.worker.busy, timeout=WAIT)
    with qtbot.waitSignal(window.viewport.rendered, timeout=WAIT):
        window.viewport.request_render()


def place_of(window, keypoint):
    """Return the place where a keypoint is drawn, in the interactor's own pixels."""
    renderer = window.viewport.interactor.renderer
    renderer.SetWorldPoint(*window.document.prediction.keypoints[keypoint], 1)
    renderer.WorldToDisplay()
    x, y, _ = renderer.GetDisplayPoint()
    ratio = window.devicePixelRatioF()
    return QPoint(round(x / ratio), round(window.viewport.interactor.height() - 1 - y / ratio))


def click(widget, place=None):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or QPoint())


def test_the_window_shows_before_anything_is_open_and_closes_with_its_worker(open_window):
    before = children()
    window = open_window()
    assert children() > before
    assert window.document.garment is None
    hint = next(label for label in window.viewport.findChildren(QLabel) if "Drop" in label.text())
    assert hint.isVisible()
    close(window)
    assert children() == before


def test_the_table_lists_the_keypoints(opened):
    model, prediction = opened.table.model(), opened.document.prediction
    assert model.rowCount() == len(prediction.keypoints) == 8
    assert model.index(2, 4).data() == str(prediction.vertices[2])
    assert float(model.index(1, 1).data()) == pytest.approx(prediction.keypoints[1, 0], rel=1e-3)


def test_each_layer_is_switched_by_its_box_and_its_key(opened):
    for name, spec in LAYERS.items():
        if not opened.layers.boxes[name].isEnabled():
            # A plain shirt that does not move has none of these.
            assert name in {"trails", "first_frame", "landmarks", "colours"}
            assert opened.layers.boxes[name].toolTip() == spec.needs(opened.document)
            continue
        before = picture(opened)
        box = opened.layers.boxes[name]
        was = box.isChecked()
        click(box, QPoint(8, box.height() // 2))
        assert opened.view.shows(name) is not was
        assert np.abs(picture(opened) - before).max() > 20, f"{name} is not drawn"
        QTest.keySequence(opened, QKeySequence(spec.key))
        assert opened.view.shows(name) is was
        assert box.isChecked() is was


def test_a_row_marks_its_keypoint_and_a_click_on_a_keypoint_chooses_its_row(opened):
    before = picture(opened)
    row = opened.table.visualRect(opened.table.model().index(1, 1)).center()
    click(opened.table.viewport(), row)
    assert opened.document.keypoint == 1
    assert np.abs(picture(opened) - before).max() > 20

    click(opened.viewport.interactor, place_of(opened, 3))
    assert opened.document.keypoint == 3
    assert [index.row() for index in opened.table.selectionModel().selectedRows()] == [3]

    click(opened.viewport.interactor, QPoint(5, 5))
    assert opened.document.keypoint is None
    assert not opened.table.selectionModel().hasSelection()


def test_dragging_turns_the_camera_and_selects_nothing(opened):
    view = opened.viewport.interactor
    before = np.array(view.camera.position)
    start = place_of(opened, 0)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(view, start + QPoint(12 * step, 4 * step))
        QApplication.processEvents()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(60, 20))
    assert opened.document.keypoint is None
    assert not np.allclose(view.camera.position, before)

    turned = np.array(view.camera.position)
    opened.settings.switch("samples", on=True)
    assert np.allclose(view.camera.position, turned)
    QTest.keyClick(opened, "F")
    assert not np.allclose(view.camera.position, turned)


def test_the_slice_follows_the_slider_while_it_is_dragged(opened):
    slider = opened.slice_panel.sliders["z"]
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    handle = (
        slider.style()
        .subControlRect(QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider)
        .center()
    )
    before = picture(opened)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=handle)
    QTest.mouseMove(slider, handle + QPoint(60, 0))
    assert slider.isSliderDown()
    assert opened.slices.position > 0.2
    assert np.abs(picture(opened) - before).max() > 20
    assert f"{opened.slices.position:+.2f}" in opened.slice_panel.positions["z"].toolTip()
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=handle + QPoint(60, 0))

    position = opened.slices.position
    QTest.keyClick(opened, "[")
    assert opened.slices.position == pytest.approx(position - 0.05)
    QTest.keyClick(opened, Qt.Key.Key_X)
    assert opened.slices.plane == "x"
    button = opened.slice_panel.boxes["y"]
    click(button, QPoint(8, button.height() // 2))
    assert opened.slices.plane == "y"


def test_peak_keypoints_lie_on_the_sampled_cloud(opened, qtbot):
    QTest.keyClick(opened, "P")
    qtbot.waitUntil(lambda: opened.document.prediction is not None and not opened.worker.busy, timeout=WAIT)
    prediction = opened.document.prediction
    gaps = np.linalg.norm(prediction.keypoints[:, None] - prediction.explanation.sample.points, axis=-1).min(axis=1)
    assert gaps.max() < 1e-5 * opened.document.garment.diagonal


def test_a_dropped_garment_opens_and_closes(opened, qtbot, tmp_path, shirt):
    other = tmp_path / "cloud.npy"
    np.save(other, shirt.vertices[::5])
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(other))])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(opened, QDragEnterEvent(QPoint(300, 300), *how))
    QApplication.sendEvent(opened, QDropEvent(QPointF(300, 300), *how))
    qtbot.waitUntil(lambda: opened.document.garment.name == "cloud", timeout=WAIT)
    qtbot.waitUntil(lambda: opened.document.prediction is not None, timeout=WAIT)
    assert [garment.name for garment in opened.document.garments] == ["unisex_shirt", "cloud"]
    QTest.keyClick(opened, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert opened.document.garment.name == "unisex_shirt"
    qtbot.waitUntil(lambda: opened.document.prediction is not None, timeout=WAIT)


def test_what_was_hidden_and_closed_comes_back_by_keys(opened, qtbot):
    model = opened.table.model()
    box = opened.table.visualRect(model.index(2, 0))
    click(opened.table.viewport(), QPoint(box.left() + 10, box.center().y()))
    assert opened.settings.hidden == {2}
    QTest.keyClick(opened, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert opened.document.garment is None
    undo = opened.commands["undo"]
    assert undo.text() == "&Undo: close unisex_shirt"
    QTest.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.document.garment.name == "unisex_shirt"
    qtbot.waitUntil(lambda: opened.document.prediction is not None, timeout=WAIT)
    QTest.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.settings.hidden == frozenset()
    again = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(opened, Qt.Key.Key_Z, again)
    assert opened.settings.hidden == {2}
    QTest.keyClick(opened, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


BAD_FILES = {
    "truncated.obj": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2",
    "empty.ply": b"",
    "nan.obj": b"v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n",
    "missing.stl": None,
    "other.safetensors": b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
    "weights.pt": b"not a checkpoint",
}


def test_bad_files_are_refused_in_one_sentence_and_what_was_open_stays(opened, qtbot, tmp_path):
    document = opened.document
    garment, checkpoint, prediction = document.garment, document.method, document.prediction
    for name, content in BAD_FILES.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        opened.open([tmp_path / name])
        qtbot.waitUntil(lambda name=name: name in opened.notice.label.text(), timeout=WAIT)
        qtbot.waitUntil(lambda: not opened.worker.busy, timeout=WAIT)
        sentence = opened.notice.label.text()
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert "Traceback" not in sentence
        assert opened.notice.isVisible()
        assert (document.garment, document.method) == (garment, checkpoint)
        assert document.prediction is prediction
    click(opened.notice.close_button)
    assert not opened.notice.isVisible()


def test_cancel_stops_waiting_and_the_worker_serves_again(opened, qtbot):
    opened.open([SHIRT])
    qtbot.waitUntil(opened.status.cancel_button.isVisible, timeout=WAIT)
    click(opened.status.cancel_button)
    assert not opened.worker.busy
    assert not opened.status.cancel_button.isVisible()
    opened.open([SHIRT])
    qtbot.waitUntil(lambda: opened.document.prediction is not None and not opened.worker.busy, timeout=WAIT)


def test_a_killed_worker_is_replaced(opened, qtbot):
    dead = opened.worker.process_id
    with qtbot.waitSignal(opened.worker.failed, timeout=WAIT) as failed:
        os.kill(dead, signal.SIGSTOP)  # so that it can't answer before it dies
        QTest.keyClick(opened, "P")
        os.kill(dead, signal.SIGKILL)
    assert "was restarted" in failed.args[0]
    assert opened.document.garment is not None
    assert opened.worker.process_id != dead
    before = opened.document.prediction
    QTest.keyClick(opened, "P")
    qtbot.waitUntil(lambda: opened.document.prediction is not before, timeout=WAIT)


def test_keypoints_and_screenshot_are_saved(opened, tmp_path, monkeypatch):
    for keys, name in ((Qt.KeyboardModifier.NoModifier, "k.json"), (Qt.KeyboardModifier.ShiftModifier, "window.png")):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (str(path), ""))
        QTest.keyClick(opened, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | keys)
        assert path.stat().st_size > 500


def test_diagnostics_are_copied(opened, qtbot):
    QApplication.clipboard().clear()
    opened.messages.warn("shirt.obj is damaged.")
    opened.commands["diagnostics"].trigger()
    qtbot.waitUntil(lambda: QApplication.clipboard().text() != "", timeout=WAIT)
    copied = QApplication.clipboard().text()
    assert "PyTorch" in copied
    assert "shirt.obj is damaged." in copied
    opened.notice.hide()


def test_about_names_the_engine(opened, qtbot):
    opened.commands["about"].trigger()
    qtbot.waitUntil(lambda: opened.findChild(QMessageBox) is not None, timeout=WAIT)
    box = opened.findChild(QMessageBox)
    assert "PyTorch" in box.informativeText()
    box.accept()


def test_dark_colours_reach_the_view(opened, qtbot):
    bright = picture(opened)[2, 2].mean()
    opened.commands["theme_dark"].trigger()
    settle(opened, qtbot)
    assert picture(opened)[2, 2].mean() < bright / 3
    opened.commands["theme_light"].trigger()
