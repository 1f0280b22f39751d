"""How well a checkpoint tells which keypoints are out of sight, on clouds that one camera sees.

    python -m tests.benchmarks.visibility CHECKPOINT FOLDER [--garments 40]

The garments are those of FOLDER, which `main.py vary` makes, that a training there holds out. A keypoint is in sight if
a point of the cloud is beside the vertex whose place on the garment is nearest to where the keypoint belongs.
"""

from argparse import ArgumentParser
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.data.sampling import sample
from keygrid.data.visibility import visible
from keygrid.methods.learned import LearnedMethod, template_of

BESIDE = 0.04
"""Distance to the nearest point, in diagonals, up to which a vertex is in sight."""
FARTHEST = 0.15
"""Distance of places up to which a garment has a keypoint's place; others lack it, as vests lack sleeves."""


def main(checkpoint: Path, folder: Path, count: int) -> None:
    method, rng = LearnedMethod(checkpoint), np.random.default_rng(0)
    template = template_of(Checkpoint.load(checkpoint))
    if template is None:
        raise SystemExit(f"{checkpoint.name} does not know where its keypoints belong.")
    _, held_out = Dataset.open([folder]).split(0)
    told: dict[bool, list[tuple[bool, bool]]] = {True: [], False: []}
    for number in rng.permutation(len(held_out))[:count]:
        garment = held_out.garment(int(number))
        if garment.places is None:
            continue
        frame = int(rng.integers(max(garment.frame_count, 1)))
        away, vertices = cKDTree(garment.places).query(template)
        points = sample(garment.still(frame) if garment.frame_count else garment, 2048, int(number)).points
        for is_scan in (True, False):
            kept = visible(points, rng.uniform(0, 2 * np.pi), 1, rng.uniform(0, np.pi / 2)) if is_scan else slice(None)
            cloud = Garment(garment.name, points[kept], np.empty((0, 3), np.int64))
            (found,) = method.find([cloud], parts="keypoints")
            assert found.visible is not None
            nearest = cKDTree(cloud.vertices).query(garment.vertices_in(frame)[vertices])[0]
            is_near = nearest <= BESIDE * garment.diagonal
            has = away < FARTHEST
            told[is_scan] += zip(is_near[has].tolist(), found.visible[has].tolist(), strict=True)
    for is_scan, pairs in told.items():
        truth, said = np.array(pairs).T
        right, wrong = said[truth].mean(), said[~truth].mean() if (~truth).any() else 0.0
        print(  # noqa: T201
            f"{'one camera' if is_scan else 'whole'}: {len(truth)} keypoints, {truth.mean():.0%} in sight; "
            f"of those {right:.0%} are said to be, and of the others {wrong:.0%}"
        )


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--garments", type=int, default=40)
    given = parser.parse_args()
    main(given.checkpoint, given.folder, given.garments)
