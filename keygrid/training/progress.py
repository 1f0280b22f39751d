"""Readers of a training's events: a live bar in a terminal, a line per epoch in other output, and TensorBoard."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from keygrid.errors import KeygridError
from keygrid.training.events import (
    EndEvent,
    EpochEvent,
    ErrorEvent,
    Event,
    PausedEvent,
    ResumedEvent,
    StartEvent,
    StepEvent,
    StopEvent,
    Values,
)


@contextmanager
def show_progress(console: Console | None = None) -> Iterator[Callable[[Event], None]]:
    """Yield a function that shows the events it is given, until the block ends."""
    console = console or Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        pace = ""

        def print_line(event: Event) -> None:
            nonlocal pace
            if isinstance(event, StepEvent):
                pace = _pace(event)
            _print(console, event, pace)

        yield print_line
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn())
    with Progress(*columns, TextColumn("{task.fields[state]}"), console=console) as bar:
        task = bar.add_task("starting", total=None, state="")

        def report(event: Event) -> None:
            match event:
                case StartEvent():
                    bar.update(task, total=event.steps, completed=event.step)
                case StepEvent():
                    description = f"epoch {event.epoch}  {_terms(event.losses)}"
                    bar.update(task, completed=event.step, description=description, state=_pace(event))
                case PausedEvent():
                    bar.update(task, state="paused")
            _print(console, event)

        yield report


def _print(console: Console, event: Event, pace: str = "") -> None:
    match event:
        case EpochEvent():
            scores = f"  scores {_terms(event.scores)}" if event.scores else ""
            console.print(
                f"epoch {event.epoch:4d}  step {event.step}  train {_terms(event.train)}  "
                f"validation {_terms(event.validation)}{scores}  in {_time(event.seconds)}{'  ' if pace else ''}{pace}"
            )
        case PausedEvent():
            console.print(f"paused after step {event.step}: remove the file `pause` to continue")
        case ResumedEvent():
            console.print("continues")


def _pace(step: StepEvent) -> str:
    memory = f"  {step.memory / 2**30:.1f} GiB" if step.memory else ""
    return f"{step.steps_per_second:.2f} steps/s  {_time(step.seconds_left)} left{memory}"


def _terms(values: Values) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in values.items())


def _time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:d}:{minutes:02d}:{seconds:02d}"


def tensorboard(run: Path) -> Callable[[Event], None]:
    """Return a function that writes the numbers of events for `tensorboard --logdir RUN`.

    Raises:
        KeygridError: the TensorBoard writer is not installed.
    """
    if find_spec("tensorboardX") is None and find_spec("tensorboard") is None:
        raise KeygridError("TensorBoard is not installed; install it with pip install -e '.[tensorboard]'.")
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    logger: TensorBoardLogger | None = None

    def report(event: Event) -> None:
        nonlocal logger
        match event:
            case StartEvent():
                # A resumed run repeats the steps after its last saved state.
                logger = TensorBoardLogger(run, name="tensorboard", version="", purge_step=event.step + 1)
            case StepEvent() if logger is not None:
                logger.log_metrics({"step/total": event.total, **_named("step", event.losses)}, event.step)
            case EpochEvent() if logger is not None:
                groups = {"train": event.train, "validation": event.validation, "scores": event.scores}
                values = {key: value for group, terms in groups.items() for key, value in _named(group, terms).items()}
                logger.log_metrics(values, event.step)
            case StopEvent() | ErrorEvent() | EndEvent() if logger is not None:
                logger.finalize("")

    return report


def to_all(readers: Sequence[Callable[[Event], None]]) -> Callable[[Event], None]:
    """Return a function that gives each event to several readers."""

    def report(event: Event) -> None:
        for read in readers:
            read(event)

    return report


def _named(group: str, values: Values) -> dict[str, float]:
    return {f"{group}/{name}": value for name, value in values.items()}
