"""Landmarks placed in the window: by real clicks and drags, by keys, in the table, on a mesh and on a cloud."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit

from app.main_window import MainWindow
from app.scene.screen import Screen
from keygrid.clouds.files import write_cloud
from keygrid.clouds.preparing import Prepared
from keygrid.data.garment import Garment
from keygrid.data.landmarks import beside, landmarks_path
from keygrid.data.readers import read_garment
from tests.app.conftest import CONTROL, SHIFT, OpenWindow, Until, press, turn_event_loop
from tests.conftest import ROOT

GARMENTS = ROOT / "assets" / "garments"


def write_mesh(garment: Garment, path: Path) -> Path:
    """The shape at rest, as a file that says nothing else."""
    lines = [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in garment.vertices]
    lines += [f"f {a} {b} {c}" for a, b, c in garment.faces + 1]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("shapes")
    first, second = (read_garment(GARMENTS / f"tshirt-{number}-lift.npz") for number in ("09", "10"))
    cloud = Garment("cloud", first.vertices[::2], np.empty((0, 3), np.int64))
    write_cloud(Prepared(cloud, None, ()), folder / "cloud.ply")
    slanted = replace(second, vertices=second.vertices + np.array([0, 0.6, 0.4]) * second.vertices[:, :1])
    return {
        "slanted": write_mesh(slanted, folder / "slanted.obj"),
        "first": write_mesh(first, folder / "first.obj"),
        "second": write_mesh(second, folder / "second.obj"),
        "cloud": folder / "cloud.ply",
    }


@pytest.fixture(scope="module")
def shared(
    open_shared_window: OpenWindow, shapes: dict[str, Path], sequence: Path, until: Until,
    tmp_path_factory: pytest.TempPathFactory,
) -> MainWindow:  # fmt: skip
    moving = tmp_path_factory.mktemp("moving") / "folds.npz"
    moving.write_bytes(sequence.read_bytes())
    window = open_shared_window(*shapes.values(), moving, size=(1100, 760))
    window.list_methods()
    until(lambda: not window.worker.busy)
    window.document.choose(method=next(m for m in window.document.methods if m.id.spec.startswith("farthest")))
    until(lambda: not window.worker.busy)
    window.document.choose(garment=next(g for g in window.document.garments if g.name == "folds"))
    window.comparison.add(window.document.garment, window.document.method)
    until(lambda: window.comparison.measures)  # the process that scores is there before the first test
    return window


@pytest.fixture
def window(shared: MainWindow, until: Until) -> MainWindow:
    """A window on which nothing is placed."""
    shared.activateWindow()
    assert QTest.qWaitForWindowActive(shared)
    shared.notice.hide()
    for name in ("place_landmarks", "carry_names"):
        shared.commands[name].setChecked(False)
    for garment in shared.document.garments:
        shared.state.placing.reset(garment)
    shared.comparison.stop()
    show(shared, "first", until)
    return shared


def show(window: MainWindow, name: str, until: Until) -> Garment:
    garment = next(garment for garment in window.document.garments if garment.name == name)
    window.document.choose(garment=garment)
    until(lambda: not window.worker.busy)
    window.viewport.interactor.render()
    return garment


def place_of(window: MainWindow, position: np.ndarray) -> QPoint:
    x, y, _ = Screen.of(window.viewport.scene.plotter).project(position[None])[0]
    return QPoint(round(x), round(window.viewport.interactor.height() - 1 - y))


def facing(window: MainWindow, share: tuple[float, float]) -> QPoint:
    """A place of the view, by shares of the garment's width and height."""
    corners = [place_of(window, corner) for corner in window.document.garment.bounds]
    x = corners[0].x() + share[0] * (corners[1].x() - corners[0].x())
    y = corners[0].y() + share[1] * (corners[1].y() - corners[0].y())
    return QPoint(round(x), round(y))


def click(window: MainWindow, place: QPoint) -> None:
    QTest.mouseClick(window.viewport.interactor, Qt.MouseButton.LeftButton, pos=place)
    turn_event_loop()


def drag(window: MainWindow, start: QPoint, end: QPoint) -> None:
    view = window.viewport.interactor
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 5):
        QTest.mouseMove(view, start + (end - start) * step / 4)
        turn_event_loop()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    turn_event_loop()


def rename(window: MainWindow, name: str) -> None:
    press(window, Qt.Key.Key_F2, SHIFT)
    line = window.landmark_panel.table.findChild(QLineEdit)
    line.setText(name)
    QTest.keyClick(line, Qt.Key.Key_Return)
    turn_event_loop()


def names(window: MainWindow) -> tuple[str, ...]:
    return window.state.placing.of(window.document.garment).names


def position(window: MainWindow, name: str) -> np.ndarray:
    garment, marks = window.document.garment, window.document.landmarks
    places = marks.on(garment.vertices_in(window.document.frame), garment.faces)
    return places[marks.names.index(name)]


