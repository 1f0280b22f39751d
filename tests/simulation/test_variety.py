"""Garments to learn from."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.readers.sequence import read_about, write_sequence
from keygrid.geometry.mesh import edges_of
from keygrid.simulation.garments.wide import WideTop
from keygrid.simulation.garments.wide_bottoms import WideSkirt, WideTrousers
from keygrid.simulation.garments.wide_hat import WideHat
from keygrid.simulation.variety import TOPS, placed, revaried, varied
from keygrid.training.pairs import Cloth

SHIRT = Path("assets/garments/tshirt-01-drop.npz")


@pytest.fixture(scope="module")
def tops() -> list[Garment]:
    return [varied(TOPS, seed) for seed in range(4)]


@pytest.fixture(scope="module")
def shirt() -> Garment:
    found = placed(read_garment(SHIRT), read_about(SHIRT)["parameters"])
    assert found is not None
    return found


def test_the_same_seed_makes_the_same_top(tops: list[Garment]) -> None:
    again = varied(TOPS, 1)
    np.testing.assert_array_equal(again.faces, tops[1].faces)
    np.testing.assert_array_equal(again.frames, tops[1].frames)


def test_tops_are_manifold_in_one_piece_and_unlike_each_other(tops: list[Garment]) -> None:
    assert len({len(top.faces) for top in tops}) == len(tops)
    for top in tops:
        assert top.frame_count == 2
        assert edges_of(top.faces)[1].max() == 2
        assert set(np.unique(top.faces)) == set(range(len(top.vertices)))


def test_places_tell_sides_front_and_height_on_any_top(tops: list[Garment]) -> None:
    for top in tops:
        assert top.places is not None
        assert np.abs(top.places).max() < 1.3
        for axis in range(3):
            assert np.corrcoef(top.vertices[:, axis], top.places[:, axis])[0, 1] > (0.8 if axis < 2 else 0.6)


def test_most_measures_can_be_cut() -> None:
    found = Counter()
    for seed in range(12):
        try:
            vertices, _, places = WideTop.sampled(np.random.default_rng(seed)).surface()
            assert len(vertices) == len(places)
            found["cut"] += 1
        except ValueError:
            found["not"] += 1
    assert found["cut"] >= 8


def test_places_of_a_sewn_shirt_are_those_of_its_pattern(shirt: Garment) -> None:
    assert shirt.places is not None
    x, y, z = shirt.vertices.T
    assert np.corrcoef(x, shirt.places[:, 0])[0, 1] > 0.9
    assert np.corrcoef(y, shirt.places[:, 1])[0, 1] > 0.9
    assert (np.sign(z) == np.sign(shirt.places[:, 2]))[np.abs(z) > 2].mean() > 0.99


def test_what_was_not_sewn_to_known_measures_has_no_places() -> None:
    assert placed(read_garment(SHIRT), {}) is None


def of_our_own(name: str) -> Garment:
    path = Path(f"assets/garments/{name}.npz")
    found = placed(read_garment(path), read_about(path)["parameters"])
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["trousers-01-drop", "dress-01-drop", "vest-01-drop"])
def test_places_of_our_own_garments_tell_sides_front_and_height(name: str) -> None:
    garment = of_our_own(name)
    assert garment.places is not None
    for axis in range(3):
        assert np.corrcoef(garment.vertices[:, axis], garment.places[:, axis])[0, 1] > 0.75


@pytest.mark.parametrize("name", ["skirt-01-drop", "hat-01-drop"])
def test_places_of_what_looks_alike_when_turned_are_on_its_axis(name: str) -> None:
    garment = of_our_own(name)
    assert garment.places is not None
    assert np.corrcoef(garment.vertices[:, 1], garment.places[:, 1])[0, 1] > 0.9
    assert not garment.places[:, [0, 2]].any()


def test_trousers_and_dresses_of_any_measures_know_their_places() -> None:
    for category in ("Trousers", "Dress", "Vest"):
        garment = varied(category, 5, poses=1)
        assert garment.category == category
        assert edges_of(garment.faces)[1].max() == 2
        assert garment.places is not None
        for axis in range(3):
            assert np.corrcoef(garment.vertices[:, axis], garment.places[:, axis])[0, 1] > 0.6


@pytest.mark.parametrize("kind", [WideSkirt, WideHat])
def test_of_some_skirts_and_hats_nothing_tells_the_front(kind: type[WideSkirt | WideHat]) -> None:
    found = Counter()
    for seed in range(16):
        vertices, faces, places = kind.sampled(np.random.default_rng(seed)).surface()
        assert edges_of(faces)[1].max() == 2
        assert np.abs(places).max() < 1.3
        is_told = bool(places[:, [0, 2]].any())
        found[is_told] += 1
        if is_told:
            assert np.corrcoef(vertices[:, 2], places[:, 2])[0, 1] > 0.6
    assert set(found) == {True, False}


def test_the_back_of_trousers_is_longer_than_their_front() -> None:
    for seed in range(8):
        vertices, _, _ = WideTrousers.sampled(np.random.default_rng(seed)).surface()
        middle = vertices[np.abs(vertices[:, 0]) < 2]
        assert middle[middle[:, 2] < 0, 1].max() > middle[middle[:, 2] > 0, 1].max() + 0.5


def test_a_motion_on_other_triangles_is_the_same_motion(shirt: Garment) -> None:
    other = revaried(shirt, 3)
    assert len(other.faces) != len(shirt.faces)
    assert other.frame_count == shirt.frame_count
    assert other.places is not None
    extent = np.ptp(shirt.vertices_in(10), axis=0)
    np.testing.assert_allclose(np.ptp(other.vertices_in(10), axis=0), extent, rtol=0.15, atol=1)


def test_places_are_kept_in_the_file_and_learnt(shirt: Garment, tmp_path: Path) -> None:
    write_sequence(shirt, tmp_path / "shirt.npz")
    again = read_garment(tmp_path / "shirt.npz")
    assert again.places is not None
    assert shirt.places is not None
    np.testing.assert_array_equal(again.places, shirt.places)
    np.testing.assert_array_equal(Cloth.of(again).rest.numpy(), shirt.places)
