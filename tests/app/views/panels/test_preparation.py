"""Preparing a cloud in the window: a real window and worker, and a small table with a thing on it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from app.main_window import MainWindow
from app.scene.layers.removed import RemovedLayer
from keygrid.clouds import Crop, Recipe, RemoveOutliers, RemovePlane, read_recipe
from keygrid.clouds.files import write_cloud
from keygrid.clouds.preparing import Prepared
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from tests.app.conftest import OpenWindow, Until

TABLE, THING = 3000, 600


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    flat = np.column_stack([rng.uniform(-0.6, 0.6, (TABLE, 2)), rng.normal(0, 0.001, TABLE)])
    thing = np.column_stack([rng.uniform(-0.1, 0.1, (THING, 2)), rng.uniform(0.02, 0.06, THING)])
    path = tmp_path_factory.mktemp("clouds") / "table.ply"
    write_cloud(Prepared(Garment("table", np.concatenate([flat, thing]), np.empty((0, 3), np.int64)), None, ()), path)
    return path


@pytest.fixture(scope="module")
def window(open_shared_window: OpenWindow, table: Path) -> MainWindow:
    return open_shared_window(table)


@pytest.fixture(autouse=True)
def begun_anew(window: MainWindow, until: Until) -> None:
    while window.state.preparation.earlier:
        window.state.preparation.undo()
    until(lambda: not window.worker.busy)
    window.notice.hide()


def do(window: MainWindow, until: Until, name: str) -> None:
    window.commands[name].trigger()
    until(lambda: not window.worker.busy)


def test_each_step_is_shown_and_undone(window: MainWindow, until: Until) -> None:
    panel, document = window.preparation_panel, window.document
    do(window, until, "usual_steps")
    assert document.garment is not None
    assert (document.garment.name, document.garment.up) == ("table-prepared", "z")
    assert THING * 0.9 < len(document.garment.vertices) <= THING
    assert [panel.list.item(row).text().split(":")[0] for row in range(panel.list.count())] == [
        "Remove the table", "Remove outliers", "Keep one cluster",
    ]  # fmt: skip
    before = len(document.garment.vertices)
    do(window, until, "step_downsample")
    assert len(document.garment.vertices) < before
    assert len(document.garments) == 2  # the cloud and what is made of it
    do(window, until, "undo_step")
    assert len(document.garment.vertices) == before
    do(window, until, "undo_step")
    assert document.garment.name == "table"
    assert not window.commands["save_cloud"].isEnabled()


def test_numbers_change_a_step_and_what_cannot_be_is_said_and_undone(window: MainWindow, until: Until) -> None:
    panel, preparation = window.preparation_panel, window.state.preparation
    do(window, until, "step_crop")
    assert isinstance(preparation.recipe.steps[0], Crop)
    panel.numbers["high"][0].setValue(0.0)
    until(lambda: preparation.recipe.steps[0].high[0] == 0.0 and not window.worker.busy)
    assert preparation.prepared is not None
    assert preparation.prepared.counts[1] < TABLE
    panel.numbers["high"][0].setValue(-5.0)
    until(lambda: "is empty" in window.notice.label.text())
    assert panel.numbers["high"][0].value() == 0.0
    do(window, until, "step_plane")
    do(window, until, "step_plane")
    assert "There is no table" in window.notice.label.text()
    assert [type(step) for step in preparation.recipe.steps] == [Crop, RemovePlane]
    panel.list.setCurrentRow(0)
    panel.remove.click()
    until(lambda: not window.worker.busy)
    assert [type(step) for step in preparation.recipe.steps] == [RemovePlane]


def test_a_recipe_and_a_cloud_are_saved_and_the_recipe_is_applied(
    window: MainWindow, until: Until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(window, until, "step_plane")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "saved"), ""))
    window.commands["save_recipe"].trigger()
    window.commands["save_cloud"].trigger()
    assert read_recipe(tmp_path / "saved.json") == Recipe((RemovePlane(),))
    assert len(read_garment(tmp_path / "saved.ply").vertices) == len(window.document.garment.vertices)
    content = json.loads((tmp_path / "saved.json").read_text())
    content["up"] = "-z"
    content["steps"].append({"step": "outliers"})
    (tmp_path / "other.json").write_text(json.dumps(content))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "other.json"), ""))
    do(window, until, "apply_recipe")
    assert window.state.preparation.recipe == Recipe((RemovePlane(), RemoveOutliers()), "-z")
    assert window.preparation_panel.up.currentText() == "-z"
    assert window.document.garment.up == "-z"


def test_a_crash_of_open3d_is_a_sentence_and_nothing_is_lost(
    open_window: OpenWindow, until: Until, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken" / "open3d"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    window = open_window(table)
    process = window.worker.process_id
    do(window, until, "step_plane")
    assert "ended unexpectedly" in window.notice.label.text()
    assert window.worker.process_id != process
    assert window.state.preparation.recipe == Recipe()
    assert window.document.garment is window.state.preparation.source
    do(window, until, "step_crop")  # needs no Open3D
    assert window.document.garment.name == "table-prepared"


def test_removed_points_are_shown_until_they_are_switched_off(window: MainWindow, until: Until) -> None:
    panel, preparation = window.preparation_panel, window.state.preparation
    layer = window.viewport.scene.layers["removed"]
    assert isinstance(layer, RemovedLayer)
    assert not layer.visible
    do(window, until, "step_plane")
    garment, prepared = window.document.garment, preparation.prepared
    assert garment is not None
    assert prepared is not None
    assert layer.points is not None
    assert len(layer.points) == TABLE + THING - len(garment.vertices)
    assert layer.points[:, 1].max() < garment.vertices[:, 1].min(), "the table is below, as the cloud stands"
    assert f"removed by this step: {len(layer.points):,}" in panel.legend.text()
    do(window, until, "step_cluster")
    panel.list.setCurrentRow(1)
    assert "by other steps: " in panel.legend.text()
    removed = preparation.removed
    assert removed is not None
    assert not removed.is_chosen[: TABLE // 2].any()
    panel.list.setCurrentRow(0)
    assert preparation.removed is not None
    assert preparation.removed.is_chosen.sum() > TABLE / 2
    panel.show_removed.click()
    assert not layer.visible
    assert panel.legend.isHidden()
    panel.show_removed.click()
    assert layer.visible
    assert preparation.source is not None
    window.document.choose(garment=preparation.source)
    assert not layer.visible, "the whole cloud has them"
