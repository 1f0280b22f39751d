"""Events as values and as lines, without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from keygrid.training.events import (
    KINDS,
    CheckpointEvent,
    EpochEvent,
    ErrorEvent,
    Event,
    PreviewEvent,
    StartEvent,
    StepEvent,
    from_json,
    read_events,
    to_json,
)
from keygrid.training.run import RunDirectory
from tests.conftest import ROOT

EVENTS = [
    StartEvent(time=1.5, pid=3, host="here", epochs=4, steps=8, resumed=True),
    StepEvent(epoch=1, step=2, losses={"farthest": 0.5}, total=0.5, seconds_left=3.0),
    EpochEvent(epoch=1, step=2, train={"farthest": 0.5}, scores={"strict": 0.25}, seconds=2.0),
    CheckpointEvent(epoch=1, step=2, file="checkpoints/last.safetensors", best=True),
    PreviewEvent(
        epoch=1, step=2, garment="/a.ply", keypoints=((0, 0, 0.5), (1, 1, 1)), edges=((0, 1),), strengths=(0.5,)
    ),
    ErrorEvent(step=2, message="No space is left."),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    assert from_json(to_json(event)) == event
    assert "\n" not in to_json(event)


def test_every_kind_has_a_name_of_its_own() -> None:
    assert list(KINDS) == [
        "start", "step", "epoch", "checkpoint", "preview", "paused", "resumed", "stop", "error", "end",
    ]  # fmt: skip


def test_a_damaged_line_costs_that_line(tmp_path: Path) -> None:
    good = to_json(EVENTS[1])
    damaged = [
        "", "{", "3", "null", "[]", "{}", '{"event": "weather"}', '{"event": []}', '{"event": "step"}', "[" * 100_000,
        '{"event": "step", "step": 1, "losses": [1]}', '{"event": "step", "step": 1e400, "losses": {}}', good[:-3],
        f'{{"event": "step", "step": {10**400}, "losses": {{}}}}',
    ]  # fmt: skip
    path = tmp_path / "events.jsonl"
    path.write_bytes("\n".join([good, *damaged, good]).encode() + b"\n\xff\xfe{\n")
    assert read_events(path) == [EVENTS[1]] * 2
    assert read_events(tmp_path / "none") == []


def test_attributes_that_are_missing_unknown_or_null_are_passed_over() -> None:
    line = '{"event": "epoch", "epoch": 2, "weather": "fine", "step": null, "scores": {"strict": null, "coverage": 1}}'
    assert from_json(line) == EpochEvent(epoch=2, scores={"coverage": 1.0})


def test_what_came_later_is_cut_off_and_what_is_not_known_stays(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    for event in (*EVENTS, StepEvent(step=3, losses={}), EpochEvent(epoch=2)):
        run.write(event)
    with run.event_log.open("a") as file:
        file.write('{"event": "weather"}\n{"event": "st\n')
    run.begin({}, epoch=1, step=2, resumed=True)
    assert [event.kind for event in run.events()] == [event.kind for event in EVENTS]
    assert run.event_log.read_text().endswith('{"event": "weather"}\n')
    run.begin({}, epoch=1, step=2, resumed=False)
    assert run.event_log.read_text() == ""


@pytest.mark.parametrize("module", ["events", "run", "control", "config", "terms", "options"])
def test_followers_and_forms_need_no_torch(module: str) -> None:
    code = f"import sys, keygrid.training.{module}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not {name.partition(".")[0] for name in result.stdout.split()} & {"torch", "scipy", "PySide6"}
