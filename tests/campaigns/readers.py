"""Damaged files of every kind that is opened: each is read, or refused in a sentence, in bounded time and memory.

    python -m tests.campaigns.readers --tries 5000

Mutations of small valid files: bytes changed, removed, repeated and exchanged with those of other files, and numbers
replaced by those at the edge. Where atheris is installed, `--guided` lets coverage choose them. What fails is kept in
`--keep`, as a file to open again.
"""

# ruff: noqa: T201

import argparse
import importlib
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
import trimesh

from app.state.session import Session, read_session, write_session
from keygrid.checkpoints import labels
from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.published import import_published
from keygrid.data import open_path
from keygrid.data.collection import Collection
from keygrid.data.formats.keypointnet import write_pcd
from keygrid.data.garment import Garment
from keygrid.data.readers.sequence import write_sequence
from keygrid.errors import KeygridError
from keygrid.model.config import preset
from keygrid.model.network import KeyGrid
from keygrid.training.events import EpochEvent, StepEvent, read_events, to_json

SECONDS = 10
MEMORY = 6 * 2**30
EDGES = [b"-1", b"0", b"1e308", b"1e400", b"nan", b"9" * 30, b"9" * 400, b"18446744073709551615", b"\xff\xff\xff\x7f"]


class HangError(BaseException):
    """A file took too long."""


def opened(path: Path) -> None:
    found = open_path(path)
    if isinstance(found, Collection):
        for entry in found.entries[:3]:
            found.read(entry)


def seeds(folder: Path) -> dict[Path, Callable[[Path], object]]:
    """Small valid files, and what opens each."""
    ball = trimesh.creation.icosphere(subdivisions=1)
    vertices, faces = np.asarray(ball.vertices), np.asarray(ball.faces, np.int64)
    found: dict[Path, Callable[[Path], object]] = {}
    for name in ("a.obj", "a.ply", "a.stl", "a.off", "a.glb"):
        ball.export(folder / name)
        found[folder / name] = opened
    (folder / "text.ply").write_bytes(trimesh.exchange.ply.export_ply(ball, encoding="ascii"))
    (folder / "text.stl").write_text(trimesh.exchange.stl.export_stl_ascii(ball))
    (folder / "scene.gltf").write_bytes(_gltf(vertices, faces))
    np.savetxt(folder / "a.xyz", vertices)
    np.save(folder / "a.npy", vertices)
    np.savez(folder / "a.npz", vertices=vertices, faces=faces)
    write_pcd(folder / "a.pcd", vertices)
    garment = Garment("ball", vertices, faces, frames=np.stack([vertices, vertices + 1]).astype(np.float32))
    write_sequence(garment, folder / "sequence.npz")
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("data", data=np.random.default_rng(0).random((2, 64, 3)), compression=1)
        file["label"] = np.zeros((2, 1), np.int64)
    (folder / "manifest.json").write_text(
        json.dumps({"format": "keygrid-garments 1", "sequences": [{"file": "sequence.npz", "name": "ball"}]})
    )
    for name in ("text.ply", "text.stl", "scene.gltf", "a.xyz", "a.npy", "a.npz", "a.pcd", "sequence.npz", "a.h5"):
        found[folder / name] = opened
    found[folder / "manifest.json"] = opened
    write_session(Session(("a.obj",), ("a.safetensors",)), folder / "a.keygrid")
    found[folder / "a.keygrid"] = read_session
    config = preset("keygrid")
    network = KeyGrid(config)
    Checkpoint(config, network.state_dict(), "Ball").save(folder / "a.safetensors")
    found[folder / "a.safetensors"] = Checkpoint.load
    torch.save({"model_state_dict": {"PT_L.weight": torch.zeros(8, 8)}}, folder / "a.pt")
    found[folder / "a.pt"] = import_published
    events = [StepEvent(step=1, losses={"farthest": 1.0}), EpochEvent(epoch=1, train={"farthest": 1.0})]
    (folder / "events.jsonl").write_text("".join(to_json(event) + "\n" for event in events))
    found[folder / "events.jsonl"] = read_events
    (folder / "a.keypoints.json").write_text('{"keypoints": {"0": {"name": "collar", "colour": [1, 2, 3]}}}')
    found[folder / "a.keypoints.json"] = lambda path: labels.load(path.with_name("a.safetensors"))
    return found


