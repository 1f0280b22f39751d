"""Every way of computing a point-set operation against its definition, and against each other."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from keygrid import geometry
from keygrid.geometry import compiled, reference

POINTS = 60
KINDS = ["random", "clustered", "collinear", "duplicated", "lattice"]
TIED = {"duplicated", "lattice"}
"""Kinds with points at exactly equal distances, where the order of neighbours is nobody's promise."""


def make_clouds(kind: str, dtype: torch.dtype = torch.float64, total: int = POINTS, seed: int = 0) -> Tensor:
    """Three clouds of a kind, (3, total, 3)."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    match kind:
        case "random":
            points = rng.uniform(-1, 1, (3, total, 3))
        case "clustered":
            centres = rng.uniform(-1, 1, (3, 5, 3))
            points = centres[:, rng.integers(5, size=total)] + rng.normal(scale=1e-2, size=(3, total, 3))
        case "collinear":
            points = rng.uniform(-1, 1, (3, total, 1)) * rng.normal(size=(3, 1, 3)) + rng.normal(size=(3, 1, 3))
        case "duplicated":
            points = rng.uniform(-1, 1, (3, -(-total // 3), 3))[:, rng.permutation(total) // 3]
        case _:  # Eighths: all sums are exact, whatever their order.
            points = rng.integers(-3, 4, (3, total, 3)) / 8
    return torch.tensor(points, dtype=dtype)


FAST = ["compiled float64", "compiled float32", "kernels float32"]


def _serving(name: str) -> tuple[ModuleType, torch.dtype]:
    module_name, dtype = name.split()
    module = geometry.pytorch3d_kernels() if module_name == "kernels" else getattr(geometry, module_name)
    if module is None:
        pytest.skip("PyTorch3D is not installed")
    return module, getattr(torch, dtype)


@pytest.fixture(params=FAST)
def fast(request: pytest.FixtureRequest) -> tuple[ModuleType, torch.dtype]:
    """A module to hold against the reference, and a dtype it serves."""
    return _serving(request.param)


@pytest.fixture(params=[*FAST, "reference float64"])
def anyone(request: pytest.FixtureRequest) -> tuple[ModuleType, torch.dtype]:
    """Any module, and a dtype it serves."""
    return _serving(request.param)


def distances(queries: Tensor, points: Tensor, indices: Tensor) -> Tensor:
    return (queries[:, :, None] - geometry.gather(points, indices)).norm(dim=-1)


# The reference against its definition in words, written with loops.


def farthest_by_hand(cloud: np.ndarray, count: int, start: int) -> list[int]:
    chosen = [start]
    while len(chosen) < count:
        to_chosen = [min(float(((p - cloud[c]) ** 2).sum()) for c in chosen) for p in cloud]
        chosen.append(to_chosen.index(max(to_chosen)))
    return chosen


@pytest.mark.parametrize("kind", KINDS)
def test_reference_farthest_points_follow_the_definition(kind: str) -> None:
    clouds = make_clouds(kind, total=14)
    for start in (0, 5, 13):
        found = reference.farthest_points(clouds, 10, start)
        assert found.tolist() == [farthest_by_hand(cloud.numpy(), 10, start) for cloud in clouds]


@pytest.mark.parametrize("kind", KINDS)
def test_reference_ball_query_follows_the_definition(kind: str) -> None:
    points, centres = make_clouds(kind, total=20), make_clouds(kind, total=7, seed=1)
    for radius, count in ((0.3, 4), (1.0, 6), (4.0, 30)):
        found = reference.ball_query(points, centres, radius, count)
        for cloud, around, rows in zip(points, centres, found.tolist(), strict=True):
            for centre, row in zip(around, rows, strict=True):
                inside = [i for i, p in enumerate(cloud) if float((p - centre).square().sum()) < radius**2]
                first = inside[0] if inside else 0
                assert row == (inside + [first] * count)[:count]


@pytest.mark.parametrize("kind", KINDS)
def test_reference_nearest_follows_the_definition(kind: str) -> None:
    queries, points = make_clouds(kind, total=9, seed=1), make_clouds(kind, total=12)
    for count in (1, 3, 12):
        found = reference.nearest(queries, points, count).tolist()
        for b, m in np.ndindex(3, 9):
            squared = (points[b] - queries[b, m]).square().sum(-1).tolist()
            assert found[b][m] == sorted(range(12), key=squared.__getitem__)[:count]


# The fast ways against the reference.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 7, POINTS, POINTS + 9])
def test_farthest_points_agree_from_every_start(kind: str, count: int, fast: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = fast
    points = make_clouds(kind, dtype)
    for start in range(POINTS) if count == 7 else (0, 1, 31, POINTS - 1):
        # In float32 two rounding orders could rank near-equal distances differently, hence the same dtype.
        expected = reference.farthest_points(points, count, start)
        found = module.farthest_points(points, count, start)
        assert found.dtype == torch.int64
        assert torch.equal(found, expected), start


def test_farthest_points_of_one_point(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    assert module.farthest_points(torch.ones(2, 1, 3, dtype=dtype), 4, 0).tolist() == [[0] * 4] * 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 5, POINTS, POINTS + 9])
@pytest.mark.parametrize("radius", [0.05, 0.4, 10.0])
def test_ball_query_agrees(kind: str, count: int, radius: float, fast: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = fast
    points, centres = make_clouds(kind, dtype), make_clouds(kind, dtype, total=33, seed=1)
    for around in (centres, points[:, ::2], points + 0.01):
        expected = reference.ball_query(points, around, radius, count)
        assert torch.equal(module.ball_query(points, around, radius, count), expected)


def test_ball_query_repeats_the_first_of_too_few(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    points = torch.tensor([[[9.0, 0, 0], [0.1, 0, 0], [9, 9, 0], [0.2, 0, 0]]], dtype=dtype)
    centre = torch.zeros(1, 1, 3, dtype=dtype)
    assert module.ball_query(points, centre, 1.0, 4).tolist() == [[[1, 3, 1, 1]]]
    assert module.ball_query(points, centre, 0.15, 3).tolist() == [[[1, 1, 1]]]


def test_ball_query_of_nothing_inside_is_the_first_point(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    far = torch.full((2, 3, 3), 50.0, dtype=dtype)
    assert module.ball_query(make_clouds("random", dtype)[:2], far, 1.0, 4).tolist() == [[[0] * 4] * 3] * 2


def test_ball_query_leaves_out_the_ball_s_surface(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    points = torch.tensor([[[0.5, 0, 0], [0.25, 0, 0]]], dtype=dtype)
    assert module.ball_query(points, torch.zeros(1, 1, 3, dtype=dtype), 0.5, 2).tolist() == [[[1, 1]]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 3, 8, POINTS])
def test_nearest_agrees(kind: str, count: int, fast: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = fast
    queries, points = make_clouds(kind, dtype, total=33, seed=1), make_clouds(kind, dtype)
    for asked in (queries, points):
        expected = reference.nearest(asked, points, count)
        found = module.nearest(asked, points, count)
        assert found.shape == expected.shape
        assert found.dtype == torch.int64
        if kind not in TIED and (dtype == torch.float64 or kind != "collinear"):
            assert torch.equal(found, expected)
        there, here = distances(asked, points, found), distances(asked, points, expected)
        torch.testing.assert_close(there, here, rtol=0, atol=1e-9 if dtype == torch.float64 else 1e-6)
        assert all(len(set(row)) == count for row in found.flatten(0, 1).tolist())


def test_nearest_of_a_point_that_is_not_a_number_has_an_answer() -> None:
    # A diverging training ends with a sentence about its loss, so the loss must be computed.
    queries = torch.tensor([[[0.0, 0, 0], [torch.nan, 0, 0], [torch.inf, 0, 0]]])
    points = make_clouds("random", torch.float32)[:1]
    found = compiled.nearest(queries, points, 2)
    assert found.shape == (1, 3, 2)
    assert found[0, 0].tolist() == reference.nearest(queries[:, :1], points, 2)[0, 0].tolist()
    assert not geometry.chamfer(queries, points).isfinite()
    assert not geometry.chamfer(points, queries).isfinite()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cuda_agrees_with_the_processor(dtype: torch.dtype) -> None:
    points, queries = make_clouds("random", dtype, total=500), make_clouds("random", dtype, total=90, seed=1)
    there, asked = points.cuda(), queries.cuda()
    for start in (0, 1, 250, 499):
        found = geometry.farthest_points(there, 64, start)
        assert torch.equal(found.cpu(), geometry.farthest_points(points, 64, start))
    found = geometry.ball_query(there, asked, 0.4, 16)
    assert torch.equal(found.cpu(), geometry.ball_query(points, queries, 0.4, 16))
    assert torch.equal(geometry.nearest(asked, there, 3).cpu(), geometry.nearest(queries, points, 3))
    torch.testing.assert_close(geometry.chamfer(asked, there).cpu(), geometry.chamfer(queries, points))


# The one place that chooses.


def test_who_serves_which_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert geometry.operations_for(torch.zeros(1)) is compiled
    assert geometry.operations_for(torch.zeros(1, dtype=torch.float64)) is compiled
    assert geometry.operations_for(torch.zeros(1, device="meta")) is reference


def test_without_pytorch3d_there_are_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry.pytorch3d_kernels.cache_clear()
    monkeypatch.delitem(sys.modules, "keygrid.geometry.kernels", raising=False)
    monkeypatch.setitem(sys.modules, "pytorch3d", None)
    try:
        assert geometry.pytorch3d_kernels() is None
    finally:
        geometry.pytorch3d_kernels.cache_clear()


@pytest.mark.parametrize("start", [-1, POINTS, POINTS + 5])
def test_a_start_outside_the_cloud_is_refused(start: int) -> None:
    with pytest.raises(IndexError, match=f"start {start} .* {POINTS} points"):
        geometry.farthest_points(make_clouds("random"), 4, start)


def test_more_neighbours_than_points_are_refused() -> None:
    points = make_clouds("random")
    assert geometry.nearest(points, points, POINTS).shape == (3, POINTS, POINTS)
    with pytest.raises(ValueError, match=f"{POINTS + 1} neighbours asked of a cloud of {POINTS}"):
        geometry.nearest(points, points, POINTS + 1)


def test_inputs_that_require_gradients_are_served() -> None:
    points = make_clouds("random").requires_grad_()
    assert geometry.farthest_points(points, 3).shape == (3, 3)
    assert geometry.ball_query(points, points, 0.4, 3).shape == (3, POINTS, 3)
    assert geometry.nearest(points, points).shape == (3, POINTS, 1)


def test_a_view_with_strides_is_served_as_its_copy() -> None:
    wide = make_clouds("random", total=2 * POINTS)
    view = wide[:, ::2]
    assert torch.equal(geometry.farthest_points(view, 9), geometry.farthest_points(view.contiguous(), 9))
    assert torch.equal(geometry.nearest(view, wide, 3), geometry.nearest(view.contiguous(), wide, 3))
    across = wide.transpose(1, 2).contiguous().transpose(1, 2)
    assert torch.equal(geometry.ball_query(across, view, 0.5, 4), geometry.ball_query(wide, view, 0.5, 4))


# Properties.

kinds = st.sampled_from(KINDS)
seeds = st.integers(0, 2**16)


@given(kinds, seeds, st.integers(0, POINTS - 1), st.integers(1, POINTS), st.integers(1, POINTS))
def test_a_shorter_order_is_the_beginning_of_a_longer_one(kind: str, seed: int, start: int, a: int, b: int) -> None:
    points = make_clouds(kind, seed=seed)
    short, long = sorted((a, b))
    assert torch.equal(
        geometry.farthest_points(points, long, start)[:, :short], geometry.farthest_points(points, short, start)
    )


@given(kinds, seeds, st.integers(0, POINTS - 1))
def test_farther_points_cover_better(kind: str, seed: int, start: int) -> None:
    points = make_clouds(kind, seed=seed)
    order = geometry.farthest_points(points, POINTS, start)
    apart = torch.cdist(points, geometry.gather(points, order), compute_mode="donot_use_mm_for_euclid_dist")
    covering = apart.cummin(dim=-1).values.amax(dim=1)  # [B, POINTS]: radius after each choice
    assert (covering.diff() <= 0).all()
    assert (covering[:, -1] == 0).all()
    # Each choice is the point that those before it covered worst.
    among = apart.gather(1, order[..., None].expand(-1, -1, POINTS))
    for n in range(1, POINTS):
        assert torch.allclose(among[:, n, :n].amin(-1), covering[:, n - 1], rtol=0, atol=1e-12)


@given(kinds, seeds, st.integers(0, POINTS - 1))
def test_no_point_is_chosen_twice_before_all_are(kind: str, seed: int, start: int) -> None:
    points = make_clouds(kind, seed=seed)
    distinct = min(len(cloud.unique(dim=0)) for cloud in points)
    order = geometry.farthest_points(points, distinct, start)
    assert all(len(set(row)) == distinct for row in order.tolist())


@given(kinds, seeds, st.floats(0.01, 3), st.integers(1, 12))
def test_a_ball_holds_points_that_are_inside(kind: str, seed: int, radius: float, count: int) -> None:
    points = make_clouds(kind, seed=seed)
    ball = geometry.ball_query(points, points, radius, count)
    assert (distances(points, points, ball) < radius * (1 + 1e-12)).all()


@given(kinds, seeds, st.integers(1, 6))
def test_no_point_is_nearer_than_the_nearest(kind: str, seed: int, count: int) -> None:
    points, queries = make_clouds(kind, seed=seed), make_clouds(kind, total=20, seed=seed + 1)
    found = distances(queries, points, geometry.nearest(queries, points, count))
    apart = torch.cdist(queries, points, compute_mode="donot_use_mm_for_euclid_dist").sort(dim=-1).values
    torch.testing.assert_close(found, apart[:, :, :count], rtol=0, atol=1e-12)
