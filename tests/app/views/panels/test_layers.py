"""Layers in the window: their switches, and one that comes from outside."""

import numpy as np
import pyvista as pv
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.scene.layers import MAKERS
from app.scene.layers.base import Layer
from app.state.layers import LAYERS, LayerSpec
from app.state.session import read_session, write_session
from tests.app.conftest import picture


class BoxLayer(Layer):
    """The garment's bounding box."""

    def _draw(self, state):
        if self._changed("box", state.garment):
            self._add(pv.Box(state.garment.bounds.T.ravel()), style="wireframe", color="red", line_width=3)
        return True


def test_a_layer_from_outside_is_in_menu_panel_scene_and_session(open_window, until, shirt, tmp_path, monkeypatch):
    spec = LayerSpec("box", "Bounding bo&x", "J", "The garment's bounding box", lambda _: False)
    monkeypatch.setitem(LAYERS, "box", spec)
    monkeypatch.setitem(MAKERS, "box", BoxLayer)
    window = open_window(shirt.source)
    assert window.commands["box"].text() == "Bounding bo&x"
    assert not window.commands["box"].isChecked()
    without, box = picture(window), window.layers.boxes["box"]
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert window.viewport.scene.layers["box"].visible
    assert np.abs(picture(window) - without).max() > 60
    path = tmp_path / "it.keygrid"
    write_session(window.restoring.session(), path)
    assert read_session(path).views[0].settings["layers"] == {"box": True}
    QTest.keyClick(window, Qt.Key.Key_J)
    assert not window.view.shows("box")
    window.open([path])
    until(lambda: window.view.shows("box"))


def test_a_cloud_turns_points_on_and_says_why_there_is_no_surface(open_window, until, shirt, tmp_path):
    cloud = tmp_path / "cloud.xyz"
    np.savetxt(cloud, shirt.vertices)
    window = open_window(shirt.source)
    boxes = window.layers.boxes
    assert (boxes["surface"].isChecked(), boxes["points"].isChecked()) == (True, False)
    window.open([cloud])
    until(lambda: window.document.garment.is_cloud)
    assert (boxes["surface"].isChecked(), boxes["points"].isChecked()) == (False, True)
    assert not boxes["surface"].isEnabled()
    assert "no surface" in boxes["surface"].toolTip()
    np.testing.assert_allclose(window.viewport.scene.layers["points"].points, shirt.vertices, rtol=1e-5)
    window.document.choose(garment=window.document.garments[0])
    assert (boxes["surface"].isChecked(), boxes["points"].isChecked()) == (True, False)
    assert window.settings.layers == {}, "nobody has switched anything"