def _gltf(vertices: np.ndarray, faces: np.ndarray) -> bytes:
    exported = trimesh.exchange.gltf.export_gltf(trimesh.Scene(trimesh.Trimesh(vertices, faces)), embed_buffers=True)
    return next(content for name, content in exported.items() if name.endswith(".gltf"))


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not changed:
            break
        # Headers decide most, and are at an end.
        size = rng.choice((len(changed), min(len(changed), 400)))
        place = rng.randrange(size) if rng.random() < 0.8 else len(changed) - 1 - rng.randrange(size)
        match rng.randrange(7):
            case 0:
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                changed[place] = rng.randrange(256)
            case 2:
                del changed[place : place + rng.randrange(1, 64)]
            case 3:
                part = changed[place : place + rng.randrange(1, 64)]
                changed[place:place] = part * rng.choice((1, 2, 100))
            case 4:
                other = rng.choice(others)
                begin = rng.randrange(len(other))
                changed[place : place + 32] = other[begin : begin + rng.randrange(1, 64)]
            case 5:
                edge = rng.choice(EDGES)
                changed[place : place + rng.choice((0, 1, len(edge)))] = edge
            case _:
                del changed[place:]
    return bytes(changed)


class Campaign:
    """Tries files, and counts what came of them."""

    def __init__(self, folder: Path, keep: Path) -> None:
        self.folder, self.keep = folder, keep
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.slowest = 0.0

    def attempt(self, path: Path, data: bytes, read: Callable[[Path], object]) -> None:
        path.write_bytes(data)
        began = time.monotonic()
        signal.alarm(SECONDS)
        try:
            read(path)
            outcome = "read"
        except KeygridError:
            outcome = "refused"
        except (Exception, HangError) as error:
            outcome = "fault"
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.faults[f"{path.name}: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"] += 1
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / f"{sum(self.faults.values())}-{path.name}").write_bytes(data)
        finally:
            signal.alarm(0)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.outcomes[outcome] += 1


def _hang(*_: Any) -> None:
    raise HangError


def tell(campaign: Campaign, kinds: int) -> None:
    """Print what came of a campaign."""
    counts = ", ".join(f"{outcome} {count}" for outcome, count in sorted(campaign.outcomes.items()))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{campaign.outcomes.total()} files of {kinds} kinds: {counts}; slowest {campaign.slowest:.1f} s, "
          f"memory {memory:.1f} GB")  # fmt: skip
    for fault, count in campaign.faults.most_common():
        print(f"  {count} x {fault}")


def _guide(campaign: Campaign, known: dict[Path, tuple[bytes, Callable[[Path], object]]], tries: int) -> None:
    atheris = importlib.import_module("atheris")
    paths = list(known)

    def one(data: bytes) -> None:
        if len(data) > 1:
            path = paths[data[0] % len(paths)]
            campaign.attempt(path, data[1:], known[path][1])
        if campaign.outcomes.total() == tries:  # atheris ends the process
            tell(campaign, len(known))
            sys.stdout.flush()

    corpus = campaign.folder / "corpus"
    corpus.mkdir()
    for number, path in enumerate(paths):
        (corpus / path.name).write_bytes(bytes([number]) + known[path][0])
    atheris.Setup([sys.argv[0], str(corpus), f"-atheris_runs={tries}", "-max_len=20000"], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("faults"))
    parser.add_argument("--guided", action="store_true", help="by coverage; needs atheris")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _hang)
    with tempfile.TemporaryDirectory() as name:
        campaign = Campaign(Path(name), chosen.keep)
        readers = seeds(campaign.folder)
        known = {path: (path.read_bytes(), read) for path, read in readers.items()}
        for path, (data, read) in known.items():
            campaign.attempt(path, data, read)
        assert campaign.outcomes["refused"] <= 1, "a file that should be whole is refused"  # the .pt lacks a network
        if chosen.guided:
            _guide(campaign, known, chosen.tries)
        else:
            rng = random.Random(chosen.seed)
            others = [data for data, _ in known.values()]
            for _ in range(chosen.tries):
                path = rng.choice(list(known))
                data, read = known[path]
                campaign.attempt(path, mutated(data, others, rng), read)
                path.write_bytes(data)  # others may need it
    tell(campaign, len(known))
    return 1 if campaign.faults else 0


def guided_main() -> int:
    """Import once more what reads files, so that atheris sees which lines run."""
    atheris = importlib.import_module("atheris")
    for name in [name for name in sys.modules if name.partition(".")[0] in ("app", "keygrid")]:
        del sys.modules[name]
    with atheris.instrument_imports(include=["keygrid"]):
        importlib.import_module("keygrid.data.readers")
        importlib.import_module("keygrid.data.formats")
        again = importlib.import_module("tests.campaigns.readers")
    return again.main()


if __name__ == "__main__":
    sys.exit(guided_main() if "--guided" in sys.argv else main())
