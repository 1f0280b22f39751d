"""Following a folder in a real window, by a method without learning, which is quick."""

from pathlib import Path

import numpy as np
import pytest

from app.main_window import MainWindow
from keygrid.clouds import Crop, Recipe
from tests.app.conftest import OpenWindow, Until

RECIPE = Recipe((Crop((-1, -1, -1), (1, 1, 1)),), "z")


@pytest.fixture(scope="module")
def window(open_shared_window: OpenWindow, until: Until) -> MainWindow:
    window = open_shared_window()
    window.opening.open_methods(["farthest?k=4"])
    until(lambda: window.document.method is not None and not window.worker.busy)
    return window


def write(path: Path, count: int) -> None:
    np.savetxt(path, np.random.default_rng(count).uniform(-0.5, 0.5, (count, 3)) * [1, 1, 0.5])


def test_the_newest_cloud_is_shown_prepared_with_its_keypoints(
    window: MainWindow, until: Until, tmp_path: Path
) -> None:
    shown = window.state.following
    write(tmp_path / "a.xyz", 100)
    window.following.begin(tmp_path, RECIPE)
    until(lambda: shown.frame == "a.xyz")
    garment, prediction = window.document.garment, window.document.prediction
    assert garment is not None
    assert prediction is not None
    assert (garment.name, garment.up, len(garment.vertices)) == ("a", "z", 100)
    assert np.ptp(garment.vertices, axis=0)[1] < 0.5  # z of the file
    camera = window.viewport.scene.camera
    write(tmp_path / "b.xyz", 120)
    until(lambda: shown.frame == "b.xyz")
    assert window.document.prediction is not prediction
    assert len(window.document.garments) == 1
    assert window.viewport.scene.camera == camera
    assert shown.seconds is not None
    assert f"b.xyz after {shown.seconds:.2f} s" in window.status.followed.text()
    assert not window.state.preparation.source
    window.commands["unfollow"].trigger()
    assert window.status.followed.isHidden()


def test_half_written_files_wait(window: MainWindow, until: Until, tmp_path: Path) -> None:
    window.notice.hide()
    whole = tmp_path / "whole"
    write(whole, 150)
    (tmp_path / "clouds").mkdir()
    (tmp_path / "clouds/c.xyz").write_bytes(whole.read_bytes()[:-3])  # in the middle of a number
    window.following.begin(tmp_path / "clouds", RECIPE)
    until(lambda: window.worker.busy)
    until(lambda: not window.worker.busy)
    assert window.notice.isHidden()
    (tmp_path / "clouds/c.xyz").write_bytes(whole.read_bytes())
    until(lambda: window.state.following.frame == "c.xyz")
    assert window.document.garment is not None
    assert len(window.document.garment.vertices) == 150
    window.following.stop()


def test_a_folder_that_is_not_there_is_a_sentence(window: MainWindow, tmp_path: Path) -> None:
    window.following.begin(tmp_path / "none", RECIPE)
    assert "can't be followed" in window.notice.label.text()
    assert window.state.following.folder is None
