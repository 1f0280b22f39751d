"""Restoring of what was open: in another window, after a crash, from a file that is damaged."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from app.state.session import Session, ViewState, write_session
from keygrid.data.landmarks import beside
from tests.app.conftest import CONTROL, click, close, turn_event_loop


@pytest.fixture
def arranged(open_window, until, sequence, tiny_checkpoint, shirt, tmp_path):
    """A window in which something was done."""
    window = open_window(shirt.source, sequence, tiny_checkpoint, sessions=tmp_path / "sessions")
    folds = next(garment for garment in window.document.garments if garment.frames is not None)
    window.document.choose(garment=folds)
    QTest.keyClick(window, Qt.Key.Key_D, CONTROL)
    QTest.keyClick(window, Qt.Key.Key_Period)
    QTest.keyClick(window, Qt.Key.Key_2)
    QTest.keyClick(window, Qt.Key.Key_X)
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    window.area.look(window.viewport.scene.camera.turned(70))
    window.commands["keep_2"].trigger()
    until(lambda: window.comparison.matches and not window.worker.busy)
    window.document.keypoint = 1
    turn_event_loop()
    return window


def as_told(window):
    session = window.restoring.session()
    views = [replace(view, camera=None) for view in session.views]
    cameras = [np.ravel([view.camera.position, view.camera.focal_point]).round(3).tolist() for view in session.views]
    return session.garments, session.methods, cameras, views, session.comparison, session.saved_views


def test_another_window_shows_a_session_as_it_was(arranged, open_window, until, tmp_path, monkeypatch):
    path = tmp_path / "mine.keygrid"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    arranged.commands["save_session"].trigger()
    told = as_told(arranged)
    assert arranged.document.frame == 1

    window = open_window()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    window.commands["open_session"].trigger()
    until(lambda: window.comparison.active and window.document.prediction is not None)
    until(lambda: not window.worker.busy)
    assert as_told(window) == told
    assert window.document.garment.name == "folds"
    assert window.view.shows("points")
    assert window.slices.plane == "x"
    assert not window.notice.isVisible()


def test_what_a_crash_interrupted_is_offered_again(arranged, open_window, until, tmp_path):
    arranged.recovery.keep()
    (kept,) = (tmp_path / "sessions").glob("open-*.keygrid")
    assert arranged.recovery.crashed is None, "this window is still there"
    kept.rename(kept.with_name("open-1.keygrid"))  # as if another one had been killed
    told = as_told(arranged)

    window = open_window(sessions=tmp_path / "sessions")
    crashed = window.recovery.crashed
    assert crashed is not None
    window.sessions.offer(crashed)
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    QTest.keyClick(box, Qt.Key.Key_Return)
    until(lambda: window.comparison.active and window.document.prediction is not None)
    until(lambda: not window.worker.busy)
    assert as_told(window) == told
    assert window.recovery.crashed is None, "it is offered once"
    close(window)
    assert [path.name for path in (tmp_path / "sessions").glob("*.keygrid")] == ["last.keygrid"]


def test_files_that_are_gone_are_named_and_the_rest_is_shown(arranged, until, tmp_path, tiny_checkpoint):
    path = tmp_path / "gone.keygrid"
    garments = [str(tmp_path / "gone.ply"), str(arranged.document.garment.source)]
    view = ViewState(garments[0], str(tiny_checkpoint))
    write_session(Session(garments, [str(tiny_checkpoint)], [view]), path)
    arranged.restoring.open(path)
    until(lambda: not arranged.worker.busy)
    assert "gone.ply" in arranged.notice.label.text()
    assert [garment.name for garment in arranged.document.garments] == ["folds"]
    assert arranged.document.garment is not None


def test_a_session_that_can_not_be_read_leaves_what_is_open(arranged, tmp_path):
    told = as_told(arranged)
    path = tmp_path / "broken.keygrid"
    path.write_text("{")
    arranged.open([path])  # as if it had been dropped
    assert "not a session" in arranged.notice.label.text()
    assert as_told(arranged) == told


def test_landmarks_that_can_not_be_kept_beside_their_garment_are_in_the_session(open_window, until, shirt, tmp_path):
    mesh = tmp_path / "shirt.ply"
    mesh.write_bytes(shirt.source.read_bytes())
    kept = tmp_path / "shirt.landmarks.json"
    kept.write_text("{")
    window = open_window(mesh, sessions=tmp_path / "sessions")
    assert "The landmarks in shirt.landmarks.json are damaged" in window.notice.label.text()
    QTest.keyClick(window, Qt.Key.Key_K)
    click(window.viewport.interactor)
    turn_event_loop()
    (garment,) = window.document.garments
    assert window.state.placing.of(garment).names == ("landmark 1",)
    assert "the session keeps them" in window.notice.label.text()
    assert "Not saved" in window.landmark_panel.label.text()
    assert kept.read_text() == "{", "what is damaged may be mended"
    window.commands["close"].trigger()
    window.open([mesh])
    until(lambda: window.document.garment is not None)
    assert window.state.placing.of(window.document.garment).names == ("landmark 1",), "closing loses nothing"
    window.recovery.keep()
    (file,) = (tmp_path / "sessions").glob("open-*.keygrid")
    left = tmp_path / "left.keygrid"
    left.write_bytes(file.read_bytes())
    close(window)

    kept.unlink()
    again = open_window()
    again.open([left])
    until(lambda: again.document.garment is not None and not again.worker.busy)
    assert again.state.placing.of(again.document.garment).names == ("landmark 1",)
    assert beside(again.document.garment).names == ("landmark 1",), "written as soon as possible"
    assert again.restoring.session().landmarks == {}
