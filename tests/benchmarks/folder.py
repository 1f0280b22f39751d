"""Garments a second of predicting a folder, beside the network alone and beside one garment after the other.

    python -m tests.benchmarks.folder [--garments 200] [--format obj] [--out json] [--rounds 3]

The folder has copies of the shipped garments at rest. In each round take turns: the network alone, on batches of clouds
that are ready, in as many threads as the command has processes; the command's work, its processes' start included; and
one garment after the other, all of them in memory until they are written. Wall time, because processes work beside each
other; medians of the rounds, after one that does not count.
"""
# ruff: noqa: T201

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from keygrid.data.dataset import Dataset, Member
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.sampling import Normalisation, sample
from keygrid.methods.folder import Request, predict_all
from keygrid.prediction import MethodId
from keygrid.prediction.files import FORMATS, write_mesh, write_predictions
from keygrid.work import default_workers, open_executor

if TYPE_CHECKING:  # the processes that read import this module too, and should not wait for torch
    import torch

    from keygrid.methods.learned import LearnedMethod

ASSETS = Path(__file__).parents[2] / "assets"


def write(garment: Garment, path: Path) -> None:
    if path.suffix == ".npz":
        np.savez(path, vertices=garment.vertices, faces=garment.faces)
    else:
        write_mesh(garment, path)


def fill(folder: Path, count: int, ending: str) -> None:
    """Copies of the shipped garments, each once and then again from the first."""
    originals = []
    for number, path in enumerate(sorted((ASSETS / "garments").glob("*drop.npz"))[:count]):
        write(read_garment(path), original := folder / f"{number:06}.{ending}")
        originals.append(original.read_bytes())
    for number, content in enumerate(islice(cycle(originals), count)):
        (folder / f"{number:06}.{ending}").write_bytes(content)


def ready(members: Sequence[Member], method: "LearnedMethod", batch: int) -> "list[torch.Tensor]":
    """The first garments' clouds, as many times as there are garments."""
    import torch

    clouds = []
    for member in members[:64]:
        points = sample(member.read(), method.config.points).points
        clouds.append(Normalisation.fit(points, method.config.normalisation).apply(points).astype(np.float32))
    every = list(islice(cycle(clouds), len(members)))
    return [torch.from_numpy(np.stack(every[begin : begin + batch])) for begin in range(0, len(every), batch)]


def network_alone(method: "LearnedMethod", batches: "list[torch.Tensor]", parts: str, threads: int) -> None:
    import torch

    from keygrid.model.inputs import Inputs

    def work(clouds: "torch.Tensor") -> "torch.Tensor":
        with torch.inference_mode():
            inputs = Inputs(clouds.to(method.device))
            found = method.network(inputs, rebuild=False) if parts == "skeleton" else method.network.locate(inputs)
            return found.keypoints.cpu()

    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(work, batches))


def folder(members: Sequence[Member], method: MethodId, out: Path, request: Request, workers: int) -> None:
    with open_executor(workers) as executor:
        predict_all(members, method, out, request, executor)


def one_by_one(members: Sequence[Member], method: "LearnedMethod", out: Path) -> None:
    found = []
    for member in members:
        garment = member.read()
        found.append((str(garment.source), method.find([garment])[0]))
    write_predictions(found, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--garments", type=int, default=200)
    parser.add_argument("--format", choices=("obj", "npz", "ply"), default="obj")
    parser.add_argument("--out", choices=[ending[1:] for ending in FORMATS], default="json")
    parser.add_argument("--checkpoint", type=Path, default=ASSETS / "checkpoints" / "tshirt-k8.safetensors")
    parser.add_argument("--batch", type=int, default=Request().batch)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    from keygrid.methods.learned import LearnedMethod

    method = LearnedMethod(arguments.checkpoint, arguments.device)
    request = Request(batch=arguments.batch, device=arguments.device)
    workers = default_workers() if arguments.workers is None else arguments.workers
    with tempfile.TemporaryDirectory() as directory:
        garments, out = Path(directory) / "garments", Path(directory) / f"k.{arguments.out}"
        garments.mkdir()
        fill(garments, arguments.garments, arguments.format)
        members = Dataset.open([garments]).members
        batches = ready(members, method, request.batch)
        parts = FORMATS[out.suffix].parts
        works: dict[str, Callable[[], object]] = {
            "network alone": lambda: network_alone(method, batches, parts, max(workers, 1)),
            "folder": lambda: folder(members, method.id, out, request, workers),
            "one by one": lambda: one_by_one(members, method, out),
        }
        seconds: dict[str, list[float]] = {name: [] for name in works}
        for counts in [False] + [True] * arguments.rounds:
            for name, work in works.items():
                began = time.perf_counter()
                work()
                if counts:
                    seconds[name].append(time.perf_counter() - began)
    print(f"{arguments.garments} garments, {arguments.format} to {arguments.out}, {workers} processes")
    for name, times in seconds.items():
        ratio = median(times) / median(seconds["folder"])
        print(f"{name:14}{len(members) / median(times):8.1f} garments a second{ratio:8.2f} of the folder's time")


if __name__ == "__main__":
    main()
