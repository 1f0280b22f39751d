from io import StringIO

from rich.console import Console

from keygrid.training.progress import show_progress
from keygrid.training.trainer import Progress

STEP = Progress(1, 3, 10, {"farthest": 0.25, "similarity": 2.0}, 3725.4)
EPOCH = Progress(1, 5, 10, {"farthest": 0.5, "similarity": 1.0}, 61.0, {"farthest": 0.75, "similarity": 1.5})


def shown(*, terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=terminal, width=200, highlight=False, soft_wrap=True)
    with show_progress(console) as report:
        report(STEP)
        report(EPOCH)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_file_gets_a_line_an_epoch() -> None:
    lines = shown(terminal=False).splitlines()
    assert lines == [
        "epoch    1  step 5/10  train farthest 0.5000, similarity 1.0000  "
        "validation farthest 0.7500, similarity 1.5000  0:01:01 left"
    ]


def test_a_terminal_gets_a_bar_besides() -> None:
    text = shown(terminal=True)
    assert "validation farthest 0.7500" in text
    assert "5/10" in text
    assert "0:01:01 left" in text