def test_a_click_places_a_landmark_that_is_named_moved_and_deleted_and_all_that_undone(
    window: MainWindow, shapes: dict[str, Path]
) -> None:
    placing, garment = window.state.placing, window.document.garment
    camera = window.viewport.scene.camera
    QTest.keyClick(window, Qt.Key.Key_K)
    assert window.docks["Landmarks"].isVisible()
    where = facing(window, (0.35, 0.5))
    click(window, where)
    assert names(window) == ("landmark 1",)
    assert (place_of(window, position(window, "landmark 1")) - where).manhattanLength() <= 2
    assert window.document.keypoint is None, "a click that places selects nothing else"
    rename(window, "left cuff")
    assert window.viewport.scene.layers["landmarks"].titles == ("left cuff",)
    kept = json.loads(landmarks_path(shapes["first"]).read_text())
    assert [row["name"] for row in kept["landmarks"]] == ["left cuff"]
    assert "first.landmarks.json" in window.landmark_panel.label.text()

    before, end = position(window, "left cuff"), facing(window, (0.6, 0.4))
    drag(window, where, end)
    assert (place_of(window, position(window, "left cuff")) - end).manhattanLength() <= 2
    assert window.viewport.scene.camera == camera, "the camera stays while a landmark is moved"
    press(window, Qt.Key.Key_Z)
    assert position(window, "left cuff") == pytest.approx(before)
    press(window, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert (place_of(window, position(window, "left cuff")) - end).manhattanLength() <= 2

    click(window, end)
    assert placing.selected == (garment, "left cuff"), "a click on one selects it"
    QTest.keyClick(window, Qt.Key.Key_Delete)
    assert names(window) == ()
    assert not landmarks_path(shapes["first"]).exists()
    for _ in range(2):
        press(window, Qt.Key.Key_Z)
    assert position(window, "left cuff") == pytest.approx(before)
    assert beside(garment).names == ("left cuff",), "what is undone is written, too"

    drag(window, facing(window, (0.5, 0.9)), facing(window, (0.7, 0.9)))
    assert window.viewport.scene.camera != camera, "a drag elsewhere turns the camera"
    window.viewport.look_first()
    QTest.keyClick(window, Qt.Key.Key_K)
    click(window, facing(window, (0.5, 0.7)))
    assert names(window) == ("left cuff",), "when switched off, a click places nothing"


def test_a_name_that_is_taken_is_refused_and_the_table_selects(window: MainWindow) -> None:
    window.commands["place_landmarks"].trigger()
    for share in ((0.35, 0.5), (0.6, 0.4)):
        click(window, facing(window, share))
    assert names(window) == ("landmark 1", "landmark 2")
    rename(window, "landmark 1")
    assert "There is already a landmark 'landmark 1'" in window.notice.label.text()
    table = window.landmark_panel.table
    table.selectRow(0)
    assert window.state.placing.selected[1] == "landmark 1"
    assert [column.title for column in table.landmarks.columns] == ["Landmark", "Frame", "x", "y", "z", "From"]
    window.commands["delete_landmark"].trigger()
    assert names(window) == ("landmark 2",)
    click(window, QPoint(4, 4))
    assert window.state.placing.selected is None, "a click beside the garment selects nothing"


def test_the_other_side_has_the_other_name_and_a_half_has_none(window: MainWindow, until: Until) -> None:
    window.commands["place_landmarks"].trigger()
    click(window, facing(window, (0.3, 0.5)))
    rename(window, "left cuff")
    press(window, Qt.Key.Key_M, SHIFT)
    until(lambda: len(names(window)) == 2)
    assert names(window) == ("left cuff", "right cuff")
    middle = window.document.garment.bounds[:, 0].mean()
    left, right = (position(window, f"{side} cuff") - [middle, 0, 0] for side in ("left", "right"))
    assert right == pytest.approx(left * [-1, 1, 1], abs=0.02 * window.document.garment.diagonal)
    window.state.placing.selected = None
    window.commands["mirror_landmarks"].trigger()
    until(lambda: "has its counterpart" in window.notice.label.text())
    press(window, Qt.Key.Key_Z)
    assert names(window) == ("left cuff",)
    show(window, "slanted", until)
    click(window, facing(window, (0.3, 0.5)))
    press(window, Qt.Key.Key_M, SHIFT)
    until(lambda: "slanted is not symmetric enough to mirror" in window.notice.label.text())


def test_on_a_mesh_a_landmark_follows_all_frames_unless_it_is_limited(window: MainWindow, until: Until) -> None:
    folds = show(window, "folds", until)
    window.commands["place_landmarks"].trigger()
    assert window.view.shows("landmarks")
    QTest.keyClick(window, Qt.Key.Key_Period)
    window.state.placing.selected = folds, "hem"
    window.commands["limit_landmark"].trigger()
    assert window.state.placing.of(folds).frames == (1, None)
    assert window.viewport.scene.state.landmarks.names == ("hem", "collar")
    table = window.landmark_panel.table
    assert [table.landmarks.columns[1].text(table.landmarks.rows, row) for row in (0, 1)] == ["1", "all"]
    QTest.keyClick(window, Qt.Key.Key_Period)
    assert window.viewport.scene.state.landmarks.names == ("collar",)
    assert "file" not in table.landmarks.rows.origins, "the file's own are edited in a copy"
    table.selectRow(0)
    assert window.document.frame == 1, "a row of another frame goes there"
    window.commands["limit_landmark"].trigger()
    assert window.state.placing.of(folds).frames == ()
    window.commands["reset_landmarks"].trigger()
    assert table.landmarks.rows.origins == ("file", "file")
    assert not landmarks_path(folds.source).exists()


def test_on_a_cloud_a_landmark_is_a_point(window: MainWindow, until: Until) -> None:
    cloud = show(window, "cloud", until)
    window.commands["place_landmarks"].trigger()
    where = facing(window, (0.5, 0.6))
    click(window, where)
    marks = window.state.placing.of(cloud)
    assert (place_of(window, cloud.vertices[marks.faces[0]]) - where).manhattanLength() < 20
    assert marks.barycentric.tolist() == [[1, 0, 0]]
    toward = window.viewport.scene.camera.position
    nearer = np.linalg.norm(cloud.vertices - toward, axis=1) < np.linalg.norm(cloud.vertices[marks.faces[0]] - toward)
    near = [(place_of(window, vertex) - where).manhattanLength() < 4 for vertex in cloud.vertices[nearer]]
    assert not any(near), "of layers, the front one is meant"


def test_names_are_carried_over_to_other_garments_as_derived_ones(window: MainWindow, until: Until) -> None:
    window.commands["carry_names"].trigger()
    assert "no names to carry over yet" in window.notice.label.text()
    turn_event_loop()
    assert not window.commands["carry_names"].isChecked()
    window.commands["place_landmarks"].trigger()
    click(window, facing(window, (0.3, 0.5)))
    rename(window, "pocket")
    source = position(window, "pocket") / window.document.garment.diagonal
    window.commands["carry_names"].trigger()
    second = show(window, "second", until)
    until(lambda: "choose a checkpoint that reads the surface" in window.notice.label.text())
    assert not window.commands["carry_names"].isChecked()

    surface = next(method for method in window.document.methods if "tops-k8-surface" in method.id.spec)
    window.document.choose(method=surface)
    window.commands["carry_names"].trigger()
    until(lambda: second in window.state.placing.derived and not window.worker.busy)
    assert window.viewport.scene.layers["landmarks"].titles == ("pocket (derived)",)
    assert window.landmark_panel.table.landmarks.rows.origins == ("derived",)
    found = window.state.placing.derived[second]
    place = found.on(second.vertices, second.faces)[0] / second.diagonal
    assert np.linalg.norm(place - source) < 0.1
    window.commands["keep_derived"].trigger()
    assert names(window) == ("pocket",)
    until(lambda: window.landmark_panel.table.landmarks.rows.origins == ("placed",))
    window.document.choose(method=next(m for m in window.document.methods if m.id.spec.startswith("farthest")))


def test_they_are_exported_and_imported_as_keypointnet_has_them(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.commands["place_landmarks"].trigger()
    click(window, facing(window, (0.4, 0.5)))
    placed = position(window, "landmark 1")
    path = tmp_path / "annotation.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.commands["export_landmarks"].trigger()
    window.commands["reset_landmarks"].trigger()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.commands["import_landmarks"].trigger()
    assert position(window, "landmark 1") == pytest.approx(placed, abs=1e-6)
    path.write_text("{}")
    window.commands["import_landmarks"].trigger()
    assert "not a KeypointNet annotation" in window.notice.label.text()
    assert names(window) == ("landmark 1",)


def test_scores_follow_the_landmarks_that_were_placed(window: MainWindow, until: Until) -> None:
    folds = show(window, "folds", until)
    window.comparison.add(folds, window.document.method)
    (other,) = window.comparison.views
    until(lambda: len(window.comparison.measures) == 2)
    window.commands["place_landmarks"].trigger()
    window.state.placing.selected = folds, "hem"
    QTest.keyClick(window, Qt.Key.Key_Delete)
    window.state.placing.selected = folds, "collar"
    QTest.keyClick(window, Qt.Key.Key_Delete)
    until(lambda: len(window.comparison.measures) == 2
          and all("agreement" not in found for found in window.comparison.measures.values()))  # fmt: skip
    assert beside(folds).names == (), "that all of the file's own are deleted is kept"
    view = window.area.pane(other).viewport
    view.interactor.render()
    QTest.mouseClick(view.interactor, Qt.MouseButton.LeftButton, pos=view.interactor.rect().center())
    x, y = view.display_position(QPointF(view.interactor.rect().center()))
    assert len(names(window)) == int(view.scene.picker.spot_at(x, y, 14) is not None), "any view takes landmarks"
