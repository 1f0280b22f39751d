"""Differentiable operations: gathering, Chamfer distance, distance to segments."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.autograd import gradcheck

from keygrid.geometry import points as geometry

seeds = st.integers(0, 2**32)


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(np.random.default_rng([seed, *shape]).uniform(-1, 1, shape), dtype=dtype)


# Gathering.


def test_gather_picks_rows_at_indices_of_any_shape() -> None:
    values = draw(2, 7, 5)
    for shape in ((4,), (4, 3), (4, 3, 2)):
        indices = torch.from_numpy(np.random.default_rng(1).integers(7, size=(2, *shape)))
        expected = torch.stack([rows[where] for rows, where in zip(values, indices, strict=True)])
        assert torch.equal(geometry.gather(values, indices), expected)


def test_gather_s_gradient_is_that_of_finite_differences() -> None:
    indices = torch.tensor([[[0, 1], [2, 2]], [[3, 0], [0, 0]]])  # repeated rows add up
    assert gradcheck(lambda values: geometry.gather(values, indices), draw(2, 4, 3).requires_grad_())


# Chamfer distance.


def chamfer_by_hand(a: Tensor, b: Tensor) -> Tensor:
    squared = (a[:, :, None] - b[:, None]).square().sum(-1)
    return squared.amin(2).mean(1) + squared.amin(1).mean(1)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (40, 40), (8, 100), (100, 3)])
def test_chamfer_follows_the_definition(n: int, m: int) -> None:
    a, b = draw(3, n, 3), draw(3, m, 3, seed=1)
    found = geometry.chamfer(a, b)
    assert found.shape == (3,)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, chamfer_by_hand(a, b), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n", "m"), [(40, 40), (8, 100)])
def test_chamfer_and_its_gradient_are_pytorch3d_s(n: int, m: int) -> None:
    if geometry.pytorch3d_kernels() is None:
        pytest.skip("PyTorch3D is not installed")
    from pytorch3d.loss import chamfer_distance

    pairs = [[draw(3, k, 3, seed=i, dtype=torch.float32).requires_grad_() for i, k in enumerate((n, m))] for _ in "ab"]
    ours, theirs = geometry.chamfer(*pairs[0]).mean(), chamfer_distance(*pairs[1])[0]
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)
    for mine, other in zip(torch.autograd.grad(ours, pairs[0]), torch.autograd.grad(theirs, pairs[1]), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-7)


def test_chamfer_s_gradient_is_that_of_finite_differences() -> None:
    assert gradcheck(geometry.chamfer, (draw(2, 6, 3).requires_grad_(), draw(2, 9, 3, seed=1).requires_grad_()))


@given(seeds, st.integers(1, 30), st.integers(1, 30))
def test_chamfer_is_symmetric_and_knows_no_order(seed: int, n: int, m: int) -> None:
    a, b = draw(2, n, 3, seed=seed), draw(2, m, 3, seed=seed + 1)
    rng = np.random.default_rng(seed)
    shuffled = geometry.chamfer(a[:, rng.permutation(n)], b[:, rng.permutation(m)])
    torch.testing.assert_close(geometry.chamfer(a, b), geometry.chamfer(b, a), rtol=1e-12, atol=0)
    torch.testing.assert_close(geometry.chamfer(a, b), shuffled, rtol=1e-12, atol=0)
    assert (geometry.chamfer(a, b) > 0).all()
    assert geometry.chamfer(a, a[:, rng.permutation(n)]).tolist() == [0, 0]


# Distance to segments.


def distances(points: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    return geometry.squared_distance_to_segments(points, starts, ends).sqrt()


def test_distance_to_segments_is_the_least_over_their_points() -> None:
    points, starts, ends = draw(2, 5, 3), draw(2, 4, 3, seed=1), draw(2, 4, 3, seed=2)
    t = torch.linspace(0, 1, 20001, dtype=torch.float64)[:, None, None, None]
    along = starts + t * (ends - starts)  # [T, B, E, 3]
    expected = torch.stack([(points[:, p, None] - along).norm(dim=-1).amin(0) for p in range(5)], dim=1)
    torch.testing.assert_close(distances(points, starts, ends), expected, rtol=0, atol=1e-8)


def test_distance_to_a_segment_by_hand() -> None:
    points = torch.tensor([[[0.5, 2, 0], [-3, 4, 0], [2, 0, 0], [0.25, 0, 0]]], dtype=torch.float64)
    start, end = torch.zeros(1, 1, 3, dtype=torch.float64), torch.tensor([[[1.0, 0, 0]]], dtype=torch.float64)
    assert geometry.squared_distance_to_segments(points, start, end).flatten().tolist() == [4, 25, 1, 0]


@given(seeds)
def test_distance_to_a_segment_is_at_most_that_to_its_ends(seed: int) -> None:
    points, starts, ends = draw(2, 6, 3, seed=seed), draw(2, 5, 3, seed=seed + 1), draw(2, 5, 3, seed=seed + 2)
    found = distances(points, starts, ends)
    apart = [(points[:, :, None] - corner[:, None]).norm(dim=-1) for corner in (starts, ends)]
    length = (ends - starts).norm(dim=-1)[:, None]
    assert (found <= torch.minimum(*apart) + 1e-12).all()
    assert (found >= torch.maximum(*apart) - length - 1e-12).all()


@given(seeds)
def test_a_segment_s_ends_may_be_swapped(seed: int) -> None:
    points, starts, ends = draw(2, 6, 3, seed=seed), draw(2, 5, 3, seed=seed + 1), draw(2, 5, 3, seed=seed + 2)
    torch.testing.assert_close(distances(points, starts, ends), distances(points, ends, starts), rtol=0, atol=1e-9)


@given(seeds)
def test_distance_to_segments_survives_a_rigid_motion(seed: int) -> None:
    rotation = torch.from_numpy(Rotation.random(rng=np.random.default_rng(seed)).as_matrix())
    still = [draw(2, 6, 3, seed=seed), draw(2, 5, 3, seed=seed + 1), draw(2, 5, 3, seed=seed + 2)]
    shift = draw(3, seed=seed + 3)
    moved = [points @ rotation.T + shift for points in still]
    torch.testing.assert_close(distances(*moved), distances(*still), rtol=0, atol=1e-7)


@given(seeds)
def test_a_segment_without_length_is_its_point(seed: int) -> None:
    points, ends = draw(2, 6, 3, seed=seed), draw(2, 5, 3, seed=seed + 1)
    torch.testing.assert_close(distances(points, ends, ends), torch.cdist(points, ends), rtol=0, atol=1e-12)


def test_the_gradient_of_distance_to_segments_is_that_of_finite_differences() -> None:
    inputs = (draw(2, 6, 3), draw(2, 4, 3, seed=1), draw(2, 4, 3, seed=2))
    assert gradcheck(geometry.squared_distance_to_segments, tuple(x.requires_grad_() for x in inputs))


def test_coinciding_keypoints_leave_a_finite_gradient() -> None:
    points, ends = draw(1, 3, 3).requires_grad_(), draw(1, 2, 3, seed=1).requires_grad_()
    geometry.squared_distance_to_segments(points, ends, ends.clone()).sum().backward()
    assert points.grad is not None
    assert ends.grad is not None
    assert points.grad.isfinite().all()
    assert ends.grad.isfinite().all()
