"""What is shipped is what the README says it is."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from keygrid.data.readers import read_garment
from keygrid.inference import Predictor
from keygrid.training.checkpoint import Checkpoint

ASSETS = Path(__file__).parents[1] / "assets"
CHECKPOINTS = sorted((ASSETS / "checkpoints").glob("*.safetensors"))


@pytest.fixture(scope="module")
def garment():
    return read_garment(ASSETS / "garments" / "unisex_shirt.ply")


@pytest.fixture(scope="module")
def prediction(garment):
    return Predictor(ASSETS / "checkpoints" / "tshirt-k8.safetensors").predict(garment)


def test_the_shirt_is_whole(garment):
    assert garment.vertices.shape == (6436, 3)
    assert garment.faces.shape == (12736, 3)
    # Each edge belongs to one triangle (at an opening) or two.
    edges = np.sort(garment.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() == 2


def test_keypoints_lie_on_or_near_the_shirt(garment, prediction):
    distances, _ = cKDTree(garment.vertices).query(prediction.keypoints)
    # A shirt is hollow: the mean of a keypoint's weights can lie between its front and back.
    assert distances.max() < 0.1 * garment.diagonal
    assert (prediction.keypoints >= garment.bounds[0]).all()
    assert (prediction.keypoints <= garment.bounds[1]).all()


def test_no_two_keypoints_are_close(garment, prediction):
    assert len(prediction.keypoints) == 8
    assert pdist(prediction.keypoints).min() > 0.05 * garment.diagonal


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_checkpoints_say_how_they_were_made(path):
    checkpoint = Checkpoint.load(path)
    assert checkpoint.category
    assert checkpoint.record["command"].startswith("python main.py train ")
    history = checkpoint.record["history"]
    assert [epoch["epoch"] for epoch in history] == list(range(1, len(history) + 1))
    # Settled: the last fifth of the training gained less than a tenth of what the first fifth did.
    losses = [sum(epoch["validation"].values()) for epoch in history]
    fifth = len(losses) // 5
    assert np.mean(losses[-2 * fifth : -fifth]) - np.mean(losses[-fifth:]) < (losses[0] - np.mean(losses[:fifth])) / 10


def test_every_checkpoint_is_described():
    described = (ASSETS / "checkpoints" / "ORIGIN.md").read_text()
    for path in CHECKPOINTS:
        assert f"`{path.name}`" in described
