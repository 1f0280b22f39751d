"""Clouds drawn on garments, and the cube a network sees them in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.sampling import MINIMUM_POINTS, Normalisation, NormalisationMode, sample
from keygrid.errors import KeygridError

seeds = st.integers(0, 2**32 - 1)
modes = st.sampled_from(["range", "centred"])


def scattered(seed: int, count: int) -> NDArray[np.float64]:
    """(count, 3) positions of any size between a millimetre and a kilometre, anywhere near the origin."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=3) * 100 + rng.normal(size=(count, 3)) * 10 ** rng.uniform(-3, 3)


def surface(seed: int) -> Garment:
    rng = np.random.default_rng(seed)
    faces = np.array([rng.choice(20, 3, replace=False) for _ in range(30)])
    return Garment("surface", scattered(seed, 20), faces)


def cloud(points: NDArray[np.float64]) -> Garment:
    return Garment("cloud", points, np.empty((0, 3), np.int64))


# Sampling


@given(seeds)
def test_points_lie_on_their_triangles(seed: int) -> None:
    garment = surface(seed)
    drawn = sample(garment, 100, seed)
    assert drawn.points.shape == drawn.barycentric.shape == (100, 3)
    assert (drawn.barycentric >= 0).all()
    np.testing.assert_allclose(drawn.barycentric.sum(axis=1), 1, atol=1e-12)
    a, b, c = np.moveaxis(garment.vertices[garment.faces[drawn.faces]], 1, 0)
    # Solved afresh: the coordinates of a point in its triangle's plane, and its distance from that plane.
    edges = np.stack([b - a, c - a], axis=2)  # [N, 3, 2]
    within = np.linalg.pinv(edges) @ (drawn.points - a)[..., None]
    np.testing.assert_allclose(within[..., 0], drawn.barycentric[:, 1:], atol=1e-6)
    np.testing.assert_allclose(edges @ within, (drawn.points - a)[..., None], atol=1e-9 * garment.diagonal)


@given(seeds)
def test_points_move_with_the_material(seed: int) -> None:
    garment = surface(seed)
    rng = np.random.default_rng(seed)
    linear, shift = rng.normal(size=(3, 3)), rng.normal(size=3)
    drawn = sample(garment, 100, seed)
    moved = drawn.on(garment.vertices @ linear + shift, garment.faces)
    np.testing.assert_allclose(moved, drawn.points @ linear + shift, atol=1e-9 * (1 + np.abs(moved).max()))


@given(seeds, st.integers(MINIMUM_POINTS, 200))
def test_the_same_seed_draws_the_same_points(seed: int, count: int) -> None:
    for garment in (surface(seed), cloud(scattered(seed, 150))):
        first, second = sample(garment, count, seed), sample(garment, count, seed)
        np.testing.assert_array_equal(first.points, second.points)
        np.testing.assert_array_equal(first.faces, second.faces)
        np.testing.assert_array_equal(first.barycentric, second.barycentric)


def test_another_seed_draws_other_points() -> None:
    assert not np.array_equal(sample(surface(0), seed=1).points, sample(surface(0), seed=2).points)


def test_points_are_uniform_by_area(shirt: Garment) -> None:
    corners = shirt.vertices[shirt.faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    drawn = sample(shirt, 50_000)
    # Twenty groups of triangles of about the same area: counts are binomial, and five deviations are never seen.
    group = np.minimum((np.cumsum(areas) / areas.sum() * 20).astype(int), 19)
    share = np.bincount(group, areas) / areas.sum()
    counts = np.bincount(group[drawn.faces], minlength=20)
    assert (np.abs(counts - 50_000 * share) < 5 * np.sqrt(50_000 * share)).all()
    # Within a triangle, each corner draws alike.
    np.testing.assert_allclose(drawn.barycentric.mean(axis=0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(drawn.barycentric.var(axis=0), 1 / 18, atol=0.002)


def test_triangles_without_area_get_no_points() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 0]], float)
    garment = Garment("partly flat", vertices, np.array([[0, 1, 3], [0, 1, 2], [1, 3, 0]]))
    assert set(sample(garment, 500).faces.tolist()) == {1}


