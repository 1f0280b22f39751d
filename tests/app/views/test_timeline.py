"""A garment that moves, in a real window with a real worker, played by mouse and keys."""

import os
import signal

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionSlider

from app.state.playback import Playback
from tests.app.conftest import FRAMES, drain


@pytest.fixture(scope="module")
def shared(open_shared_window, until, sequence, tiny_checkpoint):
    window = open_shared_window()
    assert not window.timeline.isVisible()
    window.told = []
    window.worker.stage.connect(lambda _: window.told.append(window.status.label.text()))
    window.document.events.predictions.connect(lambda _: window.told.append(window.status.label.text()))
    window.open([sequence, tiny_checkpoint])
    until(lambda: len(window.document.predictions) == FRAMES and not window.worker.busy)
    return window


@pytest.fixture
def window(shared, until, sequence):
    yield shared
    shared.playback.playing = False
    shared.playback.loop, shared.playback.speed = Playback.loop, Playback.speed
    shared.commands["peak"].setChecked(False)
    if shared.document.garment is None or shared.document.garment.source != sequence:
        shared.open([sequence])
        until(lambda: shared.document.garment is not None and shared.document.garment.source == sequence)
    shared.document.go_to(0)
    if len(shared.document.predictions) < FRAMES:
        shared.predicting.start_anew()
    until(lambda: len(shared.document.predictions) == FRAMES and not shared.worker.busy)


