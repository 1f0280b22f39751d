"""A new training run: the values of its form, their problems, and the resulting command."""

import os
import shlex
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from keygrid.training.options import Options
from keygrid.training.run import RunDirectory

DEVICES = ("cpu", "cuda")


SPARE_THREADS = max((os.cpu_count() or 1) - 1, 1)
"""Default number of threads of a trainer; on several cores, one is left for the window."""


@dataclass(frozen=True)
class NewRun:
    """A training run to start.

    Attributes:
        data: path of the training data.
        run: the run's directory.
        options: options of `main.py train`.
        others: further options, as on a command line.
    """

    data: Path | None
    run: Path
    options: Options = field(default_factory=Options)
    others: str = ""

    def problems(self) -> dict[str, str]:
        """A message for each invalid value, by the attribute's name."""
        found = {}
        if self.data is None:
            found["data"] = "Choose what to learn from."
        elif not Path(str(self.data).partition("#")[0]).exists():
            found["data"] = f"{self.data} does not exist."
        if not self.run.name:
            found["run"] = "Name a directory."
        elif RunDirectory(self.run).has_begun:
            found["run"] = "It already holds a run; name another directory."
        elif self.run.exists() and not self.run.is_dir():
            found["run"] = "This is a file; name a directory."
        if not self.options.machine.device.strip():
            found["device"] = "Name a device, such as cpu or cuda."
        try:
            shlex.split(self.others)
        except ValueError:
            found["others"] = "A closing quotation mark is missing."
        return found

    def arguments(self) -> list[str]:
        """Return the arguments for `main.py`; paths are absolute, so that the command works in any folder."""
        data = [str(self.data.absolute())] if self.data is not None else []
        others = shlex.split(self.others)
        is_bounded = "--threads" in others or self.options.machine.threads is not None
        threads = [] if is_bounded else ["--threads", str(SPARE_THREADS)]
        return ["train", *data, "--run", str(self.run.absolute()), *self.options.words(), *threads, *others]


def free_directory(parent: Path, subject: str, keypoints: int, preset: str) -> Path:
    """Return a directory that does not exist yet, named after the category, keypoints and preset."""
    stem = f"{subject or 'garments'}-k{keypoints}-{preset}".lower().replace(" ", "-")
    number = 1
    while (parent / f"{stem}-{number}").exists():
        number += 1
    return parent / f"{stem}-{number}"


def resumed(command: str, directory: Path) -> tuple[list[str], Path | None]:
    """Return the arguments that resume a run, derived from the command that started it, and the folder to run them in.

    It is the folder in which the command's own `--run` leads to the run's directory; None if any folder will do.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return [], None
    if "train" not in words:
        return [], None
    words = words[words.index("train") :]
    named = next((Path(after) for word, after in pairwise(words) if word == "--run"), None)
    folder = None
    if named is not None and not named.is_absolute():
        folder = directory.parents[len(named.parts) - 1]
    return [*words, *([] if "--resume" in words else ["--resume"])], folder
