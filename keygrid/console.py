"""Progress of work on many items: live bars on a terminal, lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

WORTH_A_BAR = 16
"""Minimum number of items whose progress is shown."""

_SECONDS_BETWEEN_LINES = 10


class _Rate(ProgressColumn):
    """Items per second, over the last minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.3g} a second")


@contextmanager
def show_count(
    total: int, things: str, *, console: Console | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """Show the number of finished items, their rate and the remaining time; nothing for fewer than `WORTH_A_BAR`.

    Args:
        total: number of items.
        things: word for the items, such as `garments`.
        console: where to show it; standard error if not given.
        clock: seconds.

    Yields:
        A function that takes how many are done. What was done before its first call does not count for the rate.
    """
    if total < WORTH_A_BAR:
        yield lambda _: None
        return
    console = console or Console(stderr=True, highlight=False, soft_wrap=True)
    numbers = (MofNCompleteColumn(separator=" of "), TextColumn(things), _Rate(), TimeRemainingColumn())
    progress = Progress(
        BarColumn(), *numbers, console=console, disable=not console.is_terminal, get_time=clock,
        speed_estimate_period=60,
    )  # fmt: skip
    task: TaskID | None = None
    last = clock()

    def report(done: int) -> None:
        nonlocal task, last
        if task is None:
            task = progress.add_task("", total=total, completed=done)
        progress.update(task, completed=done)
        if not console.is_terminal and clock() - last >= _SECONDS_BETWEEN_LINES:
            last = clock()
            console.print(" ".join(str(column.render(progress.tasks[0])).strip() for column in numbers))

    with progress:
        yield report


@contextmanager
def show_each(
    starting: str, *, console: Console | None = None
) -> Iterator[tuple[Callable[[str, int, int], None], Callable[[str, str], None]]]:
    """Show a bar for each item in progress, and a line for each finished one.

    Args:
        starting: shown on a terminal until the first report.
        console: where to show it; standard output if not given.

    Yields:
        A function that takes the name of an item and how much of how much of it is done, as `keygrid.work.Report`, and
        one that takes the name of an item that has ended and what became of it.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        waiting = progress.add_task(starting, total=None)

        def report(name: str, done: int, total: int) -> None:
            progress.update(waiting, visible=False)
            if name not in bars:
                bars[name] = progress.add_task(name, total=total)
            progress.update(bars[name], completed=done, total=total)

        def end(name: str, outcome: str) -> None:
            if name in bars:
                progress.remove_task(bars.pop(name))
            console.print(f"{name}: {outcome}")

        yield report, end
