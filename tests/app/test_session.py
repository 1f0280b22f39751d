"""What was open can be opened again: in another window, after a crash, from a file that is damaged."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from app.state.camera import Camera
from app.state.comparison import Comparison
from app.state.session import Session, ViewState, attributes, read_session, restore, write_session
from app.state.slices import SliceSettings

from app.state.session import COMPARISON, SLICES, SETTINGS  # isort: skip
from app.state.settings import ViewSettings
from keygrid.errors import KeygridError
from tests.app.conftest import CONTROL, dispose, show_window

CAMERA = Camera((1.0, 2.0, 3.0), (0.0, 0.5, 0.0), (0.0, 1.0, 0.0), 30.0, 2.5)


def test_a_session_is_read_as_it_was_written(tmp_path):
    view = ViewState(
        "a.ply",
        "b.safetensors",
        3,
        2,
        CAMERA,
        {"layers": {"surface": False}, "hidden": [1]},
        {"x": 0.5, "limits": None},
    )
    session = Session(["a.ply"], ["b.safetensors"], [view], {"mode": "overlay"}, {2: CAMERA}, 24, False, "layout")
    write_session(session, tmp_path / "it.keygrid")
    assert read_session(tmp_path / "it.keygrid") == session


def test_layers_of_an_earlier_session_are_as_they_were(tmp_path):
    path = tmp_path / "earlier.keygrid"
    settings = {"surface": False, "cloud": True, "volume": 3, "hat": True, "label_size": 20}
    path.write_text(json.dumps({"version": 1, "views": [{"settings": settings, "field": {"plane": "x"}}]}))
    (view,) = read_session(path).views
    assert view.settings == {"layers": {"surface": False, "samples": True}, "label_size": 20}
    assert view.slices == {"plane": "x"}


def test_all_that_can_be_chosen_is_kept():
    """A setting that is added has to be kept, or left out on purpose."""
    assert {field.name for field in fields(ViewSettings)} == SETTINGS.keys()
    assert {field.name for field in fields(SliceSettings)} - SLICES.keys() == {"whole"}
    left_out = {"views", "front", "matches", "measures"}
    assert {field.name for field in fields(Comparison)} - COMPARISON.keys() == left_out


def test_settings_come_back_from_json():
    settings = ViewSettings({"surface": False}, hidden=frozenset({3, 1}), strength=0.25, background="white")
    slices = SliceSettings(plane="free", others=frozenset({"x"}), normal=(0.6, 0.8, 0.0), limits=(0.1, 0.9), sigma=0.2)
    for state, checks in ((settings, SETTINGS), (slices, SLICES)):
        again = type(state)()
        restore(again, json.loads(json.dumps(attributes(state, checks))))
        assert again == state


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": "1"}', "\x00\x01", "[" * 100_000])
def test_what_is_no_session_is_said_so(tmp_path, text):
    path = tmp_path / "it.keygrid"
    path.write_text(text)
    with pytest.raises(KeygridError, match="no session"):
        read_session(path)


def test_a_newer_version_is_not_guessed_at(tmp_path):
    path = tmp_path / "it.keygrid"
    path.write_text('{"version": 99}')
    with pytest.raises(KeygridError, match="newer"):
        read_session(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(name=st.sampled_from([*SETTINGS, *SLICES, *COMPARISON]), value=JSON)
def test_hostile_values_leave_settings_usable(tmp_path_factory, name, value):
    view = {"settings": {name: value}, "field": {name: value}, "frame": value, "camera": {"position": value}}
    values = {"version": 1, "views": [view, value], "garments": value, "speed": value, "comparison": {name: value}}
    path = tmp_path_factory.mktemp("hostile") / "it.keygrid"
    path.write_text(json.dumps(values))
    session = read_session(path)
    settings, slices, comparison = ViewSettings(), SliceSettings(), Comparison()
    restore(settings, session.views[0].settings)
    restore(slices, session.views[0].slices)
    restore(comparison, session.comparison)
    assert 1 <= settings.point_size <= 16
    assert all(-1 <= getattr(slices, axis) <= 1 for axis in "xyz")
    assert slices.limits is None or slices.limits[0] < slices.limits[1]
    assert np.linalg.norm(slices.normal) == pytest.approx(1, abs=1e-3)
    assert 1 <= session.speed <= 60


@pytest.fixture
def arranged(qapp, until, sequence, tiny_checkpoint, shirt, tmp_path):
    """A window in which something was done."""
    window = show_window(None, None, tmp_path / "sessions")
    window.open([shirt.source, sequence, tiny_checkpoint])
    until(lambda: len(window.document.garments) == 2 and window.document.methods)
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
    QTest.qWait(50)
    yield window
    dispose(window)


def as_told(window):
    session = window.restoring.session()
    views = [replace(view, camera=None) for view in session.views]
    cameras = [np.ravel([view.camera.position, view.camera.focal_point]).round(3).tolist() for view in session.views]
    return session.garments, session.methods, cameras, views, session.comparison, session.saved_views


def test_another_window_shows_a_session_as_it_was(arranged, until, tmp_path, monkeypatch):
    path = tmp_path / "mine.keygrid"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    arranged.commands["save_session"].trigger()
    told = as_told(arranged)
    assert arranged.document.frame == 1

    window = show_window()
    try:
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
        window.commands["open_session"].trigger()
        until(lambda: window.comparison.active and window.document.prediction is not None)
        until(lambda: not window.worker.busy)
        assert as_told(window) == told
        assert window.document.garment.name == "folds"
        assert window.view.shows("points")
        assert window.slices.plane == "x"
        assert not window.notice.isVisible()
    finally:
        dispose(window)


def test_what_a_crash_interrupted_is_offered_again(arranged, until, tmp_path):
    arranged.recovery.keep()
    (kept,) = (tmp_path / "sessions").glob("open-*.keygrid")
    assert arranged.recovery.crashed is None, "this window is still there"
    kept.rename(kept.with_name("open-1.keygrid"))  # as if another one had been killed
    told = as_told(arranged)

    window = show_window(None, None, tmp_path / "sessions")
    try:
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
    finally:
        dispose(window)
    assert [path.name for path in (tmp_path / "sessions").glob("*.keygrid")] == ["last.keygrid"]


def test_files_that_are_gone_are_named_and_the_rest_is_show_window(arranged, until, tmp_path, tiny_checkpoint):
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
    assert "no session" in arranged.notice.label.text()
    assert as_told(arranged) == told
