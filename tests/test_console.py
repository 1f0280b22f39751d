"""Progress of work on many things, on a terminal and elsewhere."""

import io
import re

import pytest
from rich.console import Console

from keygrid.console import WORTH_A_BAR, show_count, show_each


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, force_terminal=terminal, width=120, highlight=False), file


@pytest.mark.parametrize("terminal", [False, True])
def test_a_count_has_rate_and_time_left_and_forgets_what_was_done_before(terminal):
    now = [100.0]
    shown, file = console(terminal)
    with show_count(10_000, "garments", console=shown, clock=lambda: now[0]) as report:
        report(4_000)
        for done in range(4_025, 4_501, 25):
            now[0] += 1
            report(done)
    text = " ".join(re.sub(r"\x1b\[[\d;?]*\w", "", file.getvalue()).split())
    assert ("4500 of 10000 garments 25 a second 0:03:40" if terminal else "4250 of 10000 garments 25 a second") in text


def test_a_line_comes_every_ten_seconds_where_there_is_no_terminal():
    now = [0.0]
    shown, file = console(False)
    with show_count(100, "garments", console=shown, clock=lambda: now[0]) as report:
        for done in range(1, 101):
            now[0] += 1
            report(done)
    lines = file.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[4] == "50 of 100 garments 1 a second 0:00:50"


def test_few_items_show_nothing(capsys):
    with show_count(WORTH_A_BAR - 1, "garments") as report:
        report(3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("terminal", [False, True])
def test_items_have_a_bar_each_and_a_line_at_their_end(terminal):
    shown, file = console(terminal)
    with show_each("starting", console=shown) as (report, end):
        report("skirt", 1, 20)
        report("dress", 2, 20)
        end("skirt", "done at attempt 1")
        end("hat", "failed")
    text = file.getvalue()
    assert "skirt: done at attempt 1\n" in text
    assert "hat: failed\n" in text
    assert ("20" in text) == terminal
