"""Runs and new ones as values, without Qt."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from app.state.new_run import SPARE_THREADS, NewRun, free_directory, resumed
from app.state.runs import Curve, smoothed
from keygrid.training.options import Options

ROOT = Path(__file__).parents[3]


def test_curves_are_thinned_to_means_and_smoothed_without_a_bias():
    curve = Curve()
    for number in range(10):
        curve.add(number, 2.0 * number)
    curve.add(10, float("inf"))
    np.testing.assert_array_equal(curve.thinned(100)[1], np.arange(10) * 2.0)
    steps, means = curve.thinned(4)
    np.testing.assert_allclose(steps, [1, 4, 7, 9])
    np.testing.assert_allclose(means, [2, 8, 14, 18])
    np.testing.assert_allclose(smoothed(np.full(5, 3.0), 0.9), 3.0)
    # By definition: weights 1, w, w^2, ... from the last one back.
    series, weight = np.array([1.0, 5.0, 2.0]), 0.5
    np.testing.assert_allclose(smoothed(series, weight)[2], (2 + 5 * 0.5 + 1 * 0.25) / 1.75)
    np.testing.assert_array_equal(smoothed(series, 0.0), series)


def test_a_new_run_says_what_is_wrong_with_it_by_field(tmp_path):
    assert NewRun(ROOT / "assets", tmp_path / "new").problems() == {}
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "events.jsonl").touch()
    bad = NewRun(tmp_path / "nowhere", tmp_path / "old", Options.of({"device": " "}), '--points "64')
    assert bad.problems().keys() == {"data", "run", "device", "others"}
    assert NewRun(None, Path()).problems().keys() == {"data", "run"}


def test_a_new_run_makes_a_command_that_can_be_resumed(tmp_path):
    options = Options.of(
        {"category": ["T-shirt"], "keypoints": 6, "rotate": 30.0, "mirror": False, "preview": Path("/a")}
    )
    wanted = NewRun(tmp_path, tmp_path / "run", options, "--points 64 --threads 1")
    arguments = wanted.arguments()
    assert arguments[:4] == ["train", str(tmp_path), "--run", str(tmp_path / "run")]
    assert " ".join(arguments[4:]) == (
        "--category T-shirt --rotate 30.0 --no-mirror --keypoints 6 --preview /a --points 64 --threads 1"
    )
    assert NewRun(tmp_path, tmp_path / "run").arguments()[4:] == ["--threads", str(SPARE_THREADS)]
    command = "python main.py " + " ".join(arguments)
    assert resumed(command, tmp_path / "run") == ([*arguments, "--resume"], None)
    assert resumed("python main.py train a.ply --run runs/a", Path("/data/runs/a"))[1] == Path("/data")
    assert resumed("", tmp_path) == ([], None)
    assert resumed('train "', tmp_path) == ([], None)


def test_directories_are_numbered_by_what_is_there(tmp_path):
    first = free_directory(tmp_path, "T-shirt", 8, "paper")
    assert first.name == "t-shirt-k8-paper-1"
    first.mkdir()
    assert free_directory(tmp_path, "T-shirt", 8, "paper").name == "t-shirt-k8-paper-2"


def test_runs_need_neither_qt_nor_torch():
    code = "import sys, app.state.runs, app.state.new_run, app.controllers.follower; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert not loaded & {"PySide6", "vtkmodules", "pyvista", "pyqtgraph", "torch"}
