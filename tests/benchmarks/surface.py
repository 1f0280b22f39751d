"""Time to the keypoints of a mesh by a network that sees its surface, beside one that sees points.

    python -m tests.benchmarks.surface [--rounds 5] [--vertices 10000 1500]

Process time on one thread, with encoders loaded and everything else done anew each time: drawing points, working out
the surface's operators, keypoints with their skeleton, and the judgement of ambiguity. The mesh is the
bundled T-shirt, on triangles of one size.
"""
# ruff: noqa: T201

import argparse
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import gpytoolbox
import numpy as np
import torch

from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.sampling import areas
from keygrid.geometry.operators import operators
from keygrid.methods import open_method
from tests.benchmarks.measure import take_turns

ASSETS = Path(__file__).parents[2] / "assets"
SURFACE, CLOUD = (ASSETS / "checkpoints" / f"tops-k8-{name}.safetensors" for name in ("surface", "keygrid"))
AIMS = {10_000: 1000.0, 1500: 100.0}
"""Milliseconds that a mesh of so many vertices may take."""


def remeshed(garment: Garment, vertices: int) -> Garment:
    """The garment on about so many vertices."""
    edge = float(np.sqrt(areas(garment).sum() / (np.sqrt(3) / 2 * vertices)))
    points, faces = gpytoolbox.remesh_botsch(garment.vertices, garment.faces.astype(np.int32), 10, edge, True)
    return replace(garment, vertices=points, faces=faces.astype(np.int64), landmarks=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--vertices", type=int, nargs="+", default=list(AIMS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    surface, cloud = open_method(SURFACE), open_method(CLOUD)
    shirt = read_garment(ASSETS / "garments" / "unisex_shirt.ply")
    print("| vertices | surface encoder | of which operators | with the reconstruction | cloud encoder | aim | met |")
    print("|---|---|---|---|---|---|---|")
    for count in arguments.vertices:
        garment = remeshed(shirt, count)
        times, whole = (
            take_turns(
                lambda g=garment, p=parts: cloud.find([g], parts=p),
                lambda g=garment, p=parts: surface.find([g], parts=p),
                arguments.rounds,
            )
            for parts in ("skeleton", "all")
        )
        began = time.process_time()
        operators(garment.vertices, garment.faces)
        apart = 1000 * (time.process_time() - began)
        ours, rebuilt, theirs = (1000 * median(seconds) for seconds in (times.ours, whole.ours, times.reference))
        aim = AIMS.get(count)
        met = "" if aim is None else "yes" if ours <= aim else "no"
        print(
            f"| {len(garment.vertices):,} | {ours:.0f} ms | {apart:.0f} ms | {rebuilt:.0f} ms | {theirs:.0f} ms "
            f"| {'' if aim is None else f'{aim:.0f} ms'} | {met} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