@given(seeds, st.integers(MINIMUM_POINTS, 300), st.integers(MINIMUM_POINTS, 300))
def test_clouds_are_drawn_without_repetition(seed: int, available: int, count: int) -> None:
    points = scattered(seed, available)
    drawn = sample(cloud(points), count, seed)
    assert len(drawn.points) == min(available, count)
    assert (np.diff(drawn.faces) > 0).all()
    np.testing.assert_array_equal(drawn.points, points[drawn.faces])
    np.testing.assert_array_equal(drawn.barycentric, np.tile([1, 0, 0], (len(drawn.points), 1)))
    np.testing.assert_array_equal(drawn.on(points + 1, np.empty((0, 3), np.int64)), drawn.points + 1)


def test_what_cannot_be_sampled() -> None:
    with pytest.raises(KeygridError, match="at least 64 points; this one has 63"):
        sample(cloud(np.zeros((63, 3))))
    line = np.arange(30.0).reshape(10, 3)
    with pytest.raises(KeygridError, match="has no area"):
        sample(Garment("a line", line, np.array([[0, 1, 2], [3, 4, 5]])))


# Normalisation


@given(seeds, modes)
def test_normalisation_can_be_undone(seed: int, mode: NormalisationMode) -> None:
    points = scattered(seed, 100)
    to_cube = Normalisation.fit(points, mode)
    extent = np.ptp(points, axis=0).max()
    np.testing.assert_allclose(to_cube.invert(to_cube.apply(points)), points, rtol=0, atol=1e-6 * extent)


@given(seeds, modes)
def test_the_cube_is_filled_from_end_to_end(seed: int, mode: NormalisationMode) -> None:
    points = scattered(seed, 100)
    normalised = Normalisation.fit(points, mode).apply(points)
    assert np.abs(normalised).max() <= 1 + 1e-9
    # A garment that is small and far away loses some digits of its coordinates before they are normalised.
    np.testing.assert_allclose([normalised.min(), normalised.max()], [-1, 1], atol=1e-9)


@given(seeds)
def test_both_modes_agree_on_a_centred_cloud(seed: int) -> None:
    points = scattered(seed, 100)
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2
    by_range, by_centre = (Normalisation.fit(centred, mode).apply(centred) for mode in ("range", "centred"))
    np.testing.assert_allclose(by_range, by_centre, atol=1e-9)


@given(seeds)
def test_centred_does_not_depend_on_where_the_garment_lies(seed: int) -> None:
    points = scattered(seed, 100)
    moved = points + np.random.default_rng(seed).normal(size=3) * np.ptp(points)
    here, there = (Normalisation.fit(cloud, "centred").apply(cloud) for cloud in (points, moved))
    np.testing.assert_allclose(here, there, atol=1e-9)


def test_range_depends_on_where_the_garment_lies() -> None:
    points = scattered(0, 100)
    moved = points + np.array([1000, 0, 0])
    assert not np.allclose(
        Normalisation.fit(points, "range").apply(points), Normalisation.fit(moved, "range").apply(moved)
    )


def test_normalisation_takes_any_shape() -> None:
    to_cube = Normalisation((1.0, 2.0, 3.0), 2.0)
    frames = np.arange(24.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(to_cube.apply(frames)[1], to_cube.apply(frames[1]))
    np.testing.assert_array_equal(to_cube.invert(to_cube.apply(frames)), frames)


@pytest.mark.parametrize("mode", ["range", "centred"])
def test_a_single_point_has_no_size(mode: NormalisationMode) -> None:
    # `range` compares coordinates across axes, so only equal ones leave it without a size.
    with pytest.raises(KeygridError, match="coincide"):
        Normalisation.fit(np.full((100, 3), 7.0), mode)
