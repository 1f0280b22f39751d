"""The second story: scrub through heatmap slices. A real window, a real worker, real mouse and keys."""

import csv

import numpy as np
import pytest
import pyvista as pv
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from keygrid.prediction import heatmap
from tests.app.conftest import CONTROL, FRAMES, picture, put_back, turn_event_loop


@pytest.fixture(scope="module")
def shared(open_shared_window, until, sequence, tiny_checkpoint):
    window = open_shared_window(sequence, tiny_checkpoint, size=(1100, 760))
    window.set_theme("light")
    until(lambda: len(window.document.predictions) == FRAMES)
    return window


@pytest.fixture
def window(shared):
    shared.activateWindow()
    assert QTest.qWaitForWindowActive(shared)
    yield shared
    shared.document.go_to(0)
    put_back(shared)
    turn_event_loop()


def turn_wheel(widget, steps, modifiers):
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place, QPointF(widget.mapToGlobal(place.toPoint())), QPoint(), QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def values(window, plane):
    return window.viewport.scene.layers["slice"].values(plane)


def test_from_a_fresh_start_to_files_of_the_field_and_of_a_slice(window, tmp_path, monkeypatch):
    view = window.viewport.interactor
    view.setFocus()
    turn_wheel(view, 3, CONTROL)
    assert window.slices.z == pytest.approx(0.06)
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert window.slices.z == pytest.approx(0.11)
    before = window.document.prediction.normalisation.invert(np.full(3, 0.11))[2]
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert window.document.frame == 1
    prediction = window.document.prediction
    places = window.viewport.scene.layers["slice"].points("z")
    assert places[:, 2] == pytest.approx(before, abs=1e-4), "the slice stays in space while time goes on"
    points = prediction.normalisation.apply(places)
    assert values(window, "z") == pytest.approx(heatmap(points, prediction), abs=1e-5)

    for name, action in (
        ("f.vti", "heatmap"), ("f.npz", "heatmap"), ("s.png", "slice"), ("s.csv", "slice"), ("s.txt", "slice"),
    ):  # fmt: skip
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path, **__: (str(path), ""))
        window.commands["export_" + {"heatmap": "field"}.get(action, action)].trigger()
    assert "written as .png or .csv" in window.notice.label.text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.npz", "f.vti", "s.csv", "s.png"]

    grid = pv.read(tmp_path / "f.vti")
    places = np.asarray(grid.points)[:: grid.n_points // 200]
    told = np.asarray(grid["heat"])[:: grid.n_points // 200]
    assert told == pytest.approx(heatmap(prediction.normalisation.apply(places), prediction), abs=1e-4)
    with np.load(tmp_path / "f.npz") as arrays:
        place = np.array([arrays["x"][10], arrays["y"][40], arrays["z"][70]])
        told = float(arrays["heat"][10, 40, 70])
        assert arrays["keypoints"] == pytest.approx(prediction.keypoints)
        assert arrays["sigma"] ** 2 == pytest.approx(prediction.explanation.heatmap.sigma_squared)
    assert told == pytest.approx(heatmap(prediction.normalisation.apply(place[None]), prediction)[0], abs=1e-5)
    with (tmp_path / "s.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == window.slices.resolution**2
    hottest = max(rows, key=lambda row: float(row["heat"]))
    place = np.array([[float(hottest[axis]) for axis in "xyz"]])
    assert float(hottest["heat"]) == pytest.approx(heatmap(prediction.normalisation.apply(place), prediction)[0])
    with Image.open(tmp_path / "s.png") as image:
        assert image.width == image.height >= 1024


def test_up_to_all_planes_are_shown_at_once_and_the_last_stays(window):
    boxes = window.slice_panel.boxes
    for plane in "xy":
        QTest.mouseClick(boxes[plane], Qt.MouseButton.LeftButton, pos=QPoint(8, boxes[plane].height() // 2))
    assert window.slices.planes == ("x", "y", "z")
    assert set(window.viewport.scene.layers["slice"].planes) == {"x", "y", "z"}
    assert window.slices.plane == "y", "the newest is the one that is moved"
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    assert (window.slices.x, window.slices.y, window.slices.z) == (0, 0.05, 0)
    for plane in "xyz":
        QTest.mouseClick(boxes[plane], Qt.MouseButton.LeftButton, pos=QPoint(8, boxes[plane].height() // 2))
    assert len(window.slices.planes) == 1
    assert boxes[window.slices.plane].isChecked()


def test_the_free_plane_is_turned_by_its_arrow_in_the_view(window):
    box = window.slice_panel.boxes["free"]
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    QTest.mouseClick(window.slice_panel.boxes["z"], Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert window.slices.planes == ("free",)
    view = window.viewport.interactor
    view.render()
    turn_event_loop()
    handle = window.viewport.handle.representation
    before = window.slices.normal
    width, height = view.width(), view.height()
    places = ((x, y) for y in range(height // 4, 3 * height // 4, 4) for x in range(width // 4, 3 * width // 4, 4))

    def turns(x, y):
        handle.SetInteractionState(handle.Moving)  # as the widget does with a press
        return handle.ComputeInteractionState(x, y) == handle.Rotating

    x, y = next(place for place in places if turns(*place))
    start = QPoint(x, height - 1 - y)
    QTest.mouseMove(view, start)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 8):
        QTest.mouseMove(view, start + QPoint(10 * step, 6 * step))
        turn_event_loop()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(70, 42))
    turn_event_loop()
    assert np.dot(window.slices.normal, before) < 0.999
    assert np.linalg.norm(window.slices.normal) == pytest.approx(1)
    points = window.document.prediction.normalisation.apply(window.viewport.scene.layers["slice"].points("free"))
    assert points @ np.array(window.slices.normal) == pytest.approx(window.slices.free, abs=1e-4)


def test_the_decoders_cells_are_those_of_its_grid(window):
    window.heatmap_panel.evaluation.setFocus()
    place = window.heatmap_panel.evaluation.count() - 1
    window.heatmap_panel.evaluation.setCurrentIndex(place)
    window.heatmap_panel.evaluation.activated.emit(place)
    assert window.slices.cells
    grid = window.document.prediction.grid_heatmap
    assert set(np.unique(values(window, "z")).round(6)) <= set(np.unique(grid).round(6))


def test_another_sigma_is_what_if_and_says_so(window):
    panel, prediction = window.heatmap_panel, window.document.prediction
    panel.parent().raise_()
    turn_event_loop()
    before = values(window, "z").copy()
    panel.sigma.setFocus()
    for _ in range(5):
        QTest.keyClick(panel.sigma, Qt.Key.Key_Right)
    own = float(np.sqrt(prediction.explanation.heatmap.sigma_squared))
    assert window.slices.sigma == pytest.approx(own * 1.05**5)
    assert panel.what_if.isVisible()
    assert f"the model used σ = {own:.3g}" in panel.what_if.text()
    assert (values(window, "z") >= before - 1e-7).all(), "a wider field is hotter everywhere"
    assert window.document.prediction is prediction
    QTest.mouseClick(panel.reset_sigma, Qt.MouseButton.LeftButton)
    assert window.slices.sigma is None
    assert not panel.what_if.isVisible()
    assert values(window, "z") == pytest.approx(before)


def test_one_segment_or_all_contribute(window):
    prediction = window.document.prediction
    window.document.segment = 2
    window.heatmap_panel.single.setChecked(True)
    points = prediction.normalisation.apply(window.viewport.scene.layers["slice"].points("z"))
    assert values(window, "z") == pytest.approx(heatmap(points, prediction, segments=[2]), abs=1e-5)
    level = window.slices.level * prediction.strengths[2]
    assert window.heatmap_panel.level_label.text() == f"{level:.2f}", "of the segment that is shown"
    window.document.segment = 4
    assert values(window, "z") == pytest.approx(heatmap(points, prediction, segments=[4]), abs=1e-5)
    window.document.segment = None
    assert values(window, "z") == pytest.approx(heatmap(points, prediction), abs=1e-5)


def test_limits_and_colours_are_those_that_were_chosen(window, until):
    panel = window.heatmap_panel
    panel.high.setValue(0.5)
    assert window.slices.limits == (0.0, 0.5)
    assert window.viewport.scene.layers["slice"].limits("z") == (0.0, 0.5)
    window.slices.colour_map = "viridis"
    until(lambda: [(bar.colour_map, bar.limits) for bar in window.area.bars.bars] == [("viridis", (0.0, 0.5))])
    QTest.mouseClick(panel.reset_limits, Qt.MouseButton.LeftButton)
    assert window.slices.limits is None


def test_isosurface_and_volume_follow_level_and_frame(window):
    QTest.keyClick(window, Qt.Key.Key_5)  # without the slice
    QTest.keyClick(window, Qt.Key.Key_0)
    isosurface, slices = window.viewport.scene.layers["isosurface"], window.slices
    surface = np.asarray(isosurface.mesh.points, dtype=np.float64)
    told = heatmap(window.document.prediction.normalisation.apply(surface), window.document.prediction)
    most = window.view.heat.most
    assert most == pytest.approx(window.document.prediction.strengths.max())
    assert np.median(told) == pytest.approx(slices.level * most, abs=0.05 * most)
    volume = isosurface.mesh.volume
    window.heatmap_panel.level.setValue(80)
    assert isosurface.mesh.volume < volume
    before = picture(window)
    QTest.keyClick(window, Qt.Key.Key_0)
    QTest.keyClick(window, Qt.Key.Key_V)
    assert not isosurface.visible
    shown = picture(window)
    assert np.abs(shown - before).max() > 20
    QTest.keyClick(window, Qt.Key.Key_Period)
    assert np.abs(picture(window) - shown).max() > 20


def test_an_export_without_a_heatmap_says_what_to_do(open_window):
    window = open_window()
    for name in ("export_field", "export_slice", "export_picture", "export_video", "export_report"):
        window.notice.hide()
        window.commands[name].trigger()
        assert window.notice.isVisible()
        assert window.notice.label.text().endswith(".")
