"""Runs as they are read from their directory, without Qt."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.controllers.follower import CHUNK, Follower, Followers
from app.state.runs import Curve, Run, Runs, State

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


@pytest.fixture
def follower(run):
    return Follower(run)


def values(curve: Curve) -> list[tuple[float, float]]:
    return list(zip(curve.steps, curve.values, strict=True))


def test_a_run_is_read_as_it_grows(follower, run):
    assert not follower.read()
    assert run.state is State.LOST
    write(run.directory, START, PREVIEW, step(1), step(2))
    assert not follower.read()
    history = run.history
    assert (run.state, history.step, history.pace, history.seconds_left, run.progress) == (
        State.RUNNING, 2, 2.0, 3.0, 0.25,
    )  # fmt: skip
    assert values(history.training["farthest"]) == [(1, 1), (2, 0.5)]
    write(run.directory, epoch(1, tolerant=0.3), PREVIEW | {"epoch": 1}, step(3))
    follower.read()
    assert values(history.validation["farthest"]) == [(2, 0.25)]
    assert values(history.scores["tolerant"]) == [(2, 0.3)]
    assert len(history.training["farthest"]) == 3, "means of epochs are told already"
    assert [preview.epoch for preview in history.previews] == [0, 1]
    assert run.preview().epoch == 1
    assert run.preview(0).epoch == 0
    version = run.version
    follower.read()
    assert run.version == version


def test_epochs_alone_make_curves_too(follower, run):
    write(run.directory, {"event": "epoch", "epoch": 1, "train": {"farthest": 2.0}, "validation": {"farthest": 3.0}})
    follower.read()
    assert values(run.history.training["farthest"]) == [(1, 2)]
    assert values(run.history.validation["farthest"]) == [(1, 3)]


def test_half_a_line_waits_for_its_rest(follower, run):
    text = json.dumps(step(1))
    write(run.directory, START)
    with (run.directory / "events.jsonl").open("a") as file:
        file.write(text[:20])
    follower.read()
    assert run.history.step == 0
    with (run.directory / "events.jsonl").open("a") as file:
        file.write(text[20:] + "\n")
    follower.read()
    assert run.history.step == 1


def test_what_is_damaged_or_unknown_is_passed_over(follower, run):
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
    follower.read()
    assert run.history.step == 2
    assert values(run.history.training["farthest"]) == [(2, 0.5)]
    assert not run.history.previews


def test_a_resumed_run_is_read_again_and_its_lost_steps_go(follower, run):
    write(run.directory, START, PREVIEW, step(1), step(2), epoch(1), step(3), {"event": "stop", "step": 3})
    follower.read()
    assert run.state is State.STOPPED
    other = run.directory / "new"
    other.write_text("".join(json.dumps(event) + "\n" for event in (START, step(1), step(2), epoch(1))))
    other.replace(run.directory / "events.jsonl")
    write(run.directory, START | {"epoch": 1, "step": 2, "resumed": True})
    follower.read()
    assert (run.state, run.history.step, run.history.epoch) == (State.RUNNING, 2, 1)
    assert [place for place, _ in values(run.history.training["farthest"])] == [1, 2]
    # The same without a new file.
    write(run.directory, step(3), step(4), epoch(2), PREVIEW | {"epoch": 2})
    write(run.directory, START | {"epoch": 1, "step": 2, "resumed": True}, step(3))
    follower.read()
    assert [place for place, _ in values(run.history.training["farthest"])] == [1, 2, 3]
    assert not run.history.previews


def test_much_is_read_in_pieces(follower, run):
    write(run.directory, START, *(step(number) for number in range(1, 3001)))
    readings = 1
    while follower.read():
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
def test_the_last_word_says_how_it_stands(follower, run, events, state, message):
    write(run.directory, START, step(1), *events)
    follower.read()
    assert (run.state, run.message) == (state, message)
    assert state.active == (state in {State.RUNNING, State.PAUSED})


def test_files_say_what_a_run_was_asked_for(follower, run):
    write(run.directory, START, step(1))
    (run.directory / "pause").touch()
    follower.read()
    assert run.state is State.PAUSING
    (run.directory / "stop").touch()
    follower.read()
    assert run.state is State.STOPPING


def test_a_run_whose_process_is_gone_is_lost_or_says_why(follower, run):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write(run.directory, START | {"host": socket.gethostname(), "pid": ended.pid}, step(1))
    follower.read()
    assert run.state is State.LOST
    assert "Resume" in run.message
    (run.directory / "log.txt").write_text("skipped a.obj: it is empty\nerror: There is no memory left.\n\n")
    follower.read()
    assert (run.state, run.message) == (State.FAILED, "There is no memory left.")


def test_a_trainer_elsewhere_is_lost_once_it_was_silent_for_long(follower, run):
    write(run.directory, START, step(1))
    follower.read()
    assert run.state is State.RUNNING
    long_ago = time.time() - 3600
    os.utime(run.directory / "events.jsonl", (long_ago, long_ago))
    follower.read()
    assert run.state is State.LOST


def test_a_process_that_ends_before_its_first_word_has_failed(follower, run):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run.directory.mkdir()
    follower.launched(ended.pid)
    (run.directory / "log.txt").write_text('error: Unknown option: "--colour".\n')
    follower.read()
    assert (run.state, run.message) == (State.FAILED, 'Unknown option: "--colour".')


def test_a_resumed_run_starts_until_its_new_process_speaks(follower, run):
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()", "train"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        write(run.directory, START, step(1), {"event": "stop", "step": 1})
        follower.read()
        follower.launched(process.pid)
        follower.read()
        assert run.state is State.STARTING
        write(run.directory, START | {"host": socket.gethostname(), "pid": process.pid, "step": 1}, step(2))
        follower.read()
        assert (run.state, run.process) == (State.RUNNING, process.pid)
        process.communicate(b"\n")
    follower.read()
    assert run.state is State.LOST


def test_checkpoints_are_those_that_are_there(follower, run):
    write(run.directory, START, epoch(1), epoch(2))
    follower.read()
    assert run.checkpoint() is None
    folder = run.directory / "checkpoints"
    folder.mkdir()
    for name in ("last", "epoch-0001", "best"):
        (folder / f"{name}.safetensors").touch()
        write(run.directory, {"event": "checkpoint", "epoch": 2, "step": 4, "file": f"checkpoints/{name}.safetensors"})
        follower.read()
        expected = {"last": "last", "epoch-0001": "last", "best": "best"}[name]
        assert run.checkpoint().stem == expected
    assert [run.checkpoint(number) and run.checkpoint(number).stem for number in (0, 1, 2)] == [
        None, "epoch-0001", "last",
    ]  # fmt: skip


def test_a_process_that_has_only_got_the_number_is_not_the_trainer(follower, run):
    here = START | {"host": socket.gethostname(), "pid": os.getpid()}
    write(run.directory, here | {"time": time.time()}, step(1))
    follower.read()
    assert run.state is State.RUNNING
    write(run.directory, here | {"time": psutil.Process().create_time() - 3600}, step(2))
    follower.read()
    assert (run.state, run.process) == (State.LOST, os.getpid())


def test_the_runs_are_followed_for_a_bounded_time_the_chosen_one_first(tmp_path):
    runs, told = Runs(), []
    followers = Followers(runs)
    for name in "ab":
        write(tmp_path / name, START, *(step(number) for number in range(1, 2001)))
        runs.add(tmp_path / name)
    runs.advanced.connect(lambda run: told.append(run.name))
    assert runs.add(tmp_path / "a") is runs.runs[1], "a directory is one run"
    runs.choose(runs.runs[1])
    assert followers.follow(0.0), "there is more"
    assert told == ["a", "b"]
    while followers.follow(0.001):
        pass
    assert all(run.history.step == 2000 for run in runs.runs)
    told.clear()
    followers.follow(1.0)
    assert told == []
    runs.forget(runs.chosen)
    assert runs.chosen is runs.runs[0]
