"""Methods without learning in the window: what they find is shown, and what they lack is off and says why."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.state.session import read_session, write_session
from keygrid.model.decoder_config import NoDecoderConfig, SkeletonDecoderConfig
from tests.app.conftest import close
from tests.networks import untrained

ROOT = Path(__file__).parents[2]
UNEXPLAINED = ("slice", "isosurface", "volume", "reconstruction", "samples")


@pytest.fixture
def window(open_window, sequence, until):
    window = open_window(sequence)
    window.list_methods()
    until(lambda: len(window.document.methods) > 4)
    return window


def choose(window, until, spec):
    method = next(known for known in window.document.methods if known.id.spec == spec)
    window.document.choose(method=method)
    until(lambda: len(window.document.predictions) == window.document.frame_count)


def test_methods_without_learning_are_in_the_list_behind_checkpoints(window):
    found = window.library.methods
    titles = [found.item(row).text() for row in range(found.count())]
    assert titles[-4:] == [
        "Farthest points of the cloud (K=8)", "Farthest points along the cloth (K=8)",
        "Points held still in the box (K=8)", "ISS (K=8)",
    ]  # fmt: skip
    assert found.item(found.count() - 4).toolTip() == "farthest?k=8"
    assert any(title.startswith("tops-k8-keygrid (K=8") for title in titles)


def test_what_a_method_lacks_is_off_and_says_why(window, until):
    choose(window, until, "farthest?k=8")
    assert "8 keypoints on folds by Farthest points of the cloud" in window.status.label.text()
    reason = "Farthest points of the cloud has no weights, heatmap or reconstruction; choose a checkpoint"
    for panel in (window.slice_panel, window.heatmap_panel):
        assert not panel.isEnabled()
        assert panel.toolTip() == reason
    for name in UNEXPLAINED:
        assert not window.layers.boxes[name].isEnabled()
        assert window.layers.boxes[name].toolTip() == reason
        assert not window.view.shows(name)
    assert window.layers.boxes["keypoints"].isEnabled()
    for name in ("weights", "peak"):
        assert not window.commands[name].isEnabled()
        assert window.commands[name].toolTip() == reason
    texts = [window.table.model().index(0, column).data() for column in range(window.table.model().columnCount())]
    assert texts[-1] == "–"
    assert texts[-2] != "–"

    checkpoint = next(known for known in window.document.methods if known.title == "tops-k8-keygrid")
    window.document.choose(method=checkpoint)
    until(lambda: window.document.prediction is not None)
    for panel in (window.slice_panel, window.heatmap_panel):
        assert panel.isEnabled()
        assert panel.toolTip() == ""
    assert all(window.layers.boxes[name].isEnabled() for name in UNEXPLAINED)
    assert all(window.commands[name].isEnabled() for name in ("weights", "peak"))


def test_keypoints_of_a_method_without_a_file_have_names_while_it_is_chosen(window, until):
    choose(window, until, "still?k=8")
    window.document.relabel(window.document.labels.named(2, "hem"))
    assert window.document.labels.title(2) == "2 hem"
    choose(window, until, "farthest?k=8")
    assert window.document.labels.title(2) == "2"


def test_methods_are_compared_and_kept_in_a_session(window, open_window, until, tmp_path):
    choose(window, until, "geodesic?k=8")
    other = next(known for known in window.document.methods if known.id.spec == "iss?k=8")
    view = window.comparison.add(window.document.garment, other)
    until(lambda: view in window.comparison.measures, 240_000)
    assert window.comparison.measures[view]
    path = tmp_path / "compared.keygrid"
    session = window.restoring.session()
    write_session(session, path)
    assert json.loads(path.read_text())["views"][1]["checkpoint"] == "iss?k=8"
    assert [state.method for state in read_session(path).views] == ["geodesic?k=8", "iss?k=8"]
    second = open_window()
    second.restoring.open(path)
    until(lambda: second.comparison.views and second.comparison.views[0].subject.prediction is not None, 240_000)
    assert second.document.method.id.spec == "geodesic?k=8"
    assert second.comparison.views[0].subject.method.id.spec == "iss?k=8"


def test_a_method_of_another_package_is_in_the_list_the_commands_and_the_window(
    toy_package, open_window, sequence, until, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(toy_package))
    window = open_window(sequence)
    window.opening.open_methods(["toy?k=5"])
    window.list_methods()
    until(lambda: len(window.document.predictions) == window.document.frame_count > 0)
    assert window.document.prediction.method.title == "Diagonal of the box"
    assert len(window.document.prediction.keypoints) == 5
    assert window.table.model().rowCount() == 5
    until(lambda: any(known.id.spec == "toy?k=8" for known in window.document.methods))
    listed = window.library.methods
    assert "Diagonal of the box (K=8)" in [listed.item(row).text() for row in range(listed.count())]
    close(window)
    out = tmp_path / "k.json"
    commands = (
        ("predict", sequence, "--method", "toy?k=5", "--out", out),
        ("evaluate", "toy?k=3", "--data", sequence, "--split", "all"),
    )
    for words in commands:
        command = [sys.executable, ROOT / "main.py", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(json.loads(out.read_text())["keypoints"]) == 5
    assert "| toy?k=3 | folds |" in done.stdout


def test_a_baseline_shows_its_segments_and_says_that_it_has_no_heatmap(window, until, tiny_config, tmp_path):
    path = untrained(replace(tiny_config, decoder=SkeletonDecoderConfig()), tmp_path / "merger.safetensors")
    window.open([path])
    until(lambda: window.document.method is not None and window.document.method.title == "merger")
    until(lambda: window.document.prediction is not None and window.document.prediction.method.title == "merger")
    reason = "merger has no heatmap; choose a checkpoint of Key-Grid"
    for panel in (window.slice_panel, window.heatmap_panel):
        assert not panel.isEnabled()
        assert panel.toolTip() == reason
    for name in ("slice", "isosurface", "volume"):
        assert not window.layers.boxes[name].isEnabled()
        assert window.layers.boxes[name].toolTip() == reason
    for name in ("keypoints", "skeleton", "reconstruction", "samples"):
        assert window.layers.boxes[name].isEnabled()
    assert window.commands["weights"].isEnabled()


def test_a_baseline_without_a_decoder_has_keypoints_and_weights_alone(window, until, tiny_config, tmp_path):
    path = untrained(replace(tiny_config, decoder=NoDecoderConfig()), tmp_path / "sc3k.safetensors")
    window.open([path])
    until(lambda: window.document.prediction is not None and window.document.prediction.method.title == "sc3k")
    assert window.layers.boxes["reconstruction"].toolTip() == (
        "sc3k has no reconstruction; choose a checkpoint of another method"
    )
    assert window.layers.boxes["slice"].toolTip() == "sc3k has no heatmap; choose a checkpoint of Key-Grid"
    assert window.layers.boxes["skeleton"].toolTip() == "The method of these keypoints has no segments"
    assert window.layers.boxes["samples"].isEnabled()
    window.document.keypoint = 0
    window.view.settings.weights = True
    assert window.view.weights is not None
    assert len(window.document.prediction.edges) == 0
