"""The methods without learning: their rules, and what they have in common."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from keygrid.data.garment import Garment
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError
from keygrid.evaluation.material import Material
from keygrid.methods import METHODS, open_method
from keygrid.methods import iss as iss_module
from keygrid.methods.unlearned import shortest_tree
from keygrid.prediction import Prediction

ALL = sorted(METHODS)


def found(spec: str, garment: Garment, frame: int | None = None) -> Prediction:
    return open_method(spec).find([garment], [frame])[0]


def sheet(columns: int = 21, rows: int = 11) -> Garment:
    """A flat sheet of 2 by 1, folded in half across its length in its only frame, the layers 0.02 apart."""
    x, y = np.meshgrid(np.linspace(0, 2, columns), np.linspace(0, 1, rows))
    flat = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    square = np.stack([corner, corner + 1, corner + columns + 1, corner + columns], axis=1)
    faces = np.concatenate([square[:, [0, 1, 2]], square[:, [0, 2, 3]]])
    folded = flat.copy()
    over = flat[:, 0] > 1
    folded[over, 0], folded[over, 2] = 2 - flat[over, 0], 0.02
    return Garment("sheet", flat, faces, frames=folded[None].astype(np.float32))


@pytest.mark.parametrize("name", ALL)
def test_the_same_garment_gives_the_same_bits(name: str, shirt: Garment) -> None:
    first, second = found(f"{name}?k=6", shirt), found(f"{name}?k=6", shirt)
    assert np.array_equal(first.keypoints, second.keypoints)
    assert first.method.spec == f"{name}?k=6"
    assert first.explanation is None
    assert len(np.unique(first.keypoints, axis=0)) == 6
    assert np.isfinite(first.keypoints).all()


@pytest.mark.parametrize("name", ALL)
def test_keypoints_move_and_grow_with_the_garment(name: str, shirt: Garment) -> None:
    elsewhere = replace(shirt, vertices=2 * shirt.vertices + [64, -32, 16])
    expected = 2 * found(f"{name}?k=5", shirt).keypoints + [64, -32, 16]
    np.testing.assert_allclose(found(f"{name}?k=5", elsewhere).keypoints, expected, atol=1e-9 * shirt.diagonal)


@pytest.mark.parametrize("name", ALL)
def test_a_frame_is_seen_as_a_shape_of_its_own_but_for_points_that_are_held_still(name: str, shirt: Garment) -> None:
    frames = np.stack([shirt.vertices, shirt.vertices[:, [1, 0, 2]] * [1, 0.7, 1]]).astype(np.float32)
    moving = replace(shirt, vertices=frames[0].astype(np.float64), frames=frames)
    method = open_method(f"{name}?k=6")
    together = method.find([moving, moving], [0, 1])
    drawn = sample(moving, method.drawing.points, by_shape=True)
    moved = replace(drawn, points=drawn.on(frames[1], moving.faces))
    (alone,) = method.find([moving.still(1)], drawn=[moved])
    if name == "still":
        first, second = together
        gap = np.linalg.norm(first.normalised - second.normalised, axis=1)
        free = np.linalg.norm(alone.normalised - first.normalised[:, None], axis=-1).min(axis=0)
        assert np.median(gap) < np.median(free)
    else:
        np.testing.assert_allclose(together[1].keypoints, alone.keypoints)


def test_points_are_held_still_while_the_garment_is(shirt: Garment) -> None:
    moving = replace(shirt, frames=np.stack([shirt.vertices, shirt.vertices + 3]).astype(np.float32))
    first, second = open_method("still?k=8").find([moving, moving], [0, 1])
    np.testing.assert_allclose(second.keypoints, first.keypoints + 3, atol=1e-4 * shirt.diagonal)


def test_the_farthest_points_are_spread_over_the_cloud(shirt: Garment) -> None:
    points = sample(shirt, 2048, by_shape=True).points
    keypoints = found("farthest?k=16", shirt).keypoints
    reach = cKDTree(keypoints).query(points)[0].max()
    apart = cKDTree(keypoints).query(keypoints, k=2)[0][:, 1].min()
    assert reach <= apart + 1e-9  # or the farthest point would have been chosen in place of the last
    assert cKDTree(points).query(keypoints)[0].max() < 1e-6 * shirt.diagonal


def test_along_the_cloth_the_ends_of_a_folded_sheet_are_far_from_each_other() -> None:
    garment = sheet()
    along, straight = (found(f"{name}?k=2", garment, 0) for name in ("geodesic", "farthest"))
    assert set(along.vertices.tolist()) in ({0, 230}, {20, 210})
    material = Material.of(garment)
    refined = material.of_vertices @ garment.vertices_in(0)

    def apart(prediction: Prediction) -> float:
        places = np.asarray(cKDTree(refined).query(prediction.keypoints)[1])
        return float(np.sort(material.distances(places)[:, places], axis=1)[:, 1].min())

    assert apart(along) > 1.3 * apart(straight)


def test_each_piece_of_cloth_has_a_keypoint_along_the_cloth() -> None:
    one = sheet()
    pieces = Garment(
        "three", np.concatenate([one.vertices, one.vertices / 9 + 5, one.vertices / 9 + 9]),
        np.concatenate([one.faces + shift * len(one.vertices) for shift in range(3)]),
    )  # fmt: skip
    of = found("geodesic?k=4", pieces).vertices // len(one.vertices)
    assert sorted(set(of.tolist())) == [0, 1, 2]


def test_along_the_cloth_needs_a_surface_and_enough_of_it() -> None:
    cloud = Garment("dots", np.random.default_rng(0).normal(size=(100, 3)), np.empty((0, 3), np.int64))
    assert open_method("geodesic").needs_surface
    with pytest.raises(KeygridError, match=r"geodesic\?k=8 needs a surface, but dots is a cloud"):
        found("geodesic", cloud)
    with pytest.raises(KeygridError, match=r"sheet has 4 vertices, but geodesic\?k=8 needs 8"):
        found("geodesic", sheet(2, 2))


@pytest.mark.parametrize("name", [name for name in ALL if name != "geodesic"])
def test_a_cloud_is_enough_for_the_others(name: str) -> None:
    points = np.random.default_rng(0).normal(size=(300, 3))
    prediction = found(f"{name}?k=7", Garment("dots", points, np.empty((0, 3), np.int64)))
    assert np.array_equal(prediction.keypoints, points[prediction.vertices]) or np.allclose(
        prediction.keypoints, points[prediction.vertices]
    )


def test_where_few_points_are_salient_others_are_added() -> None:
    plane = np.zeros((400, 3))
    plane[:, :2] = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    prediction = found("iss?k=64", Garment("plane", plane, np.empty((0, 3), np.int64)))
    assert len(np.unique(prediction.vertices)) == 64


class Crash:
    """Stands for `detect`, and ends the process that unpickles it."""

    def __call__(self, points: object) -> object:
        raise AssertionError("this process is not the one that detects")

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (1,)


def test_a_crash_of_open3d_is_a_sentence(shirt: Garment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iss_module, "detect", Crash())
    with pytest.raises(KeygridError, match="Open3D crashed"):
        found("iss", shirt)
    monkeypatch.undo()
    assert len(found("iss", shirt).keypoints) == 8


def test_the_skeleton_is_the_shortest_tree(shirt: Garment) -> None:
    line = np.array([[0.0, 0, 0], [3, 0, 0], [1, 0, 0], [6, 0, 0], [6, 0, 0]])
    assert shortest_tree(line).tolist() == [[0, 2], [1, 2], [1, 3], [3, 4]]
    prediction = found("farthest?k=5", shirt)
    assert prediction.edges.shape == (4, 2)
    assert prediction.strengths.tolist() == [1.0] * 4
    (alone,) = open_method("farthest?k=5").find([shirt], parts="keypoints")
    assert np.array_equal(alone.keypoints, prediction.keypoints)
    assert len(alone.edges) == len(alone.strengths) == 0


def test_a_checkpoint_and_a_name_open(tiny_checkpoint: Path) -> None:
    assert open_method(str(tiny_checkpoint)).id == open_method(tiny_checkpoint).id
    assert open_method("farthest").id == open_method("farthest?k=8").id
    assert open_method("farthest?k=3").keypoints == 3


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("nearest", r"no method 'nearest': choose one of farthest, geodesic, still, iss, or a checkpoint by its path"),
        ("nearest?k=3", "no method 'nearest'"),
        ("farthest?k=1", r"k of the method farthest must be a whole number from 2 to 64; you gave '1'"),
        ("farthest?k=65", "from 2 to 64; you gave '65'"),
        ("farthest?k=", "from 2 to 64; you gave ''"),
        ("farthest?k=8.5", r"from 2 to 64; you gave '8\.5'"),
        ("still?keypoints=8", r"still has no option 'keypoints'; its options are k\."),
        ("nowhere.safetensors", r"There is no checkpoint nowhere\.safetensors"),
    ],
)
def test_what_can_t_be_opened_says_what_can(spec: str, said: str) -> None:
    with pytest.raises(KeygridError, match=said):
        open_method(spec)
