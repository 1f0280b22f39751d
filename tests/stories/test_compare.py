"""The third story: compare checkpoints side by side. A real window, real workers, real mouse and keys."""

from contextlib import suppress
from dataclasses import astuple, replace

import imageio.v2 as imageio
import numpy as np
import psutil
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from app.state.comparison import LETTERS, Comparison
from app.views.comparison import columns_for
from keygrid.evaluation.metrics import METRICS, Measures, Metric, Track, measure
from tests.app.conftest import ALT, CONTROL, FRAMES, SHIFT, picture, turn_event_loop
from tests.networks import untrained


@pytest.fixture(scope="module")
def shared(open_shared_window, until, sequence, tiny_config, tiny_checkpoint, tmp_path_factory):
    """A window with a garment that moves and three checkpoints, the last of which has more keypoints."""
    folder = tmp_path_factory.mktemp("compared")
    second = untrained(tiny_config, folder / "second.safetensors", seed=1)
    third = untrained(replace(tiny_config, keypoints=6), folder / "third.safetensors", seed=2)
    window = open_shared_window(sequence, tiny_checkpoint, second, third, size=(1100, 760))
    until(lambda: len(window.document.predictions) == FRAMES)
    add(window, until)  # starts the process that scores, which stays
    window.comparison.stop()
    return window


@pytest.fixture
def window(shared, until):
    shared.activateWindow()
    yield shared
    for name in ("arrows", "camera", "frame", "slices", "layers", "colours", "selection"):
        setattr(shared.comparison, name, True)
    shared.comparison.difference = False
    shared.comparison.stop()
    shared.document.go_to(0)
    shared.document.keypoint = None
    shared.settings.layers, shared.settings.hidden, shared.slices.z = {}, frozenset(), 0.0
    shared.slices.colour_map, shared.settings.surface_opacity = "inferno", 0.6
    shared.viewport.look_first()
    shared.notice.hide()
    settle(shared, until)


def settle(window, until):
    until(lambda: not window.worker.busy and not window.comparing.busy)
    turn_event_loop()


def add(window, until, count=1):
    for _ in range(count):
        QTest.keyClick(window, Qt.Key.Key_D, CONTROL)
    settle(window, until)
    return window.comparison.views


def test_checkpoints_are_compared_on_one_garment_to_an_exported_file(window, until, tmp_path, monkeypatch):
    first, second = add(window, until, 2)
    panes = window.area.panes
    assert [pane.letter.text() for pane in panes] == ["A", "B", "C"]
    assert all(pane.isVisible() and pane.viewport.width() > 150 for pane in panes)
    assert {pane.view.subject.method.id.path.stem for pane in panes} == {"tiny", "second", "third"}
    assert len(first.subject.predictions) == FRAMES

    # Scores below each view are those of the library.
    garment = window.document.garment
    for pane in panes:
        found = pane.view.subject.predictions
        known = measure(Track(np.stack([found[frame].keypoints for frame in range(FRAMES)]), garment))
        text = plain(pane.scores.text())
        assert f"tolerant error {known['tolerant']:.3f} · coverage {known['coverage']:.3f}" in text
        assert f"landmark agreement {known['agreement']:.3f}" in text
        assert "ms a frame" in text
        for metric in METRICS.values():
            assert f"{metric.title} {known[metric.key]:.3f}: {metric.explanation}" in pane.scores.toolTip()

    # The picture, the report and the video have all views.
    path = tmp_path / "compared.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    QTest.keyClick(window, Qt.Key.Key_E, CONTROL)
    turn_event_loop()
    QTest.keyClick(QApplication.activeModalWidget(), Qt.Key.Key_Return)
    until(path.exists)
    with Image.open(path) as image:
        width, height = image.size
    assert width * height > 3 * 2 * panes[0].viewport.interactor.width() * panes[0].viewport.interactor.height()

    window.activateWindow()
    report = tmp_path / "compared.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(report), ""))
    window.commands["export_report"].trigger()
    text = report.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 2
    assert text.count("<td>B</td>") == text.count("<td>C</td>") == 4
    assert "http" not in text, "it needs nothing from elsewhere"
    assert second.subject.method is not None


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NON-BREAKING HYPHEN}", "-")


