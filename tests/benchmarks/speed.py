"""Speed and memory against the published formulation, `keygrid.model.reference`.

    python -m tests.benchmarks.speed [--rounds 7] [--only NAME] [--json FILE]
        [--checkpoint FILE] [--batch 8] [--cells 64]

Both take turns in one process. Ratios are of medians, with the quartiles of the rounds' own ratios: process time on one
thread, and wall time on two. Results are compared before anything is measured. Memory is the peak of one training step
in a process of its own, less what the process held before it.
"""
# ruff: noqa: T201

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.garment import Garment
from keygrid.data.opening import open_path
from keygrid.data.sampling import Normalisation, sample
from keygrid.geometry import reference as plain_geometry
from keygrid.geometry.segments import strongest_on_grid
from keygrid.model import reference
from keygrid.model.config import HeatmapConfig, ModelConfig
from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.encoders.pointnet.encoder import PointNet
from keygrid.model.encoders.pointnet.pyramid import pyramid
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid, Output
from keygrid.training.config import PUBLISHED
from keygrid.training.dataset import Batch
from keygrid.training.memory import keep_freed_memory
from keygrid.training.terms import Seen, losses
from tests.benchmarks.measure import Times, Work, take_turns

ROOT = Path(__file__).parents[2]
CHECKPOINT = ROOT / "assets" / "checkpoints" / "tshirt-k8.safetensors"
SEQUENCES = ["tshirt-real-drop.npz", "tshirt-real-fold-sleeve.npz", "tshirt-real-lift.npz"]


@dataclass(frozen=True)
class Sizes:
    """Amount of work; the aims are those of the defaults.

    Attributes:
        checkpoint: of the network.
        rounds: in which both take their turn, two or more.
        batch: clouds of a training step.
        cells: along a side of the heatmap's grid; the larger of the two has twice as many.
    """

    checkpoint: Path = CHECKPOINT
    rounds: int = 7
    batch: int = 8
    cells: int = 64

    def network(self) -> KeyGrid:
        return Checkpoint.load(self.checkpoint).network()


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        name: of the work.
        aim: what is wanted, such as `20x`.
        one_thread: ratio of process times; None where only ours is measured.
        spread: quartiles of the rounds' ratios.
        two_threads: ratio of wall times.
        ours: our median, in milliseconds of one thread; or megabytes.
        is_met: whether the aim is.
    """

    name: str
    aim: str
    one_thread: float | None
    spread: tuple[float, float] | None
    two_threads: float | None
    ours: float
    is_met: bool


def clouds(count: int, config: ModelConfig) -> Tensor:
    """(count, N, 3): garments kept for tests, each in another frame."""
    found = []
    for i in range(count):
        garment = open_path(ROOT / "assets" / "garments" / SEQUENCES[i % len(SEQUENCES)])
        assert isinstance(garment, Garment)
        still = garment.still(2 * i % garment.frame_count)
        points = sample(still, config.points, seed=i).points
        found.append(Normalisation.fit(points, config.normalisation).apply(points))
    return torch.from_numpy(np.stack(found)).float()


def inference(network: KeyGrid, inputs: Inputs) -> tuple[Work, Work]:
    ours, plain = network(inputs), reference.forward(network, inputs)
    check("keypoints", ours.keypoints, plain.keypoints, 1e-5)
    check("reconstruction", ours.reconstruction, plain.reconstruction, 1e-4)
    return lambda: reference.forward(network, inputs), lambda: network(inputs)


def keypoints_only(network: KeyGrid, inputs: Inputs) -> tuple[Work, Work]:
    check("keypoints", network.locate(inputs).keypoints, reference.forward(network, inputs).keypoints, 1e-5)
    return lambda: reference.forward(network, inputs), lambda: network.locate(inputs)


def step_of(forward: Callable[[Inputs], Output], network: KeyGrid, inputs: Inputs) -> Work:
    """One step as the trainer takes it."""
    optimiser = torch.optim.Adadelta(network.parameters(), lr=0.1, eps=1e-2)

    def step() -> None:
        optimiser.zero_grad()
        seen = Seen(forward(inputs), Batch(inputs), farthest=12, start=3, canonical=torch.nn.Identity())
        torch.stack([*losses(PUBLISHED, seen).values()]).sum().backward()
        optimiser.step()

    return step


def training_steps(ours: KeyGrid, plain: KeyGrid, inputs: Inputs) -> tuple[Work, Work]:
    torch.manual_seed(0)
    for net in (ours, plain):
        net.train()
        net.point_weights.dropout.p = 0.0  # else the two would drop other values
    check("in training", ours(inputs).keypoints, reference.forward(plain, inputs).keypoints, 1e-4)
    return step_of(lambda x: reference.forward(plain, x), plain, inputs), step_of(ours, ours, inputs)


def geometry(config: PointNetConfig, points: Tensor) -> tuple[Work, Work]:
    """All that a network asks of a cloud's positions, as published and as here."""

    def plain() -> list[Tensor]:
        levels, found = [points], []
        for count, radii in zip(config.centroids, config.radii, strict=True):
            below = levels[-1]
            order = plain_geometry.farthest_points(below, count, 0)
            levels.append(below[:, order[0]])
            found += plain_geometry.ball_queries(below, levels[-1], radii, config.neighbours)
        for _ in ("encoder", "decoder"):  # each looks for them itself
            found += [plain_geometry.interpolation(fine, coarse, 3)[1] for fine, coarse in pairwise(levels)]
        return levels + found

    ours = pyramid(points, config)
    for mine, theirs in zip(ours.points, plain(), strict=False):
        check("levels", mine, theirs, 0)
    for mine, theirs in zip(ours.interpolations, plain()[-4:], strict=True):
        check("weights", mine.mix, theirs[0], 1e-5)
    return plain, lambda: pyramid(points, config)


