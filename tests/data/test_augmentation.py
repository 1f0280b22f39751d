from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from keygrid.data.augmentation import MOST_NOISE, Augmentation, bent, free_form_deformation, rotate_about
from keygrid.errors import KeygridError

seeds = st.integers(0, 2**32)


def draw(seed: int = 0, count: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3)) * [30, 60, 10] + [5, -20, 7]


@given(seeds, st.tuples(*[st.integers(1, 6)] * 3))
def test_a_lattice_at_rest_moves_nothing(seed: int, shape: tuple[int, int, int]) -> None:
    points = draw(seed)
    assert np.array_equal(free_form_deformation(points, np.zeros((*shape, 3))), points)


@given(seeds, st.tuples(*[st.integers(1, 6)] * 3))
def test_a_lattice_that_moves_as_one_translates(seed: int, shape: tuple[int, int, int]) -> None:
    points, shift = draw(seed), np.array([3.0, -1.0, 0.5])
    moved = free_form_deformation(points, np.broadcast_to(shift, (*shape, 3)))
    np.testing.assert_allclose(moved, points + shift, rtol=0, atol=1e-10)


def test_a_lattice_that_scales_scales() -> None:
    """Bernstein polynomials reproduce linear functions."""
    points = draw()
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    lattice = np.stack(np.meshgrid(*[np.linspace(0, 1, n) for n in (4, 3, 5)], indexing="ij"), axis=-1) * extent
    np.testing.assert_allclose(free_form_deformation(points, lattice), 2 * points - low, rtol=0, atol=1e-10)


def test_the_corners_follow_their_control_points() -> None:
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 2) for z in (0, 3)], dtype=np.float64)
    control = np.random.default_rng(0).normal(size=(4, 4, 4, 3))
    moved = free_form_deformation(corners, control)
    expected = control[[0, 0, 0, 0, -1, -1, -1, -1], [0, 0, -1, -1, 0, 0, -1, -1], [0, -1, 0, -1, 0, -1, 0, -1]]
    np.testing.assert_allclose(moved - corners, expected, rtol=0, atol=1e-12)


def test_deformation_is_smooth_and_bounded_by_its_control_points() -> None:
    # Along a line through the box the displacement is a polynomial of degree 9: its tenth differences vanish.
    box = np.array([[0.0, 0, 0], [1, 1, 1]])
    line = np.linspace(0, 1, 41)[:, None] * [1, 0.7, 0.3]
    control = np.random.default_rng(0).normal(size=(4, 4, 4, 3))
    displacement = free_form_deformation(np.concatenate([box, line]), control)[2:] - line
    assert np.abs(np.diff(displacement, axis=0)).max() < 0.5
    assert np.abs(np.diff(displacement, n=10, axis=0)).max() < 1e-9
    assert np.abs(np.diff(displacement, n=5, axis=0)).max() > 1e-6
    assert (displacement >= control.min(axis=(0, 1, 2))).all()
    assert (displacement <= control.max(axis=(0, 1, 2))).all()


def test_a_flat_garment_deforms() -> None:
    flat = draw() * [1, 1, 0]
    moved = free_form_deformation(flat, np.random.default_rng(0).normal(size=(4, 4, 4, 3)))
    assert np.isfinite(moved).all()
    assert np.ptp(moved[:, 2]) > 0


@given(seeds, st.integers(0, 2), st.floats(-7, 7))
def test_rotation_is_rigid_and_keeps_height(seed: int, axis: int, angle: float) -> None:
    points = draw(seed, 30)
    rotated = rotate_about(points, axis, angle)
    np.testing.assert_allclose(pdist(rotated), pdist(points), rtol=0, atol=1e-9)
    np.testing.assert_allclose(rotated[:, axis], points[:, axis], rtol=0, atol=1e-9)
    np.testing.assert_allclose(rotate_about(points, axis, angle + 2 * np.pi), rotated, rtol=0, atol=1e-9)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rotation_turns_about_the_box_s_centre_by_the_right_hand(axis: int) -> None:
    corners = np.array([[x, y, z] for x in (1, 3) for y in (5, 7) for z in (-2, 0)], dtype=np.float64)
    centre = np.array([2.0, 6, -1])
    one, other = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
    up = np.eye(3)[axis]
    for point, turned in zip(corners - centre, rotate_about(corners, axis, np.pi / 2) - centre, strict=True):
        np.testing.assert_allclose(turned, point @ up * up + point @ one * other - point @ other * one, atol=1e-12)


