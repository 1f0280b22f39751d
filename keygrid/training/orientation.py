"""Training of the perceptron that orients normals of clouds, on surfaces whose outside is known.

    python -m keygrid.training.orientation FOLDER [FOLDER ...] [--out keygrid/geometry/orientation.npz]

It takes five minutes on one core. Clouds are drawn on training garments only. The shipped weights come from the bundled
garments of all categories, four more copies of the moving tops, and 200 varied tops (`--clouds 700 --steps 2500`).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.data.sampling import sample
from keygrid.files import atomic
from keygrid.geometry.operators import vertex_normals
from keygrid.geometry.orientation import CELLS, WEIGHTS, surroundings
from keygrid.geometry.surface import outward

_WIDTH = 64
_SIZES = (1024, 2048, 4096)
_KEPT = 300
"""Number of points per cloud used for training."""
_NOISE = 8e-4
"""Largest standard deviation of the noise added to coordinates, as a share of the extent."""


def fit(garments: Dataset, clouds: int, steps: int, seed: int = 0) -> nn.Sequential:
    """Train and return the perceptron, for a number of steps on a number of clouds of the garments."""
    torch.manual_seed(seed)
    seen, flipped, cosines = (
        torch.from_numpy(np.concatenate(part)) for part in zip(*_examples(garments, clouds, seed), strict=True)
    )
    network = nn.Sequential(
        nn.Linear(CELLS, _WIDTH), nn.ReLU(), nn.Linear(_WIDTH, _WIDTH), nn.ReLU(), nn.Linear(_WIDTH, 1)
    )
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for step in range(steps):
        some = torch.randint(len(seen), (2048,))
        loss = _loss(network(seen[some].float()) - network(flipped[some].float()), cosines[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 499:
            print(f"step {step + 1}  loss {float(loss):.3f}", flush=True)  # noqa: T201
    return network


def _loss(odd: Tensor, cosines: Tensor) -> Tensor:
    """Return the logistic loss; a normal far from the true one, with either sign, counts less."""
    return (cosines.abs() * nn.functional.softplus(-cosines.sign() * odd[:, 0])).mean()


def _examples(
    garments: Dataset, clouds: int, seed: int
) -> Iterator[tuple[NDArray[np.float16], NDArray[np.float16], NDArray[np.float32]]]:
    """Yield each cloud's cells above and below points, the same upside down, and the cosines to outward normals."""
    for number in range(clouds):
        rng = np.random.default_rng([seed, number])
        points, normals = cloud_with_normals(garments.garment(number), rng)
        known = surroundings(points)
        some = rng.permutation(len(points))[:_KEPT]
        cosines = (known.normals * normals).sum(axis=1)[some].astype(np.float32)
        yield known.seen[some].astype(np.float16), known.flipped[some].astype(np.float16), cosines


def cloud_with_normals(garment: Garment, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points (N, 3) on a surface in one of its poses, varied, and their outward normals, (N, 3)."""
    drawn = sample(garment, int(rng.choice(_SIZES)), seed=int(rng.integers(2**32)))
    vertices = garment.vertices_in(int(rng.integers(max(garment.frame_count, 1))))
    normals = drawn.on(vertex_normals(vertices, outward(garment.vertices, garment.faces)[0]), garment.faces)
    points = drawn.on(vertices, garment.faces)
    extent = float(np.ptp(points, axis=0).max())
    points = points + rng.normal(size=points.shape) * (rng.uniform(0, _NOISE) * extent)
    return points, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def save(network: nn.Sequential, path: Path) -> None:
    """Write the perceptron's weights, in half precision."""
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    arrays = {}
    for i, layer in enumerate(layers):
        arrays[f"matrix_{i}"] = layer.weight.detach().numpy().astype(np.float16)
        arrays[f"bias_{i}"] = layer.bias.detach().numpy().astype(np.float16)
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def main() -> None:
    """Train with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--clouds", type=int, default=700)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--category", action="append", default=[])
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train, _ = Dataset.open(arguments.data, categories=arguments.category).split(0)
    save(fit(train, arguments.clouds, arguments.steps), arguments.out)


if __name__ == "__main__":
    main()