def test_a_metric_from_outside_is_below_the_view_and_in_the_report(window, until, tmp_path, monkeypatch):
    add(window, until)
    toy = Metric("toy", "Toy share", "toy", "share", "higher", frozenset(), "how much of it is a toy", lambda _: 0.25)
    monkeypatch.setitem(METRICS, "toy", toy)
    window.comparison.measures = {window.area.panes[1].view: Measures({"toy": np.array(0.25)})}
    for pane in window.area.panes:
        pane.refresh()
    assert "toy 0.250" in plain(window.area.panes[1].scores.text())
    assert "Toy share 0.250: how much of it is a toy" in window.area.panes[1].scores.toolTip()
    report = tmp_path / "toys.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(report), ""))
    window.commands["export_report"].trigger()
    text = report.read_text(encoding="utf-8")
    assert "<th>Toy share</th>" in text
    assert "<td>0.250</td>" in text
    assert "how much of it is a toy" in text


def test_a_video_shows_every_frame_of_every_view(window, until, tmp_path, monkeypatch):
    add(window, until)
    path = tmp_path / "compared.gif"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    window.document.go_to(2)
    window.commands["export_video"].trigger()
    turn_event_loop()
    QTest.keyClick(QApplication.activeModalWidget(), Qt.Key.Key_Return)
    until(lambda: window.exporting.recording is not None)
    until(lambda: window.exporting.recording is None)
    frames = imageio.mimread(path)
    still = picture(window.area.panes[0])
    assert len(frames) == FRAMES
    assert np.abs(frames[0].astype(int) - frames[3]).max() > 60
    assert window.document.frame == 2, "it is back where it was"
    off = [np.abs(frame[20 : 20 + len(still), : still.shape[1], :3].astype(int) - still).mean() for frame in frames]
    assert np.argmin(off) == 2, "each picture is of its own frame"


def test_a_video_that_is_cancelled_leaves_nothing(window, until, tmp_path, monkeypatch):
    path = tmp_path / "turn.mp4"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    camera = window.viewport.scene.camera
    window.commands["export_video"].trigger()
    dialog = QApplication.activeModalWidget()
    dialog.motion.setCurrentIndex(dialog.motion.findData("turntable"))
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    recording = window.exporting.recording
    until(lambda: recording.seconds_left is not None)
    QTest.keyClick(QApplication.activeModalWidget(), Qt.Key.Key_Escape)
    assert window.exporting.recording is None
    assert list(tmp_path.iterdir()) == []
    assert window.viewport.scene.camera == camera
    assert not window.notice.isVisible()


def test_partners_have_the_same_colour_and_number_and_arrows_lead_to_them(window, until):
    (other,) = add(window, until)
    pane, match = window.area.pane(other), window.comparison.matches[other]
    ours, theirs = (shown.viewport.scene.layers["keypoints"] for shown in (window, pane))
    assert theirs.titles == [str(partner) for partner in match.partners]
    assert theirs.colours.tolist() == ours.colours[match.partners].tolist()
    assert pane.viewport.scene.layers["displacements"].count == 4
    before = picture(pane)
    QTest.keyClick(window, Qt.Key.Key_D)
    assert not window.comparison.arrows
    assert np.abs(picture(pane) - before).max() > 60
    rows = window.comparison_panel.table.rows
    until(lambda: rows.rowCount() == 4)
    told = [rows.data(rows.index(row, 2)) for row in range(4)]
    assert told == [str(match.partner_of(keypoint)) for keypoint in range(4)]