def test_the_same_generator_draws_the_same_shape() -> None:
    points, augment = draw(), Augmentation()
    first = augment(points, np.random.default_rng(5))
    assert np.array_equal(augment(points, np.random.default_rng(5)), first)
    assert np.abs(augment(points, np.random.default_rng(6)) - first).max() > 1
    assert np.array_equal(points, draw())  # the original is not touched


def test_nothing_to_vary_leaves_the_points_alone() -> None:
    points = draw()
    assert np.array_equal(Augmentation(rotate=0, deform=0)(points, np.random.default_rng(0)), points)


@pytest.mark.parametrize(("up", "axis"), [("x", 0), ("y", 1), ("z", 2)])
def test_rotation_stays_within_its_limit_about_the_vertical(up: str, axis: int) -> None:
    points, angles = draw(), []
    for seed in range(60):
        turned = Augmentation(rotate=30, deform=0, up=up)(points, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert turned[:, axis] == pytest.approx(points[:, axis], abs=1e-9)
        a, b = [(p - p.mean(axis=0))[:, [(axis + 1) % 3, (axis + 2) % 3]] @ [1, 1j] for p in (points, turned)]
        angles.append(np.rad2deg(np.angle(np.vdot(a, b))))
    assert -30 <= min(angles) < -20
    assert 20 < max(angles) <= 30


def test_deformation_grows_with_its_share_of_the_extent() -> None:
    points = draw()
    little, much, larger = (
        Augmentation(rotate=0, deform=deform)(cloud, np.random.default_rng(1)) - cloud
        for deform, cloud in ((0.05, points), (0.2, points), (0.05, 10 * points))
    )
    np.testing.assert_allclose(much, 4 * little, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(larger, 10 * little, rtol=1e-9, atol=1e-9)
    assert 0.01 < np.abs(little).max() / np.ptp(points, axis=0).max() < 0.2


STILL = Augmentation(rotate=0, deform=0)


def centre(points: np.ndarray) -> np.ndarray:
    return (points.min(axis=0) + points.max(axis=0)) / 2


def test_what_is_off_draws_nothing() -> None:
    points, rng = draw(), np.random.default_rng(5)
    expected = free_form_deformation(points, rng.normal(scale=0.15 * np.ptp(points, axis=0).max(), size=(4, 4, 4, 3)))
    expected = rotate_about(expected, 1, np.deg2rad(rng.uniform(-45, 45)))
    assert np.array_equal(Augmentation()(points, np.random.default_rng(5)), expected)


@given(seeds, st.floats(0.01, 0.9))
def test_each_axis_is_stretched_by_its_own_factor(seed: int, scale: float) -> None:
    points = draw(seed)
    found = replace(STILL, scale=scale)(points, np.random.default_rng(seed))
    factors = np.ptp(found, axis=0) / np.ptp(points, axis=0)
    assert (np.abs(factors - 1) <= scale + 1e-9).all()
    assert np.ptp(factors) > 0
    np.testing.assert_allclose(found, (points - centre(points)) * factors + centre(points), rtol=0, atol=1e-9)


@given(seeds, st.floats(0.001, 0.1))
def test_noise_is_a_share_of_the_extent(seed: int, noise: float) -> None:
    points = draw(seed, 500)
    added = replace(STILL, noise=noise)(points, np.random.default_rng(seed)) - points
    assert added.std() / np.ptp(points, axis=0).max() == pytest.approx(noise, rel=0.15)
    assert np.abs(np.corrcoef(added.T) - np.eye(3)).max() < 0.3


@given(seeds, st.integers(1, 100), st.floats(0.01, 0.99))
def test_dropped_points_are_replaced_by_others(seed: int, count: int, drop: float) -> None:
    points = draw(seed, count)
    found = replace(STILL, drop=drop)(points, np.random.default_rng(seed))
    assert found.shape == points.shape
    left = {tuple(point) for point in found}
    assert left <= {tuple(point) for point in points}
    assert len(left) >= count - int(drop * count)


@pytest.mark.parametrize(("up", "axis"), [("x", 1), ("y", 0), ("z", 0)])
def test_half_of_the_clouds_are_reflected(up: str, axis: int) -> None:
    points = draw()
    reflected = points.copy()
    reflected[:, axis] = 2 * centre(points)[axis] - points[:, axis]
    augment = Augmentation(rotate=0, deform=0, up=up, mirror=True)  # type: ignore[arg-type]
    seen = []
    for seed in range(60):
        found = augment(points, np.random.default_rng(seed))
        seen.append(not np.array_equal(found, points))
        np.testing.assert_allclose(found, reflected if seen[-1] else points, rtol=0, atol=1e-9)
    assert 15 < sum(seen) < 45


@given(st.floats(0.05, 2), st.floats(0.1, np.pi))
def test_a_fold_keeps_lengths_on_the_ground(axis: float, turn: float) -> None:
    along = np.linspace(-1, 10, 4001)
    x, height = bent(along, np.zeros_like(along), axis, turn)
    lengths = np.hypot(np.diff(x), np.diff(height))
    assert np.allclose(lengths, np.diff(along), rtol=1e-3)
    assert np.array_equal(x[along <= 0], along[along <= 0])
    assert np.arctan2(height[-1] - height[-2], x[-1] - x[-2]) % (2 * np.pi) == pytest.approx(turn, abs=1e-6)


def test_cloth_that_is_folded_over_lies_upside_down_on_the_pile() -> None:
    below, above = bent(np.array([50.0, 50.0]), np.array([0.0, 0.8]), 1.0, np.pi)[1]
    assert (below, above) == (pytest.approx(2.0), pytest.approx(1.2))


@given(seeds, st.sampled_from(["x", "y", "z"]))
def test_folding_turns_over_and_never_mirrors(seed: int, up: str) -> None:
    points = draw(seed, 300)
    corners = points[:, None] + np.concatenate([np.zeros((1, 3)), np.eye(3)]) * 1e-5
    found = Augmentation(folds=0.5, up=up).folded(corners.reshape(-1, 3), np.random.default_rng(seed))  # type: ignore[arg-type]
    corners = found.reshape(-1, 4, 3)
    volumes = np.linalg.det((corners[:, 1:] - corners[:, :1]) / 1e-5)
    assert (volumes > 0).mean() > 0.97  # a corner may lie across the line of a fold
    height = np.ptp(found, axis=0)["xyz".index(up)]
    assert 0 < height < 3 * np.ptp(points, axis=0).max()


@given(seeds)
def test_a_scan_shows_points_in_sight_with_noise(seed: int) -> None:
    points = draw(seed, 300)
    found, index = Augmentation(scans=0.5).scanned(points, np.random.default_rng(seed))
    assert found.shape == points.shape
    assert np.abs(found - points[index]).max() < 6 * MOST_NOISE * np.ptp(points, axis=0).max()
    assert 10 < len(set(index.tolist())) < 300


@pytest.mark.parametrize(
    "options",
    [{"folds": 1.0}, {"scans": -0.5}, {"scale": -0.1}, {"scale": 1.0}, {"noise": -1}, {"noise": np.nan}, {"drop": 1.0}],
)
def test_a_share_that_is_none_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(KeygridError, match=f"{next(iter(options))} must be 0 or more"):
        Augmentation(**options)  # type: ignore[arg-type]
