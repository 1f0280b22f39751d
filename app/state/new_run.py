"""What a training shall be: the values of a form, what is wrong with them, and the command they make."""

import os
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class NewRun:
    """Options of `main.py train`, which `--help` explains; empty ones are left to it.

    Attributes:
        data: what to learn from.
        run: the directory.
        category: learnt only; empty for all.
        preset: see `keygrid.training.config.preset`, which has defaults for what follows.
        keypoints: K.
        epochs: passes.
        batch: clouds a step.
        rotate: degrees.
        deform: share of the extent.
        scale: share.
        noise: share of the extent.
        drop: share of the points.
        mirror: whether half of the clouds are mirrored.
        device: as PyTorch names it.
        preview: the garment whose keypoints are told as they are learnt.
        others: more options, as on a command line.
        threads: unless they are among the others; one core is left to the window, where there are several.
    """

    data: Path | None
    run: Path
    category: str = ""
    preset: str = "released"
    keypoints: int = 8
    epochs: int = 100
    batch: int = 8
    rotate: float = 45.0
    deform: float = 0.15
    scale: float = 0.0
    noise: float = 0.0
    drop: float = 0.0
    mirror: bool = False
    device: str = "cpu"
    preview: Path | None = None
    others: str = ""
    threads: int = max((os.cpu_count() or 1) - 1, 1)

    def problems(self) -> dict[str, str]:
        """A sentence for each value that can't be used, by the attribute's name."""
        found = {}
        if self.data is None:
            found["data"] = "Choose what to learn from."
        elif not Path(str(self.data).partition("#")[0]).exists():
            found["data"] = f"{self.data} does not exist."
        if not self.run.name:
            found["run"] = "Name a directory."
        elif (self.run / "events.jsonl").exists():
            found["run"] = "It holds a run already; name another directory."
        elif self.run.exists() and not self.run.is_dir():
            found["run"] = "It is a file; name a directory."
        if not self.device.strip():
            found["device"] = "Name a device, such as cpu or cuda."
        try:
            shlex.split(self.others)
        except ValueError:
            found["others"] = "A quotation mark is missing."
        return found

    def arguments(self) -> list[str]:
        """What follows `main.py` on the command line; paths are absolute, so that it can be given anywhere."""
        named: dict[str, object] = {"run": self.run.absolute()}
        if self.preview is not None:
            named["preview"] = self.preview.absolute()
        named |= {name: value for name in _PASSED if (value := getattr(self, name)) != ""}
        words = ["train", *([str(self.data.absolute())] if self.data is not None else [])]
        for name, value in named.items():
            words += [f"--{name}", str(value)]
        words.append("--mirror" if self.mirror else "--no-mirror")
        others = shlex.split(self.others)
        threads = [] if "--threads" in others else ["--threads", str(self.threads)]
        return [*words, *threads, *others]


_PASSED = (
    "category", "preset", "keypoints", "epochs", "batch", "rotate", "deform", "scale", "noise", "drop", "device",
)  # fmt: skip


def free_directory(parent: Path, subject: str, keypoints: int, preset: str) -> Path:
    """A directory that is not there yet, named by what is learnt."""
    stem = f"{subject or 'garments'}-k{keypoints}-{preset}".lower().replace(" ", "-")
    number = 1
    while (parent / f"{stem}-{number}").exists():
        number += 1
    return parent / f"{stem}-{number}"


def resumed(command: str, directory: Path) -> tuple[list[str], Path | None]:
    """The arguments that go on with a run, by the command that began it, and the folder they are meant in.

    That folder is where the command's own `--run` leads to the run's directory; None where it doesn't matter.
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
