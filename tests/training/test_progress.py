from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from keygrid.errors import KeygridError
from keygrid.training.events import EndEvent, EpochEvent, PausedEvent, ResumedEvent, StartEvent, StepEvent
from keygrid.training.progress import show_progress, tensorboard, to_all

START = StartEvent(pid=1, host="here", step=2, steps=10)
STEP = StepEvent(
    epoch=1, step=3, losses={"farthest": 0.25, "similarity": 2.0}, total=2.25, steps_per_second=4.0,
    seconds_left=3725.4, memory=3 * 2**29,
)  # fmt: skip
EPOCH = EpochEvent(
    epoch=1, step=5, train={"farthest": 0.5}, validation={"farthest": 0.75}, scores={"strict": 0.125}, seconds=61.0
)
EVENTS = [START, STEP, PausedEvent(step=3), ResumedEvent(step=3), EPOCH, EndEvent(step=5)]


def shown(*, terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=terminal, width=200, highlight=False, soft_wrap=True)
    with show_progress(console) as report:
        for event in EVENTS:
            report(event)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_file_gets_a_line_an_epoch() -> None:
    assert shown(terminal=False).splitlines() == [
        "paused after step 3: remove the file `pause` to continue",
        "continues",
        "epoch    1  step 5  train farthest 0.5000  validation farthest 0.7500  scores strict 0.1250  in 0:01:01  "
        "4.00 steps/s  1:02:05 left  1.5 GiB",
    ]


def test_a_terminal_gets_a_bar_besides() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=200, highlight=False, soft_wrap=True)
    with show_progress(console) as report:
        report(START)
        report(STEP)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for part in ("epoch 1  farthest 0.2500, similarity 2.0000", "3/10", "4.00 steps/s  1:02:05 left  1.5 GiB"):
        assert part in text
    assert "validation farthest 0.7500" in shown(terminal=True)


def test_tensorboard_gets_losses_and_scores(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    report = to_all([tensorboard(tmp_path), lambda _: None])
    for event in EVENTS:
        report(event)
    (path,) = (tmp_path / "tensorboard").iterdir()
    content = path.read_bytes()
    for name in (b"step/total", b"step/similarity", b"train/farthest", b"validation/farthest", b"scores/strict"):
        assert name in content


def test_what_tensorboard_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keygrid.training.progress.find_spec", lambda _: None)
    with pytest.raises(KeygridError, match=r"install it with pip install -e '\.\[tensorboard\]'"):
        tensorboard(tmp_path)
