"""The map of a garment: every keypoint's place in every frame, which can be clicked."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.state.comparison import Comparison
from app.state.view import View
from app.views.panels.garment_map import GarmentMap
from keygrid.data.garment import Garment
from tests.app.scene.conftest import predicted


@pytest.fixture
def view(shirt: Garment) -> View:
    moving = replace(shirt, frames=np.stack([shirt.vertices, shirt.vertices + 5]).astype(np.float32))
    view = View()
    view.subject.choose(garment=moving)
    vertices = np.array([[100, 3000, 5000], [140, 3000, 5100]])
    for frame in (0, 1):
        view.subject.show(replace(predicted(moving, 3), vertices=vertices[frame]), frame)
    return view


@pytest.fixture
def shown(view: View, qtbot):
    shown = GarmentMap(view, Comparison())
    qtbot.addWidget(shown)
    shown.resize(400, 300)
    shown.show()
    qtbot.waitUntil(lambda: bool(shown.dots))
    yield shown
    shown.shut()


def test_each_keypoint_has_a_dot_for_each_frame_on_the_side_where_it_is(shown: GarmentMap, view: View, shirt: Garment):
    assert sorted((dot.keypoint, dot.frame) for dot in shown.dots) == [(k, f) for k in range(3) for f in range(2)]
    still = [dot.place for dot in shown.dots if dot.keypoint == 1]
    assert still[0] == still[1]
    for dot in shown.dots:
        vertex = view.subject.predictions[dot.frame].vertices[dot.keypoint]
        is_back = dot.place.x() > shown.width() / 2
        assert is_back == (shirt.vertices[vertex, 2] < np.median(shirt.vertices[:, 2]))


def test_a_click_on_a_dot_goes_to_its_frame_and_selects_its_keypoint(shown: GarmentMap, view: View, qtbot):
    dot = next(dot for dot in shown.dots if (dot.keypoint, dot.frame) == (2, 1))
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton, pos=dot.place.toPoint())
    assert (view.subject.keypoint, view.subject.frame) == (2, 1)
    assert shown.dot_at(QPointF(-50, -50)) is None
    view.settings.hidden = frozenset({0})
    qtbot.waitUntil(lambda: all(dot.keypoint != 0 for dot in shown.dots))