def place(slider, frame):
    """Return the position of the slider's handle for a frame."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    option.sliderPosition = frame
    part = QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider).center()


def surface(window):
    return window.viewport.scene.layers["surface"].points


def test_the_timeline_is_there_for_what_moves_and_counts_frames(window):
    assert window.timeline.isVisible()
    assert window.timeline.label.text() == f"0 / {FRAMES - 1}"
    assert window.timeline.slider.maximum() == FRAMES - 1
    assert f"Keypoints of 2 of {FRAMES} frames…" in window.told


def test_all_frames_are_predicted_from_the_same_material(window):
    document = window.document
    assert sorted(document.predictions) == list(range(FRAMES))
    first = document.predictions[0].explanation.sample
    for frame, prediction in document.predictions.items():
        np.testing.assert_array_equal(prediction.explanation.sample.faces, first.faces)
        expected = first.on(document.garment.vertices_in(frame), document.garment.faces)
        np.testing.assert_allclose(prediction.explanation.sample.points, expected)
    assert not np.allclose(document.predictions[0].keypoints, document.predictions[3].keypoints)


def test_keys_step_and_jump_and_move_all_that_is_shown_but_not_the_camera(window):
    camera = window.viewport.interactor.camera_position
    for key, frame in ((".", 1), (".", 2), (",", 1), (Qt.Key.Key_End, FRAMES - 1), (Qt.Key.Key_Home, 0), (",", 5)):
        QTest.keyClick(window, key)
        document = window.document
        assert document.frame == frame
        assert window.timeline.slider.value() == frame
        assert window.timeline.label.text() == f"{frame} / {FRAMES - 1}"
        np.testing.assert_allclose(surface(window), document.garment.frames[frame], rtol=1e-5)
        assert document.prediction is document.predictions[frame]
        x = float(window.table.model().index(1, 1).data())
        assert x == pytest.approx(document.prediction.keypoints[1, 0], rel=1e-3)
    assert window.viewport.interactor.camera_position == camera


def test_a_click_on_the_slider_jumps_and_a_drag_follows(window):
    slider = window.timeline.slider
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=place(slider, 4))
    assert window.document.frame == 4
    seen = []
    window.document.events.frame.connect(seen.append)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=place(slider, 4))
    for frame in (3, 2, 1):
        QTest.mouseMove(slider, place(slider, frame))
        QApplication.processEvents()
    assert slider.isSliderDown()
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=place(slider, 1))
    window.document.events.frame.disconnect(seen.append)
    assert seen == [3, 2, 1]


def test_space_plays_in_order_and_pauses_and_no_clock_runs_after_that(window, until):
    window.timeline.speed.setValue(40)
    seen = []
    window.document.events.frame.connect(seen.append)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.playback.playing
    until(lambda: len(seen) >= FRAMES + 2)
    QTest.keyClick(window, Qt.Key.Key_Space)
    window.document.events.frame.disconnect(seen.append)
    assert seen == [(1 + step) % FRAMES for step in range(len(seen))]
    assert not window.timeline.running


def test_without_loop_it_stops_at_the_end_and_starts_from_the_beginning(window, until):
    QTest.mouseClick(window.timeline.buttons["loop"], Qt.MouseButton.LeftButton)
    assert not window.playback.loop
    window.timeline.speed.setValue(60)
    QTest.mouseClick(window.timeline.buttons["play"], Qt.MouseButton.LeftButton)
    until(lambda: not window.playback.playing)
    assert window.document.frame == FRAMES - 1
    assert not window.timeline.running
    QTest.mouseClick(window.timeline.buttons["play"], Qt.MouseButton.LeftButton)
    assert window.document.frame < FRAMES - 1
    window.playback.playing = False
    QTest.mouseClick(window.timeline.buttons["loop"], Qt.MouseButton.LeftButton)


def test_the_selected_keypoint_stays_selected_while_frames_change(window):
    window.document.keypoint = 2
    for _ in range(3):
        QTest.keyClick(window, ".")
        assert window.document.keypoint == 2
        assert [index.row() for index in window.table.selectionModel().selectedRows()] == [2]
    window.document.keypoint = None


def test_another_mode_drops_what_was_predicted_and_the_shown_frame_comes_first(window, until):
    window.document.go_to(3)
    window.playback.playing = False
    old = dict(window.document.predictions)
    order = []
    window.document.events.predictions.connect(lambda predictions: order.append(sorted(predictions)))
    worker = window.worker.process_id
    os.kill(worker, signal.SIGSTOP)
    QTest.keyClick(window, Qt.Key.Key_P)
    assert not window.document.predictions
    QTest.keyClick(window, ".")
    # The other mode's keypoints of this frame are known, but they are not what is asked for.
    assert window.document.prediction is None
    assert window.table.model().rowCount() == 0
    os.kill(worker, signal.SIGCONT)
    until(lambda: len(window.document.predictions) == FRAMES)
    assert order[:3] == [[], [3], [3, 4]]
    for frame, prediction in window.document.predictions.items():
        assert prediction is not old[frame]
        assert not np.allclose(prediction.keypoints, old[frame].keypoints)


def test_answers_for_a_garment_that_is_closed_are_dropped(window, until):
    worker = window.worker.process_id
    os.kill(worker, signal.SIGSTOP)
    window.predicting.start_anew()
    assert window.worker.busy
    window.playback.toggle(window.document)
    window.commands["close"].trigger()
    os.kill(worker, signal.SIGCONT)
    assert not window.timeline.isVisible()
    assert not window.timeline.running
    assert not window.commands["play"].isEnabled()
    drain(window, until)
    assert not window.document.predictions
    assert window.document.prediction is None


def test_a_cancelled_prediction_stops_but_a_frame_that_is_shown_is_still_found(window, until):
    worker = window.worker.process_id
    os.kill(worker, signal.SIGSTOP)
    window.predicting.start_anew()
    QTest.mouseClick(window.status.cancel_button, Qt.MouseButton.LeftButton)
    os.kill(worker, signal.SIGCONT)
    drain(window, until)
    assert not window.document.predictions
    window.document.go_to(4)
    until(lambda: window.document.prediction is not None)
    drain(window, until)
    assert sorted(window.document.predictions) == [4]


def test_the_first_frame_and_landmarks_can_be_seen(window):
    window.document.go_to(3)
    view = window.viewport.interactor
    for key, name in (("8", "first_frame"), ("9", "landmarks"), ("7", "trails")):
        view.render()
        before = view.screenshot(return_img=True).astype(int)
        QTest.keyClick(window, key)
        view.render()
        assert np.abs(view.screenshot(return_img=True).astype(int) - before).max() > 20, name
        QTest.keyClick(window, key)
    assert window.layers.boxes["trails"].isEnabled()


def test_a_window_closes_while_it_plays(open_window, until, sequence):
    window = open_window(sequence)
    window.playback.toggle(window.document)
    until(lambda: window.document.frame > 1)
    window.close()
    assert not window.timeline.running
