"""The shipped files are what the README says they are."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.readers import read_garment
from keygrid.methods.learned import LearnedMethod

ASSETS = Path(__file__).parents[1] / "assets"
GARMENTS = ASSETS / "garments"
CHECKPOINTS = sorted((ASSETS / "checkpoints").glob("*.safetensors"))


@pytest.fixture(scope="module")
def garment():
    return read_garment(ASSETS / "garments" / "unisex_shirt.ply")


@pytest.fixture(scope="module", params=["tops-k8-keygrid", "tshirt-k8"])
def prediction(garment, request):
    return LearnedMethod(ASSETS / "checkpoints" / f"{request.param}.safetensors").find([garment])[0]


@pytest.fixture(scope="module")
def surface_method():
    return LearnedMethod(ASSETS / "checkpoints" / "tops-k8-surface.safetensors")


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
    # Settled: the last tenth of the training gained less than a tenth of what all of it did; but for keypoints that
    # begin at one place, which is over after an epoch.
    losses = [sum(loss for name, loss in epoch["validation"].items() if name != "apart") for epoch in history]
    tenth = len(losses) // 10
    assert np.mean(losses[-2 * tenth : -tenth]) - np.mean(losses[-tenth:]) < (losses[0] - losses[-1]) / 10


@pytest.fixture(scope="module")
def sequences() -> list[dict[str, Any]]:
    manifest = json.loads((GARMENTS / "manifest.json").read_text())
    assert manifest["format"] == "keygrid-garments 1"
    return manifest["sequences"]


def test_the_manifest_lists_exactly_what_is_there(sequences):
    assert [entry["file"] for entry in sequences] == sorted(path.name for path in GARMENTS.glob("*.npz"))
    assert all((GARMENTS / entry["file"]).stat().st_size == entry["bytes"] for entry in sequences)
    assert sum(path.stat().st_size for path in GARMENTS.iterdir()) <= 40e6


def test_there_are_enough_garments_and_none_is_in_two_splits(sequences):
    splits: dict[str, set[str]] = defaultdict(set)
    motions: dict[str, set[str]] = defaultdict(set)
    categories: dict[str, set[str]] = defaultdict(set)
    for entry in sequences:
        splits[entry["garment"]].add(entry["split"])
        motions[entry["garment"]].add(entry["motion"].split("-")[0])
        categories[entry["category"]].add(entry["garment"])
    assert all(len(found) == 1 for found in splits.values())
    assert len(categories["T-shirt"]) >= 10
    assert sum(len(found) >= 6 for found in categories.values()) >= 5
    for found in motions.values():
        assert {"drop", "fold"} <= found
        assert found & {"drag", "lift"}
    for found in categories.values():
        assert {split for name in found for split in splits[name]} == {"train", "validation", "test"}


def test_no_training_garment_is_the_shape_of_a_test_garment(sequences):
    shapes = {}
    for entry in sequences:
        rest = read_garment(GARMENTS / entry["file"]).vertices
        shapes[entry["garment"]] = (entry["category"], entry["split"], np.sort(np.ptp(rest, axis=0)))
    tests = [shape for shape in shapes.values() if shape[1] == "test"]
    for category, _, extent in tests:
        others = [other for c, split, other in shapes.values() if c == category and split != "test"]
        assert min(np.abs(extent / other - 1).max() for other in others) > 0.01


def test_every_sequence_passes_the_checks_that_its_manifest_says_it_passed(sequences):
    for entry in sequences:
        moving = read_garment(GARMENTS / entry["file"])
        assert moving.frame_count in range(16, 33)
        assert 1200 <= len(moving.vertices) <= 2000
        assert moving.landmarks is not None
        edges = np.unique(np.sort(moving.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
        at_rest, moved = (
            np.linalg.norm(np.diff(positions[..., edges, :], axis=-2)[..., 0, :], axis=-1)
            for positions in (moving.vertices, moving.frames)
        )
        low, high = np.percentile(moved / at_rest, [1, 99], axis=1)
        assert low.min() >= 0.8
        assert high.max() <= 1.4
        # Quantisation moves each end of an edge by less than a thousandth of the edge's length.
        assert low.min() == pytest.approx(entry["checks"]["shortest"], abs=5e-3)
        assert high.max() == pytest.approx(entry["checks"]["longest"], abs=5e-3)
        assert (moving.frames[..., 1] < -1e-3).mean(axis=1).max() <= 0.01


@pytest.mark.parametrize("turn", range(0, 24, 4))
def test_keypoints_of_a_surface_are_the_same_however_it_is_turned(surface_method, turn):
    shirt = read_garment(GARMENTS / "tshirt-09-fold-half.npz").still(15)
    rotation = Rotation.create_group("O")[turn].as_matrix()
    turned = replace(shirt, vertices=shirt.vertices @ rotation.T)
    drawn = [surface_method.drawing.draw(shape) for shape in (shirt, turned)]
    before, after = (
        surface_method.find([shape], mode="peak", parts="keypoints", drawn=[sample])[0].keypoints
        for shape, sample in zip((shirt, turned), drawn, strict=True)
    )
    np.testing.assert_allclose(after @ rotation, before, atol=0.02 * shirt.diagonal)


def test_a_reflected_shirt_has_its_sides_the_other_way_round(surface_method):
    shirt = read_garment(GARMENTS / "tshirt-09-drop.npz").still(0)
    mirrored = replace(shirt, vertices=shirt.vertices * [-1, 1, 1])
    here, there = (surface_method.places(shape) for shape in (shirt, mirrored))
    beside = np.abs(here[:, 0]) > 0.2
    assert (np.sign(here[beside, 0]) == -np.sign(there[beside, 0])).mean() > 0.95


def test_the_shirt_has_keypoints_on_its_surface_on_both_sides_above_and_below(garment, surface_method):
    (found,) = surface_method.find([garment], mode="peak", parts="keypoints")
    low, high = garment.bounds
    relative = (found.keypoints - (low + high) / 2) / (high - low) * 2
    assert cKDTree(garment.vertices).query(found.keypoints)[0].max() < 0.01 * garment.diagonal
    for axis, least in ((0, 0.4), (1, 0.4)):
        assert relative[:, axis].max() > least
        assert relative[:, axis].min() < -least


def test_every_checkpoint_is_described():
    described = (ASSETS / "checkpoints" / "ORIGIN.md").read_text()
    for path in CHECKPOINTS:
        assert f"`{path.name}`" in described
