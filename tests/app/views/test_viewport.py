"""The view under the mouse, and work with keypoints: by mouse, keys and tables."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QColorDialog, QLineEdit

from keygrid.checkpoints.labels import load, path_of
from keygrid.evaluation.distance import distances
from keygrid.prediction import heatmap
from tests.app.conftest import ALT, CONTROL, SHIFT, picture, put_back, turn_event_loop


@pytest.fixture(scope="module")
def shared(open_shared_window, shirt, tiny_checkpoint):
    window = open_shared_window(shirt.source, tiny_checkpoint, size=(1100, 760))
    window.set_theme("light")
    yield window
    path_of(tiny_checkpoint).unlink(missing_ok=True)


@pytest.fixture
def window(shared):
    shared.activateWindow()
    assert QTest.qWaitForWindowActive(shared)
    shared.viewport.interactor.render()
    yield shared
    put_back(shared)
    turn_event_loop()


def on_display(window, position):
    renderer = window.viewport.interactor.renderer
    renderer.SetWorldPoint(*position, 1)
    renderer.WorldToDisplay()
    x, y, _ = renderer.GetDisplayPoint()
    return QPoint(round(x), round(window.viewport.interactor.height() - 1 - y))


def place_of(window, keypoint):
    return on_display(window, window.document.prediction.keypoints[keypoint])


def middle_of_the_longest(window):
    """Return the middle of the segment that is longest on the display."""
    ends = [[place_of(window, int(end)) for end in edge] for edge in window.document.prediction.edges]
    start, end = max(ends, key=lambda pair: (pair[0] - pair[1]).manhattanLength())
    return start * 0.5 + end * 0.5


@pytest.fixture
def hover(window, until):
    """Moves the mouse to a place, and gives what is said of it."""

    def move(place):
        found = []
        QTest.mouseMove(window.viewport.interactor, place + QPoint(40, 40))
        window.viewport.hovered.connect(found.append)
        QTest.mouseMove(window.viewport.interactor, place)
        until(lambda: found)
        window.viewport.hovered.disconnect(found.append)
        return window.viewport.readout.text()

    return move


def test_the_line_at_the_foot_says_what_is_under_the_mouse(window, hover):
    assert hover(place_of(window, 2)).startswith("keypoint 2  (")
    assert "strength" in hover(middle_of_the_longest(window))
    assert hover(QPoint(3, 3)) == ""
    assert not window.viewport.readout.isVisible()


def test_a_place_on_the_surface_has_vertex_face_heat_and_weights(window, hover):
    window.settings.layers = dict.fromkeys(("keypoints", "skeleton", "slice"), False)
    garment, prediction = window.document.garment, window.document.prediction
    vertex = int(np.abs(garment.vertices - garment.vertices.mean(axis=0) - [0, 10, 0]).sum(axis=1).argmin())
    found = window.viewport.probe_at(on_display(window, garment.vertices[vertex]).toPointF())
    (probe,) = found
    assert probe.kind == "surface"
    corners = garment.vertices[garment.faces[probe.face]]
    assert np.linalg.norm(corners - probe.position, axis=1).max() < 10
    assert probe.index in garment.faces[probe.face]
    place = prediction.normalisation.apply(probe.position[None])
    assert probe.heat == pytest.approx(heatmap(place, prediction)[0], abs=1e-6)
    assert probe.weights.shape == (4,)
    text = hover(on_display(window, garment.vertices[vertex]))
    assert f"vertex {probe.index}, face {probe.face}" in text
    assert "heat" in text
    view = window.viewport.interactor
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=on_display(window, garment.vertices[vertex]))
    told = window.keypoints.label.text()
    assert f"vertex {probe.index}, face {probe.face}" in told
    assert all(f"{index}: {weight:.1%}" in told for index, weight in enumerate(probe.weights))


def test_a_click_selects_a_segment_or_a_keypoint_and_the_tables_follow(window):
    QTest.mouseClick(window.viewport.interactor, Qt.MouseButton.LeftButton, pos=middle_of_the_longest(window))
    segment = window.document.segment
    assert segment is not None
    assert window.document.keypoint is None
    rows = window.segments.selectionModel().selectedRows()
    assert [window.segments.sorted.mapToSource(row).row() for row in rows] == [segment]


def test_tables_are_sorted_by_their_titles_and_copied_as_they_are(window):
    header = window.table.horizontalHeader()
    place = header.sectionViewportPosition(1) + 10
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, header.height() // 2))
    xs = window.document.prediction.keypoints[:, 0]
    QTest.keyClick(window, Qt.Key.Key_K, CONTROL | SHIFT)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split(",")[:4] == ["#", "x", "y", "z"]
    copied = [float(line.split(",")[1]) for line in lines[1:]]
    assert copied in (pytest.approx(sorted(xs)), pytest.approx(sorted(xs, reverse=True)))
    window.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    QTest.keyClick(window, Qt.Key.Key_G, CONTROL | SHIFT)
    assert len(QGuiApplication.clipboard().text().splitlines()) == 1 + 6


def test_a_name_is_written_shown_and_kept_beside_the_checkpoint(window, until, tiny_checkpoint):
    QTest.keyClick(window, Qt.Key.Key_N)
    QTest.keyClick(window, Qt.Key.Key_N)
    assert window.document.keypoint == 1
    QTest.keyClick(window, Qt.Key.Key_F2)
    line = window.table.findChild(QLineEdit)
    QTest.keyClicks(line, "collar")
    QTest.keyClick(line, Qt.Key.Key_Return)
    turn_event_loop()
    assert load(tiny_checkpoint).names == {1: "collar"}
    labels = window.viewport.scene.layers["keypoints"].titles
    assert labels == ["0", "1 collar", "2", "3"]
    window.commands["colour_keypoint"].trigger()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, QColorDialog)
    dialog.setCurrentColor("#102030")
    dialog.accept()
    assert load(tiny_checkpoint).colours == {1: (16, 32, 48)}
    drawn = window.viewport.scene.layers["keypoints"].colours
    assert drawn[1].tolist() == [16, 32, 48]
    known = window.document.method
    window.open([tiny_checkpoint])
    until(lambda: window.document.method is not known and window.document.prediction is not None)
    assert window.document.labels.names == {1: "collar"}, "it comes back with its checkpoint"


def test_two_keypoints_are_measured_straight_and_along_the_cloth(window, until):
    QTest.mouseClick(window.viewport.interactor, Qt.MouseButton.LeftButton, pos=place_of(window, 0))
    QTest.mouseClick(window.viewport.interactor, Qt.MouseButton.LeftButton, CONTROL, pos=place_of(window, 3))
    assert (window.document.keypoint, window.document.other) == (0, 3)
    until(lambda: window.document.distance.settled)
    start, end = window.document.prediction.keypoints[[0, 3]]
    known = distances(window.document.garment, start, end)
    assert window.document.distance.straight == pytest.approx(known.straight)
    assert window.document.distance.along == pytest.approx(known.along)
    assert f"{known.straight:.4g} straight" in window.keypoints.label.text()
    QTest.keyClick(window, Qt.Key.Key_M)
    assert window.document.other == 1, "from the last to the first, but for the selected one"


def test_keypoints_are_hidden_one_by_one_or_all_but_one(window, hover):
    before = picture(window)
    window.document.keypoint = 2
    QTest.keyClick(window, Qt.Key.Key_H)
    assert window.settings.hidden == {2}
    assert np.abs(picture(window) - before).max() > 60
    assert hover(place_of(window, 2)).partition("  ")[0] != "keypoint 2"
    QTest.keyClick(window, Qt.Key.Key_H, SHIFT)
    assert window.settings.hidden == {0, 1, 3}
    box = window.table.visualRect(window.table.model().index(0, 0))
    QTest.mouseClick(
        window.table.viewport(), Qt.MouseButton.LeftButton, pos=box.topLeft() + QPoint(12, box.height() // 2)
    )
    assert window.settings.hidden == {1, 3}
    QTest.keyClick(window, Qt.Key.Key_A)
    assert window.settings.hidden == frozenset()


def test_display_sliders_have_effect_as_they_are_dragged(window):
    sliders, layers = window.display.sliders, window.viewport.scene.layers
    sliders["strength"].setValue(100)
    assert window.settings.strength == 1.0
    assert not layers["skeleton"].drawn_segments.any()
    sliders["surface_opacity"].setValue(30)
    assert layers["surface"].opacity == pytest.approx(0.3)
    before = layers["keypoints"].label_size
    sliders["label_size"].setValue(28)
    assert layers["keypoints"].label_size > before
    window.settings.switch("samples", on=True)
    sliders["point_size"].setValue(9)
    assert layers["samples"].size == 9


def test_a_keypoints_weights_colour_the_surface(window):
    before = picture(window)
    window.document.keypoint = 1
    selected = picture(window)
    QTest.keyClick(window, Qt.Key.Key_W)
    weights = window.viewport.scene.layers["surface"].weights
    assert weights.max() <= 1 + 1e-6
    assert weights.max() > 0.2
    heaviest = window.document.garment.vertices[weights.argmax()]
    sampled = window.document.prediction.explanation.sample.points
    assert np.linalg.norm(sampled - heaviest, axis=1).min() < 5
    assert np.abs(picture(window) - selected).max() > 60
    window.document.keypoint = None
    assert np.abs(picture(window) - before).max() < 12, "without a keypoint, all is as it was"


def test_views_are_saved_and_recalled_and_stay_when_layers_change(window):
    scene = window.viewport.scene
    QTest.keyClick(window, Qt.Key.Key_X, SHIFT)
    side = scene.camera
    QTest.keyClick(window, Qt.Key.Key_1, CONTROL | ALT)
    window.commands["look_front"].trigger()
    assert scene.camera != side
    QTest.keyClick(window, Qt.Key.Key_1, CONTROL)
    assert scene.camera == side
    QTest.keyClick(window, Qt.Key.Key_4, CONTROL)
    assert "View 4 is not saved" in window.notice.label.text()
    for key in "1234567890V":
        QTest.keyClick(window, key.lower())
    assert scene.camera == side
    QTest.keyClick(window, Qt.Key.Key_O)
    assert scene.plotter.camera.GetParallelProjection()
    before = picture(window)
    window.commands["background_black"].trigger()
    assert picture(window)[2, 2].tolist() == [0, 0, 0]
    assert before[2, 2].tolist() != [0, 0, 0]