def test_what_has_no_partner_is_grey_and_says_its_own_number(window, until):
    second, third = add(window, until, 2)
    match = window.comparison.matches[third]
    lone = np.flatnonzero(match.partners < 0).tolist()
    assert len(lone) == 2
    texts = window.area.pane(third).viewport.scene.layers["keypoints"].titles
    assert [texts[index] for index in lone] == [f"({index})" for index in lone]
    third.subject.keypoint = lone[0]
    assert window.document.keypoint is None
    assert second.subject.keypoint is None
    third.subject.keypoint = match.partner_of(2)
    assert window.document.keypoint == 2
    assert second.subject.keypoint == window.comparison.matches[second].partner_of(2)


def test_what_is_linked_goes_together_until_the_link_is_undone(window, until):
    (other,) = add(window, until)
    area, pane = window.area, window.area.pane(other)
    QTest.keyClick(window, Qt.Key.Key_Period)
    assert other.subject.frame == window.document.frame == 1
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    assert other.slices.z == window.slices.z != 0
    QTest.keyClick(window, Qt.Key.Key_1)
    assert not other.shows("surface")
    window.slices.colour_map = "viridis"
    assert other.slices.colour_map == "viridis"
    area.look(window.viewport.scene.camera.turned(40))
    assert pane.viewport.scene.camera == window.viewport.scene.camera
    other.settings.surface_opacity = 0.9  # from whichever view it comes
    assert window.settings.surface_opacity == 0.9

    for link in ("frame", "slices", "layers", "colours", "camera"):
        window.commands[f"link_{link}"].trigger()
    turn_event_loop()
    assert pane.own.isVisible()
    before = pane.viewport.scene.camera
    QTest.keyClick(window, Qt.Key.Key_Period)
    QTest.keyClick(window, Qt.Key.Key_BracketLeft)
    QTest.keyClick(window, Qt.Key.Key_1)
    area.look(window.viewport.scene.camera.turned(40))
    assert (other.subject.frame, window.document.frame) == (1, 2)
    assert other.slices.z != window.slices.z
    assert not other.shows("surface")
    assert window.view.shows("surface")
    assert pane.viewport.scene.camera == before
    pane.own.frame.setValue(4)
    assert (other.subject.frame, window.document.frame) == (4, 2)

    window.commands["link_frame"].trigger()
    assert other.subject.frame == 2, "what is linked again follows the first view"


