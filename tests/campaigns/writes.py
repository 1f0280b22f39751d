"""Files that are cut at every offset, as a power cut or a full disk cuts them, and opened again.

    python -m tests.campaigns.writes

A checkpoint, a run's state, its log of events, a session and an unfinished prediction are written whole and then cut,
and cut with zeros behind, as file systems do. Each is refused in a sentence, or read as what was whole before the cut.
"""

# ruff: noqa: T201

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from app.state.session import Session, ViewState, read_session, write_session
from keygrid.checkpoints import torch_files
from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.errors import KeygridError
from keygrid.model.config import preset
from keygrid.model.network import KeyGrid
from keygrid.prediction.journal import Journal
from keygrid.training.events import StepEvent
from keygrid.training.run import RunDirectory


@dataclass
class Kind:
    """A file, and what is to be true of its beginnings.

    Attributes:
        path: the file, whole.
        read: opens it.
        holds: whether what was read of a beginning of so many bytes is right.
    """

    path: Path
    read: Callable[[Path], object]
    holds: Callable[[object, int], bool]


def checkpoint(folder: Path) -> Kind:
    config = preset("keygrid")
    path = folder / "a.safetensors"
    Checkpoint(config, KeyGrid(config).state_dict()).save(path)
    return Kind(path, Checkpoint.load, lambda _, __: False)


def state(folder: Path) -> Kind:
    path = folder / "state.pt"
    torch.save({"epoch": 3, "learning": {f"{name}": torch.rand(40) for name in range(20)}}, path)
    return Kind(path, lambda path: torch_files.load(path, torch.device("cpu")), lambda _, __: False)


def events(folder: Path) -> Kind:
    run = RunDirectory(folder / "run")
    run.make(resumed=False)
    for step in range(20):
        run.write(StepEvent(step=step, losses={"farthest": 1.0}))
    whole = run.event_log.read_bytes()
    return Kind(
        run.event_log,
        lambda path: RunDirectory(path.parent).events(),
        # A last line that lacks its end alone is whole.
        lambda found, size: len(found) - whole[:size].count(b"\n") in (0, 1),  # type: ignore[arg-type]
    )


def session(folder: Path) -> Kind:
    path = folder / "a.keygrid"
    write_session(Session(("shirt.obj",), ("a.safetensors",), (ViewState("shirt.obj"),)), path)
    return Kind(path, read_session, lambda _, size: size >= path.stat().st_size - 1)


def journal(folder: Path) -> Kind:
    path = folder / "k.json.partial"
    with closing(Journal(path, "one")) as written:
        for number in range(20):
            written.add([{"garment": str(number)}], [])
    whole = path.read_bytes()

    def read(path: Path) -> int:
        with closing(Journal(path, "one")) as found:
            return found.steps

    return Kind(path, read, lambda steps, size: steps == max(whole[:size].count(b"\n") - 1, 0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=3000, help="cuts of each file; evenly spread where it is larger")
    most = parser.parse_args().most
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        for make in (checkpoint, state, events, session, journal):
            kind = make(Path(name))
            whole = kind.path.read_bytes()
            sizes = np.unique(np.linspace(0, len(whole) - 1, min(most, len(whole))).astype(int)).tolist()
            outcomes = {"refused": 0, "read as it was": 0, "wrong": 0}
            for size in sizes:
                for content in (whole[:size], whole[:size] + bytes(len(whole) - size)):
                    if content == whole:
                        continue
                    kind.path.write_bytes(content)
                    try:
                        outcomes["read as it was" if kind.holds(kind.read(kind.path), size) else "wrong"] += 1
                    except KeygridError:
                        outcomes["refused"] += 1
            failed += outcomes["wrong"]
            print(f"{make.__name__}: {len(sizes)} cuts: " + ", ".join(f"{n} {what}" for what, n in outcomes.items()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
