"""Sessions as files: what is written is read, and what is damaged leaves settings usable."""

import json
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state.camera import Camera
from app.state.comparison import Comparison
from app.state.session import Session, ViewState, attributes, read_session, restore, write_session
from app.state.slices import SliceSettings

from app.state.session import COMPARISON, SLICES, SETTINGS  # isort: skip
from app.state.settings import ViewSettings
from keygrid.errors import KeygridError

CAMERA = Camera((1.0, 2.0, 3.0), (0.0, 0.5, 0.0), (0.0, 1.0, 0.0), 30.0, 2.5)


def test_a_session_is_read_as_it_was_written(tmp_path):
    settings, slices = {"layers": {"surface": False}, "hidden": [1]}, {"x": 0.5, "limits": None}
    view = ViewState("a.ply", "b.safetensors", 3, 2, CAMERA, settings, slices)
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
    with pytest.raises(KeygridError, match="not a session"):
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


def test_numbers_beyond_all_bounds_and_texts_that_are_none(tmp_path):
    path = tmp_path / "it.keygrid"
    huge = 10**400
    view = {"garment": "\ud800.obj", "frame": huge, "camera": {"position": [huge] * 3, "angle": huge, "scale": huge}}
    view |= {"settings": dict.fromkeys(SETTINGS, huge), "field": dict.fromkeys(SLICES, huge)}
    path.write_text(json.dumps({"version": 1, "views": [view], "speed": huge, "layout": "\ud800"}))
    session = read_session(path)
    assert (session.speed, session.layout, session.views[0].frame) == (12, "", 0)
    write_session(session, path)
    assert read_session(path) == session