def test_turning_one_view_by_the_mouse_turns_all(window, until):
    (other,) = add(window, until)
    view = window.area.pane(other).viewport
    before = window.viewport.scene.camera
    middle = view.interactor.rect().center()
    QTest.mousePress(view.interactor, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 6):
        QTest.mouseMove(view.interactor, middle + QPoint(8 * step, 0))
        turn_event_loop()
    QTest.mouseRelease(view.interactor, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
    turn_event_loop()
    assert window.viewport.scene.camera != before
    for here, there in zip(astuple(window.viewport.scene.camera), astuple(view.scene.camera), strict=True):
        assert there == pytest.approx(here)


def test_one_key_flips_between_views_in_one_place(window, until):
    add(window, until)
    a, b = window.area.panes
    QTest.keyClick(window, Qt.Key.Key_B)
    turn_event_loop()
    assert (a.isVisible(), b.isVisible()) == (False, True)
    place = b.geometry()
    QTest.keyClick(window, Qt.Key.Key_B)
    turn_event_loop()
    assert (a.isVisible(), b.isVisible()) == (True, False)
    assert a.geometry() == place
    window.commands["compare_as_overlay"].trigger()
    turn_event_loop()
    assert window.area.legend.isVisible()
    assert "cube B  second" in window.area.legend.text()
    assert a.viewport.scene.layers["others"].count == 1
    window.commands["compare_as_grid"].trigger()
    assert a.viewport.scene.layers["others"].count == 0


def test_the_heatmaps_difference_is_that_of_the_views(window, until):
    (other,) = add(window, until)
    QTest.keyClick(window, Qt.Key.Key_D, SHIFT)
    heat = other.heat
    assert heat.reference is window.document.prediction
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    from keygrid.prediction import heatmap

    ours = heatmap(points, window.document.prediction)
    assert heat.at(points) == pytest.approx(heatmap(points, other.subject.prediction) - ours, abs=1e-9)
    assert window.view.heat.reference is None
    QTest.keyClick(window, Qt.Key.Key_Period)
    assert other.heat.reference is window.document.prediction, "in the next frame, too"


def test_a_view_can_show_another_garment_and_be_taken_away(window, until, shirt):
    path = shirt.source
    window.open([path])
    until(lambda: len(window.document.garments) == 2)
    folds = window.document.garments[0]
    window.document.choose(garment=folds)
    window.commands["compare_garments"].trigger()
    settle(window, until)
    (other,) = window.comparison.views
    pane = window.area.pane(other)
    assert other.subject.garment.source == path
    assert window.comparison.matches[other].partners.tolist() == [0, 1, 2, 3], "one checkpoint's are each other's"
    assert pane.scores.text().startswith("coverage")
    assert "error" not in pane.scores.text(), "it does not move"
    assert "No strict error: it needs a garment that moves and a surface" in pane.scores.toolTip()
    # Where one checkpoint is compared on several garments, another one is taken over by all.
    window.document.choose(method=window.document.methods[1])
    assert other.subject.method is window.document.methods[1]
    window.document.choose(method=window.document.methods[0])
    window.document.close_garment(other.subject.garment)
    assert other.subject.garment is folds
    settle(window, until)
    QTest.mouseClick(pane.close_button, Qt.MouseButton.LeftButton)
    assert window.area.panes[1:] == []
    assert not window.docks["Compare"].isVisible()
    assert not window.area.panes[0].header.isVisible()


def test_there_is_a_most_of_views_and_it_is_said(window, until):
    for _ in LETTERS:
        QTest.keyClick(window, Qt.Key.Key_D, CONTROL)
    assert len(window.area.panes) == len(LETTERS)
    assert "which is the most" in window.notice.label.text()
    settle(window, until)
    assert all(pane.view.subject.prediction is not None for pane in window.area.panes)
    QTest.keyClick(window, Qt.Key.Key_W, CONTROL | ALT)
    assert len(window.area.panes) == 1


@pytest.mark.parametrize(
    ("count", "size", "columns"),
    [(1, (800, 600), 1), (2, (800, 600), 2), (2, (600, 800), 1), (4, (800, 600), 2), (6, (900, 600), 3)],
)
def test_views_are_as_large_as_can_be(count, size, columns):
    assert columns_for(count, *size) == columns


def test_a_comparison_without_views_is_not_one():
    comparison = Comparison()
    assert not comparison.active
    comparison.add(None, None)
    assert comparison.active
    comparison.flip()
    assert (comparison.mode, comparison.front) == ("flip", 1)
    comparison.flip()
    assert comparison.front == 0
    comparison.remove(comparison.views[0])
    assert not comparison.active


def kill_scorer(window):
    for process in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it ended already
            if "app.worker" in process.cmdline() and process.pid != window.worker.process_id:
                process.kill()


def test_scores_come_although_their_process_is_killed(window, until):
    QTest.keyClick(window, Qt.Key.Key_D, CONTROL)
    until(lambda: window.comparing.busy)
    kill_scorer(window)
    until(lambda: len(window.comparison.measures) == 2)
    assert not window.notice.isVisible()


def test_scores_that_never_come_are_said_not_to(window, until, monkeypatch):
    QTest.keyClick(window, Qt.Key.Key_D, CONTROL)
    until(lambda: window.notice.isVisible() or (window.comparing.busy and kill_scorer(window)))
    assert "There are no scores: The background process ended" in window.notice.label.text()
