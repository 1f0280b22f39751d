"""Simulations' progress on a terminal: a bar a job; elsewhere a line when one ends."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from keygrid.simulation.jobs import Outcome


@contextmanager
def show_jobs(
    names: Sequence[str], console: Console | None = None
) -> Iterator[tuple[Callable[[int, int, int], None], Callable[[int, Outcome], None]]]:
    """The functions that `keygrid.simulation.jobs.run_jobs` reports to, for jobs of these names."""
    console = console or Console(highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars: dict[int, TaskID] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        starting = progress.add_task("starting (a machine's first run compiles the solver for a minute)", total=None)

        def report(job: int, done: int, total: int) -> None:
            progress.update(starting, visible=False)
            if job not in bars:
                bars[job] = progress.add_task(names[job], total=total)
            progress.update(bars[job], completed=done, total=total)

        def ended(job: int, outcome: Outcome) -> None:
            if job in bars:
                progress.remove_task(bars.pop(job))
            console.print(f"{names[job]}: {outcome.failure or outcome.result or 'done'}")

        yield report, ended
