"""A training's progress on a terminal: a live bar where there is one, a line an epoch elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from keygrid.training.trainer import Losses, Progress


@contextmanager
def show_progress(console: Console | None = None) -> Iterator[Callable[[Progress], None]]:
    """A function to report progress to, until the block ends."""
    console = console or Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield lambda progress: _print_epoch(console, progress)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None)

        def report(progress: Progress) -> None:
            description = f"epoch {progress.epoch}  {_terms(progress.losses)}  {_time(progress.seconds_left)} left"
            bar.update(task, total=progress.steps, completed=progress.step, description=description)
            _print_epoch(console, progress)

        yield report


def _print_epoch(console: Console, progress: Progress) -> None:
    if progress.validation is not None:
        console.print(
            f"epoch {progress.epoch:4d}  step {progress.step}/{progress.steps}  train {_terms(progress.losses)}  "
            f"validation {_terms(progress.validation)}  {_time(progress.seconds_left)} left"
        )


def _terms(losses: Losses) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in losses.items())


def _time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:d}:{minutes:02d}:{seconds:02d}"
