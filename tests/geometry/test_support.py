from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keygrid.data.readers import read_garment
from keygrid.data.sampling import sample
from keygrid.geometry.support import share_on_support
from keygrid.methods import open_method

ROOT = Path(__file__).parents[2]


def on_table(points: np.ndarray, seed: int = 0) -> np.ndarray:
    """Points (N, 3) with a square table under them, as many points, seen from somewhere else."""
    rng = np.random.default_rng(seed)
    extent = np.ptp(points, axis=0).max()
    middle = points.mean(axis=0)
    table = rng.uniform([-1, 0, -1], [1, 0.002, 1], size=points.shape) * extent
    table += [middle[0], points[:, 1].min() - 0.005 * extent, middle[2]]
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return np.concatenate([points, table]) @ turn.T


@pytest.mark.parametrize("file", ["tshirt-real-drop.npz", "trousers-06-fold-half.npz", "dress-05-drop.npz"])
@pytest.mark.parametrize("frame", [10, 19])
def test_a_table_is_told_from_a_garment(file: str, frame: int) -> None:
    points = sample(read_garment(ROOT / "assets" / "garments" / file).still(frame), 1000).points
    assert share_on_support(points) == 0
    assert 0.45 < share_on_support(on_table(points)) < 0.95


def test_degenerate_clouds_have_no_table() -> None:
    rng = np.random.default_rng(0)
    for points in (
        np.zeros((2, 3)),
        np.ones((100, 3)),
        rng.random((100, 1)) * [1.0, 2, 3],
        rng.random((500, 3)) * [1.0, 0, 1],
    ):
        assert share_on_support(points) == 0


def test_every_method_says_that_a_cloud_has_a_table() -> None:
    shirt = read_garment(ROOT / "assets" / "garments" / "unisex_shirt.ply")
    alone = replace(shirt, vertices=sample(shirt, 1000).points, faces=np.empty((0, 3), np.int64))
    with_table = replace(alone, vertices=on_table(alone.vertices))
    for method in (
        open_method(ROOT / "assets" / "checkpoints" / "tops-k8-keygrid.safetensors"),
        open_method("farthest?k=8"),
    ):
        without, found = method.find([alone, with_table])
        assert without.caveats == ()
        assert [caveat.partition(":")[0] for caveat in found.caveats] == ["Keypoints may be on a table"]