def segments(keypoints: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Starts, ends, strengths and the exponent's factor of a skeleton in a random place."""
    rng = np.random.default_rng(0)
    places = rng.uniform(-0.8, 0.8, (keypoints, 3)).astype(np.float32)
    pairs = np.array(ModelConfig(keypoints=keypoints).edges).T
    strengths = rng.uniform(0.2, 1, pairs.shape[1]).astype(np.float32)
    return places[pairs[0]], places[pairs[1]], strengths, -1 / HeatmapConfig().sigma_squared


def heatmap_on_grid(keypoints: int, cells: int) -> Callable[[], np.ndarray]:
    """The heatmap in all cells of a grid."""
    starts, ends, strengths, factor = segments(keypoints)
    axis = np.linspace(-1, 1, cells, dtype=np.float32)
    logarithms = np.log(strengths)
    return lambda: np.exp(strongest_on_grid((axis, axis, axis), starts, ends, logarithms, factor))


def heatmaps(keypoints: int, cells: int) -> tuple[Work, Work]:
    """The heatmap in all cells of a grid: the closed form in PyTorch, a few cells at a time, and ours."""
    *parts, factor = segments(keypoints)
    starts, ends, strengths = map(torch.from_numpy, parts)
    grid = torch.cartesian_prod(*[torch.linspace(-1, 1, cells)] * 3)
    along = ends - starts

    def plain() -> Tensor:
        found = []
        for part in grid.split(2**14):
            offset = part[:, None] - starts
            t = ((offset * along).sum(-1) / along.square().sum(-1)).clamp(0, 1)
            squared = (offset - t[..., None] * along).square().sum(-1)
            found.append((strengths * torch.exp(factor * squared)).amax(-1))
        return torch.cat(found)

    ours = heatmap_on_grid(keypoints, cells)
    check("heatmap", torch.from_numpy(ours().ravel()), plain(), 1e-5)
    return plain, ours


def check(name: str, ours: Tensor, plain: Tensor, tolerance: float) -> None:
    error = float((ours - plain).detach().abs().max())
    if not error <= tolerance:
        raise SystemExit(f"{name} differ by {error:.1e} from the reference's, more than {tolerance:.0e}")


def peak_of_step(plain: bool, sizes: Sizes) -> float:
    """Megabytes that a training step adds at its peak to what a process holds."""
    keep_freed_memory()
    torch.set_num_threads(1)
    net = sizes.network().train()
    points = clouds(sizes.batch, net.config)
    step_of(net, net, Inputs(points[:2]))()  # what is compiled or allocated once
    step = step_of((lambda x: reference.forward(net, x)) if plain else net, net, Inputs(points))
    held = resident()
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest so far
    step()
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024 - held


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def compare(name: str, aim: float, works: tuple[Work, Work], rounds: int) -> Row:
    torch.set_num_threads(1)
    one = take_turns(*works, rounds)
    torch.set_num_threads(2)
    two = take_turns(*works, max(3, rounds // 2), clock=time.perf_counter)
    torch.set_num_threads(1)
    return Row(name, f"{aim:g}x", one.ratio, one.spread, two.ratio, milliseconds(one), one.ratio >= aim)


def milliseconds(times: Times) -> float:
    return 1e3 * median(times.ours)


def memory_row(sizes: Sizes) -> Row:
    peaks = {}
    for side in ("plain", "ours"):
        command = [sys.executable, "-m", "tests.benchmarks.speed", "--peak", side, "--batch", str(sizes.batch)]
        command += ["--checkpoint", str(sizes.checkpoint)]
        peaks[side] = float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    ratio = peaks["ours"] / peaks["plain"]
    return Row(
        f"training step, batch {sizes.batch}, peak memory", "0.5x", ratio, None, None, peaks["ours"], ratio <= 0.5
    )


def rows(sizes: Sizes) -> dict[str, Callable[[], Row]]:
    rounds, batch, cells = sizes.rounds, sizes.batch, sizes.cells
    net = sizes.network()
    encoder = net.encoder
    assert isinstance(encoder, PointNet)
    one, several = clouds(1, net.config), clouds(batch, net.config)

    def step() -> Row:
        works = training_steps(sizes.network(), sizes.network(), Inputs(several))
        return compare(f"training step, batch {batch}", 7, works, max(3, rounds // 2))

    def finer_heatmap() -> Row:
        torch.set_num_threads(1)
        ours = heatmap_on_grid(16, 2 * cells)
        took = milliseconds(take_turns(ours, ours, rounds))
        return Row(f"heatmap on {2 * cells}^3, 120 segments", "100 ms", None, None, None, took, took <= 100)

    return {
        "inference": lambda: compare("inference, one cloud", 20, inference(net, Inputs(one)), rounds),
        "keypoints": lambda: compare("inference, keypoints only", 35, keypoints_only(net, Inputs(one)), rounds),
        "step": step,
        "memory": lambda: memory_row(sizes),
        "geometry": lambda: compare("geometry of one cloud", 120, geometry(encoder.config, one), rounds),
        "heatmap": lambda: compare(f"heatmap on {cells}^3, 28 segments", 15, heatmaps(8, cells), rounds),
        "finer-heatmap": finer_heatmap,
    }


def show(row: Row) -> None:
    ratio = "" if row.one_thread is None else f"{row.one_thread:.3g}x"
    spread = "" if row.spread is None else f"{row.spread[0]:.3g}-{row.spread[1]:.3g}"
    two = "" if row.two_threads is None else f"{row.two_threads:.3g}x"
    ours = f"{row.ours:.3g} {'MB' if 'memory' in row.name else 'ms'}"
    cells = [row.name, row.aim, ratio, spread, two, ours, "yes" if row.is_met else "no"]
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in asdict(Sizes()).items():
        parser.add_argument(f"--{name}", type=Path if name == "checkpoint" else int, default=default)
    parser.add_argument("--only", help="one row")
    parser.add_argument("--json", type=Path, help="write the rows here as well")
    parser.add_argument("--peak", choices=["plain", "ours"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes = Sizes(arguments.checkpoint, arguments.rounds, arguments.batch, arguments.cells)
    if arguments.peak:
        print(peak_of_step(arguments.peak == "plain", sizes))
        return
    keep_freed_memory()
    print("| work | aim | one thread | quartiles | two threads | ours | met |\n|---|---|---|---|---|---|---|")
    done = []
    for name, make in rows(sizes).items():
        if arguments.only in (None, name):
            with torch.set_grad_enabled(name == "step"):
                done.append(make())
            show(done[-1])
    as_json = json.dumps([asdict(row) for row in done])
    if arguments.json:
        arguments.json.write_text(as_json + "\n")
    print(as_json)


if __name__ == "__main__":
    main()
