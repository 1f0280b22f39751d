"""Time and memory against the number of points, of keypoints, and of the heatmap's cells; drawn into docs/scale.png.

    python -m tests.benchmarks.scale [--rounds 5] [--out docs/scale.png]
        [--points N ...] [--keypoints K ...] [--cells C ...]

Each size is measured in a process of its own, on one thread: process time of the whole network, or of the heatmap in
all cells of a grid, as the median of the rounds; and the process's peak memory less what it held before.
"""
# ruff: noqa: T201

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).parents[2]
SIZES = {"points": [2048, 8192, 32768, 100_000], "keypoints": [4, 8, 16, 32, 64], "cells": [16, 32, 64, 128, 256]}
LABELS = {"points": "points of a cloud", "keypoints": "keypoints", "cells": "cells of the heatmap"}


def measure(kind: str, size: int, rounds: int) -> dict[str, float]:
    """Seconds and megabytes of one size, in this process."""
    from tests.benchmarks.speed import heatmap_on_grid, resident

    if kind == "cells":
        heatmap_on_grid(8, 4)()  # compiles
        work = heatmap_on_grid(8, size)
    else:
        import torch

        from keygrid.model.config import preset
        from keygrid.model.inputs import Inputs
        from keygrid.model.network import KeyGrid

        torch.set_num_threads(1)
        torch.manual_seed(0)
        network = KeyGrid(preset("released", size if kind == "keypoints" else 8)).eval()
        angles = torch.rand(1, size if kind == "points" else 2048, 2) * 2 * torch.pi
        wave = torch.stack([angles[..., 0].cos(), angles[..., 1].cos(), angles.sum(-1).sin()], dim=-1)  # a surface

        def work() -> object:
            with torch.inference_mode():
                return network(Inputs(wave))

        with torch.inference_mode():
            network(Inputs(wave[:, :2048]))  # compiles
    held = resident()
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": median(seconds), "megabytes": max(1.0, peak - held)}  # less is lost in what was held


def draw(found: dict[str, list[dict[str, float]]], out: Path) -> None:
    """Both costs against each size, on logarithmic axes, beside a line that is proportional to the size."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, 3, figsize=(10, 5.6), constrained_layout=True)
    for column, (kind, rows) in enumerate(found.items()):
        sizes = np.array([row["size"] for row in rows], float) ** (3 if kind == "cells" else 1)
        for panel, key, unit in ((panels[0, column], "seconds", "s"), (panels[1, column], "megabytes", "MB")):
            values = np.array([row[key] for row in rows])
            panel.loglog(sizes, values, "o-", color="#2962a8", label="measured")
            panel.loglog(sizes, values[-1] * sizes / sizes[-1], ":", color="#888888", label="proportional")
            panel.set_ylim(values.min() / 3, values.max() * 3)
            panel.set_xticks(sizes, [f"{row['size']}³" if kind == "cells" else f"{row['size']:,}" for row in rows])
            panel.minorticks_off()
            panel.set_xlabel(LABELS[kind])
            panel.set_ylabel(f"{'time' if unit == 's' else 'memory'} ({unit})")
            panel.grid(alpha=0.3)
    panels[0, 0].legend(frameon=False)
    figure.savefig(out, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "scale.png")
    for kind, sizes in SIZES.items():
        parser.add_argument(f"--{kind}", type=int, nargs="+", default=sizes)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one[0], int(arguments.one[1]), arguments.rounds)))
        return
    found: dict[str, list[dict[str, float]]] = {}
    print("| what | size | ms | MB |\n|---|---|---|---|")
    for kind in SIZES:
        for size in getattr(arguments, kind):
            command = [sys.executable, "-m", "tests.benchmarks.scale", "--rounds", str(arguments.rounds)]
            done = subprocess.run(
                [*command, "--one", kind, str(size)], cwd=ROOT, check=True, capture_output=True, text=True
            )
            row = {"size": size, **json.loads(done.stdout)}
            found.setdefault(kind, []).append(row)
            name = f"{size}^3" if kind == "cells" else f"{size:,}"
            print(f"| {LABELS[kind]} | {name} | {1e3 * row['seconds']:.0f} | {row['megabytes']:.0f} |", flush=True)
    draw(found, arguments.out)


if __name__ == "__main__":
    main()
