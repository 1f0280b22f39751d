"""The command `train`, which trains a network on varied copies of garments."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Group, Parameter

from keygrid.cli.common import name_skipped, open_one, say
from keygrid.errors import KeygridError
from keygrid.installation import COMMAND
from keygrid.training.options import (
    CourseOptions,
    DataOptions,
    KeptOptions,
    MachineOptions,
    NetworkOptions,
    Options,
)

if TYPE_CHECKING:
    from keygrid.training.trainer import Trainer

_DEFAULT = Options()

# Options by what they are about, in the order in which --help shows them.
_GARMENTS, _NETWORK, _COURSE, _MACHINE, _KEPT = (
    Parameter(name="*", group=Group.create_ordered(title))
    for title in (
        "Garments and how they are varied", "Network", "Course of the training", "Machine", "What is saved and shown",
    )
)  # fmt: skip


def train(
    garments: list[Path],
    /,
    *,
    run: Path,
    resume: bool = False,
    data: Annotated[DataOptions, _GARMENTS] = _DEFAULT.data,
    network: Annotated[NetworkOptions, _NETWORK] = _DEFAULT.network,
    course: Annotated[CourseOptions, _COURSE] = _DEFAULT.course,
    machine: Annotated[MachineOptions, _MACHINE] = _DEFAULT.machine,
    kept: Annotated[KeptOptions, _KEPT] = _DEFAULT.kept,
) -> None:
    """Train a network on varied copies of garments.

    Ctrl+C, SIGTERM or a file called stop in the run directory stops it after the current step, and --resume continues
    from there. A file called pause makes it wait until the file is removed.

    Example: keygrid train assets/garments/unisex_shirt.ply --run runs/shirt --normalisation centred

    Parameters
    ----------
    garments
        Files, folders and collections of meshes, clouds and sequences. Their own division into training and validation
        is used if they have one; otherwise, with five or more garments, one in five is kept for validation. Damaged
        ones are skipped.
    run
        Directory for configuration, events and checkpoints.
    resume
        Continue from the state in the run directory, with the same options. Only --epochs, --patience, and the options
        on where it runs and what is saved and shown may change.
    """
    options = Options(data, network, course, machine, kept)
    model, training = options.model(), options.training()  # raises before anything heavy is imported
    if machine.threads is not None and machine.threads < 1:
        raise KeygridError(f"--threads must be 1 or more; you gave {machine.threads}.")
    from torch import set_num_threads

    from keygrid.data.cache import CloudCache, cache_folder
    from keygrid.data.dataset import Dataset
    from keygrid.training.processes import Machine
    from keygrid.training.state import start_from
    from keygrid.training.trainer import About, Trainer

    if machine.threads is not None:
        set_num_threads(machine.threads)
    # A resumed run has the numbers of an uninterrupted one, so the command that makes them has no --resume.
    command = shlex.join([*COMMAND, *(word for word in sys.argv[1:] if word != "--resume")])
    cache = None if data.no_cache else CloudCache(cache_folder())
    categories = data.category or []
    opened = Dataset.open(garments, categories=categories, cache=cache, on_skip=name_skipped())
    shown = None if kept.preview is None else open_one(kept.preview)
    place = Machine(machine.device, machine.devices, machine.nodes)
    about = About(", ".join(categories), command, shown)
    trainer = Trainer(opened, model, training, run, machine=place, about=about)
    if course.start_from is not None:
        trainer.record["start"] = start_from(course.start_from, trainer.network, model)
    if resume:
        trainer.resume(say)
    _fit(trainer, is_in_tensorboard=kept.tensorboard)
    if opened.skipped:
        say(f"{len(opened.skipped)} of {len(opened)} garments were skipped.")
    if trainer.is_main:
        print(f"The checkpoints are in {trainer.run.checkpoints}.")


def _fit(trainer: "Trainer", *, is_in_tensorboard: bool) -> None:
    """Train to the end and show progress; if a signal stops it, exit with that signal's status."""
    from keygrid.training import progress
    from keygrid.training.control import StoppedError

    readers = [progress.tensorboard(trainer.run.path)] if is_in_tensorboard else []
    try:
        with progress.show_progress() as show:
            trainer.fit(progress.to_all([show, *readers]))
    except StoppedError as stopped:
        say(str(stopped))
        sys.exit(128 + stopped.number if stopped.number else 0)
