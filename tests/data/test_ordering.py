from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.sampling import sample
from keygrid.methods import open_method

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shirt() -> Garment:
    return read_garment(ROOT / "assets/garments/unisex_shirt.ply")


def shuffled(garment: Garment, seed: int) -> Garment:
    """The same surface with its vertices, its faces and their corners in another order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(garment.vertices))
    faces = np.argsort(order)[garment.faces[rng.permutation(len(garment.faces))]]
    faces = np.take_along_axis(faces, (np.arange(3) + rng.integers(3, size=(len(faces), 1))) % 3, axis=1)
    return replace(garment, vertices=garment.vertices[order], faces=faces)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_points_are_drawn_whatever_the_order_of_a_file(shirt: Garment, seed: int) -> None:
    drawn, other = sample(shirt, 500, by_shape=True), sample(shuffled(shirt, seed), 500, by_shape=True)
    np.testing.assert_allclose(other.points, drawn.points, atol=1e-9 * shirt.diagonal)
    assert not np.allclose(sample(shuffled(shirt, seed), 500).points, drawn.points)


def test_a_turn_changes_no_material(shirt: Garment) -> None:
    angle = 0.7
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    drawn = sample(shirt, 500, by_shape=True)
    turned = sample(replace(shirt, vertices=shirt.vertices @ turn.T), 500, by_shape=True)
    is_same = np.linalg.norm(turned.points @ turn - drawn.points, axis=1) < 1e-6 * shirt.diagonal
    assert is_same.mean() > 0.95


def test_points_drawn_by_shape_are_even_over_the_area(shirt: Garment) -> None:
    by_file, by_shape = (sample(shirt, 20_000, by_shape=by) for by in (False, True))
    np.testing.assert_allclose(by_shape.points.mean(axis=0), by_file.points.mean(axis=0), atol=0.01 * shirt.diagonal)
    np.testing.assert_allclose(by_shape.barycentric.mean(axis=0), np.full(3, 1 / 3), atol=0.01)
    np.testing.assert_allclose(by_shape.on(shirt.vertices, shirt.faces), by_shape.points)


def test_shuffled_faces_move_no_keypoint(shirt: Garment) -> None:
    method = open_method(ROOT / "assets/checkpoints/tops-k8-keygrid.safetensors")
    found, other = method.find([shirt, shuffled(shirt, 0)])
    away = np.linalg.norm(found.keypoints - other.keypoints, axis=1)
    assert away.max() < 0.005 * shirt.diagonal


def test_a_shuffled_cloud_has_the_same_points_and_keypoints(shirt: Garment) -> None:
    cloud = replace(shirt, vertices=sample(shirt, 3000).points, faces=np.empty((0, 3), np.int64))
    other = replace(cloud, vertices=np.random.default_rng(1).permutation(cloud.vertices))
    for count in (500, 3000):
        drawn, again = (sample(one, count, by_shape=True).points for one in (cloud, other))
        np.testing.assert_array_equal(again, drawn)
    method = open_method(ROOT / "assets/checkpoints/tops-k8-keygrid.safetensors")
    found, shuffled_found = method.find([cloud, other])
    np.testing.assert_allclose(shuffled_found.keypoints, found.keypoints, atol=1e-5 * shirt.diagonal)
