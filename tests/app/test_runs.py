"""Runs as they are read from their directory, without Qt."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app.state.new_run import NewRun, free_directory, resumed
from app.state.runs import CHUNK, Curve, Run, Runs, State, smoothed

ROOT = Path(__file__).parents[2]
START = {"event": "start", "pid": os.getpid(), "host": "elsewhere", "epoch": 0, "step": 0, "epochs": 4, "steps": 8}
PREVIEW = {
    "event": "preview", "epoch": 0, "step": 0, "garment": "/shirt.ply", "frame": 0,
    "keypoints": [[0, 0, 0], [1, 1, 1]], "edges": [[0, 1]], "strengths": [0.5],
}  # fmt: skip


def step(number: int, **losses: float) -> dict[str, object]:
    return {
        "event": "step", "epoch": 1 + number // 2, "step": number, "losses": losses or {"farthest": 1 / number},
        "steps_per_second": 2.0, "seconds_left": 3.0, "memory": 10**9,
    }  # fmt: skip


def epoch(number: int, **scores: float) -> dict[str, object]:
    return {
        "event": "epoch", "epoch": number, "step": 2 * number, "train": {"farthest": 0.5},
        "validation": {"farthest": 0.25}, "scores": scores,
    }  # fmt: skip


def write(directory: Path, *events: object, mode: str = "a", end: str = "\n") -> None:
    directory.mkdir(exist_ok=True)
    with (directory / "events.jsonl").open(mode) as file:
        file.write("".join(json.dumps(event) + end for event in events))


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run")


def values(curve: Curve) -> list[tuple[float, float]]:
    return list(zip(curve.steps, curve.values, strict=True))


def test_a_run_is_read_as_it_grows(run):
    assert not run.read()
    assert run.state is State.LOST
    write(run.directory, START, PREVIEW, step(1), step(2))
    assert not run.read()
    history = run.history
    assert (run.state, history.step, history.pace, history.seconds_left, run.progress) == (
        State.RUNNING, 2, 2.0, 3.0, 0.25,
    )  # fmt: skip
    assert values(history.training["farthest"]) == [(1, 1), (2, 0.5)]
    write(run.directory, epoch(1, tolerant=0.3), PREVIEW | {"epoch": 1}, step(3))
    run.read()
    assert values(history.validation["farthest"]) == [(2, 0.25)]
    assert values(history.scores["tolerant"]) == [(2, 0.3)]
    assert len(history.training["farthest"]) == 3, "means of epochs are told already"
    assert [preview.epoch for preview in history.previews] == [0, 1]
    assert run.preview().epoch == 1
    assert run.preview(0).epoch == 0
    version = run.version
    run.read()
    assert run.version == version


def test_epochs_alone_make_curves_too(run):
    write(run.directory, {"event": "epoch", "epoch": 1, "train": {"farthest": 2.0}, "validation": {"farthest": 3.0}})
    run.read()
    assert values(run.history.training["farthest"]) == [(1, 2)]
    assert values(run.history.validation["farthest"]) == [(1, 3)]


def test_half_a_line_waits_for_its_rest(run):
    text = json.dumps(step(1))
    write(run.directory, START)
    with (run.directory / "events.jsonl").open("a") as file:
        file.write(text[:20])
    run.read()
    assert run.history.step == 0
    with (run.directory / "events.jsonl").open("a") as file:
        file.write(text[20:] + "\n")
    run.read()
    assert run.history.step == 1


def test_what_is_damaged_or_unknown_is_passed_over(run):
    damaged = (
        {"event": "weather"}, {"event": "step"}, {"event": "step", "step": "x", "losses": 3}, [], 3, None, {},
        PREVIEW | {"edges": [[0, 2]]}, PREVIEW | {"keypoints": [[0, 0]]}, PREVIEW | {"strengths": [1, 2]},
        PREVIEW | {"keypoints": [[0, 0, float("nan")], [1, 1, 1]]}, epoch(1) | {"train": [1]},
        step(1, farthest=float("nan")), step(10**400),
    )  # fmt: skip
    write(run.directory, START, *damaged)
    with (run.directory / "events.jsonl").open("ab") as file:
        file.write(b"\xff\xfe{\n[[[[\n")
    write(run.directory, step(2))
    run.read()
    assert run.history.step == 2
    assert values(run.history.training["farthest"]) == [(2, 0.5)]
    assert not run.history.previews


def test_a_resumed_run_is_read_again_and_its_lost_steps_go(run):
    write(run.directory, START, PREVIEW, step(1), step(2), epoch(1), step(3), {"event": "stop", "step": 3})
    run.read()
    assert run.state is State.STOPPED
    other = run.directory / "new"
    other.write_text("".join(json.dumps(event) + "\n" for event in (START, step(1), step(2), epoch(1))))
    other.replace(run.directory / "events.jsonl")
    write(run.directory, START | {"epoch": 1, "step": 2, "resumed": True})
    run.read()
    assert (run.state, run.history.step, run.history.epoch) == (State.RUNNING, 2, 1)
    assert [place for place, _ in values(run.history.training["farthest"])] == [1, 2]
    # The same without a new file.
    write(run.directory, step(3), step(4), epoch(2), PREVIEW | {"epoch": 2})
    write(run.directory, START | {"epoch": 1, "step": 2, "resumed": True}, step(3))
    run.read()
    assert [place for place, _ in values(run.history.training["farthest"])] == [1, 2, 3]
    assert not run.history.previews


def test_much_is_read_in_pieces(run):
    write(run.directory, START, *(step(number) for number in range(1, 3001)))
    readings = 1
    while run.read():
        readings += 1
    assert readings == -(-(run.directory / "events.jsonl").stat().st_size // CHUNK)
    assert len(run.history.training["farthest"]) == 3000


@pytest.mark.parametrize(
    ("events", "state", "message"),
    [
        ([{"event": "paused"}], State.PAUSED, ""),
        ([{"event": "paused"}, {"event": "resumed"}], State.RUNNING, ""),
        ([{"event": "stop", "step": 1, "message": "Asked to."}], State.STOPPED, "Asked to."),
        ([{"event": "error", "step": 1, "message": "The loss became nan."}], State.FAILED, "The loss became nan."),
        ([{"event": "end", "step": 8}], State.FINISHED, ""),
    ],
)
def test_the_last_word_says_how_it_stands(run, events, state, message):
    write(run.directory, START, step(1), *events)
    run.read()
    assert (run.state, run.message) == (state, message)
    assert state.active == (state in {State.RUNNING, State.PAUSED})


def test_files_say_what_is_wanted_of_it(run):
    write(run.directory, START, step(1))
    (run.directory / "pause").touch()
    run.read()
    assert run.state is State.PAUSING
    (run.directory / "stop").touch()
    run.read()
    assert run.state is State.STOPPING


def test_a_run_whose_process_is_gone_is_lost_or_says_why(run):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write(run.directory, START | {"host": socket.gethostname(), "pid": ended.pid}, step(1))
    run.read()
    assert run.state is State.LOST
    assert "Resume" in run.message
    (run.directory / "log.txt").write_text("skipped a.obj: it is empty\nerror: There is no memory left.\n\n")
    run.read()
    assert (run.state, run.message) == (State.FAILED, "There is no memory left.")


def test_a_trainer_elsewhere_is_lost_once_it_was_silent_for_long(run):
    write(run.directory, START, step(1))
    run.read()
    assert run.state is State.RUNNING
    long_ago = time.time() - 3600
    os.utime(run.directory / "events.jsonl", (long_ago, long_ago))
    run.read()
    assert run.state is State.LOST


def test_a_process_that_ends_before_its_first_word_has_failed(run):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run.directory.mkdir()
    run.launched(ended.pid)
    (run.directory / "log.txt").write_text('error: Unknown option: "--colour".\n')
    run.read()
    assert (run.state, run.message) == (State.FAILED, 'Unknown option: "--colour".')


def test_a_resumed_run_starts_until_its_new_process_speaks(run):
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()", "train"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        write(run.directory, START, step(1), {"event": "stop", "step": 1})
        run.read()
        run.launched(process.pid)
        run.read()
        assert run.state is State.STARTING
        write(run.directory, START | {"host": socket.gethostname(), "pid": process.pid, "step": 1}, step(2))
        run.read()
        assert (run.state, run.process) == (State.RUNNING, process.pid)
        process.communicate(b"\n")
    run.read()
    assert run.state is State.LOST


def test_checkpoints_are_those_that_are_there(run):
    write(run.directory, START, epoch(1), epoch(2))
    run.read()
    assert run.checkpoint() is None
    folder = run.directory / "checkpoints"
    folder.mkdir()
    for name in ("last", "epoch-0001", "best"):
        (folder / f"{name}.safetensors").touch()
        expected = {"last": "last", "epoch-0001": "last", "best": "best"}[name]
        assert run.checkpoint().stem == expected
    assert [run.checkpoint(number) and run.checkpoint(number).stem for number in (0, 1, 2)] == [
        None, "epoch-0001", "last",
    ]  # fmt: skip


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


def test_the_runs_are_followed_for_a_bounded_time_the_chosen_one_first(tmp_path):
    runs, told = Runs(), []
    for name in "ab":
        write(tmp_path / name, START, *(step(number) for number in range(1, 2001)))
        runs.add(tmp_path / name)
    runs.advanced.connect(lambda run: told.append(run.name))
    assert runs.add(tmp_path / "a") is runs.runs[1], "a directory is one run"
    runs.choose(runs.runs[1])
    assert runs.follow(0.0), "there is more"
    assert told == ["a", "b"]
    while runs.follow(0.001):
        pass
    assert all(run.history.step == 2000 for run in runs.runs)
    told.clear()
    runs.follow(1.0)
    assert told == []
    runs.forget(runs.chosen)
    assert runs.chosen is runs.runs[0]


def test_a_new_run_says_what_is_wrong_with_it_by_field(tmp_path):
    assert NewRun(ROOT / "assets", tmp_path / "new").problems() == {}
    write(tmp_path / "old", START)
    bad = NewRun(tmp_path / "nowhere", tmp_path / "old", device=" ", others='--points "64')
    assert bad.problems().keys() == {"data", "run", "device", "others"}
    assert NewRun(None, Path()).problems().keys() == {"data", "run"}


def test_a_new_run_makes_a_command_that_can_be_resumed(tmp_path):
    wanted = NewRun(tmp_path, tmp_path / "run", "T-shirt", keypoints=6, mirror=True, others="--points 64 --threads 1")
    arguments = wanted.arguments()
    assert arguments[:4] == ["train", str(tmp_path), "--run", str(tmp_path / "run")]
    assert " ".join(arguments[4:]) == (
        "--category T-shirt --preset released --keypoints 6 --epochs 100 --batch 8 --rotate 45.0 --deform 0.15"
        " --scale 0.0 --noise 0.0 --drop 0.0 --device cpu --mirror --points 64 --threads 1"
    )
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
    code = "import sys, app.state.runs, app.state.new_run; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = {name.partition(".")[0] for name in result.stdout.split()}
    assert not loaded & {"PySide6", "vtkmodules", "pyvista", "pyqtgraph", "torch"}
