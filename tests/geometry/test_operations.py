"""Every way of computing a point-set operation against its definition, and against each other."""

import sys
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from torch import Tensor

from keygrid.geometry import compiled, reference
from keygrid.geometry import points as geometry

POINTS = 60
KINDS = ["random", "clustered", "collinear", "duplicated", "lattice", "planar", "flat", "outlier", "coincident"]
TIED = {"duplicated", "lattice", "coincident"}
"""Kinds with points at exactly equal distances, where the order of neighbours is nobody's promise."""


def make_clouds(
    kind: str, dtype: torch.dtype = torch.float64, total: int = POINTS, seed: int = 0, batch: int = 3
) -> Tensor:
    """Clouds of a kind, (batch, total, 3)."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    points = rng.uniform(-1, 1, (batch, total, 3))
    match kind:
        case "clustered":
            centres = rng.uniform(-1, 1, (batch, 5, 3))
            points = centres[:, rng.integers(5, size=total)] + rng.normal(scale=1e-2, size=(batch, total, 3))
        case "collinear":
            points = points[:, :, :1] * rng.normal(size=(batch, 1, 3)) + rng.normal(size=(batch, 1, 3))
        case "duplicated":
            points = points[:, rng.permutation(total) // 3]
        case "lattice":  # eighths: all sums are exact, whatever their order
            points = rng.integers(-3, 4, (batch, total, 3)) / 8
        case "planar":
            points[:, :, rng.integers(3)] = 0.25
        case "flat":
            points *= rng.permutation([1, 1e-2, 1e-6])
        case "outlier":
            points[:, -1] = 50
        case "coincident":
            points[:] = points[:, :1]
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


def ball_query(module: ModuleType, points: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    (found,) = module.ball_queries(points, centres, [radius], [count])
    return found


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
        assert torch.equal(ball_query(module, points, around, radius, count), expected)


def test_ball_query_repeats_the_first_of_too_few(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    points = torch.tensor([[[9.0, 0, 0], [0.1, 0, 0], [9, 9, 0], [0.2, 0, 0]]], dtype=dtype)
    centre = torch.zeros(1, 1, 3, dtype=dtype)
    assert ball_query(module, points, centre, 1.0, 4).tolist() == [[[1, 3, 1, 1]]]
    assert ball_query(module, points, centre, 0.15, 3).tolist() == [[[1, 1, 1]]]


def test_ball_query_of_nothing_inside_is_the_first_point(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    far = torch.full((2, 3, 3), 50.0, dtype=dtype)
    assert ball_query(module, make_clouds("random", dtype)[:2], far, 1.0, 4).tolist() == [[[0] * 4] * 3] * 2


def test_ball_query_leaves_out_the_ball_s_surface(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    points = torch.tensor([[[0.5, 0, 0], [0.25, 0, 0]]], dtype=dtype)
    assert ball_query(module, points, torch.zeros(1, 1, 3, dtype=dtype), 0.5, 2).tolist() == [[[1, 1]]]


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


@pytest.mark.parametrize("kind", KINDS)
def test_interpolation_agrees(kind: str, fast: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = fast
    queries, points = make_clouds(kind, dtype, total=33, seed=1), make_clouds(kind, dtype)
    found, weights = module.interpolation(queries, points, 3)
    assert torch.equal(found, module.nearest(queries, points, 3))
    # Of the same neighbours, which may be other ones than the definition's where those are as far.
    torch.testing.assert_close(weights, reference.weighted(queries, points, found)[1], rtol=1e-6, atol=0)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


def test_interpolation_weighs_by_the_inverse_of_squared_distances(anyone: tuple[ModuleType, torch.dtype]) -> None:
    module, dtype = anyone
    points = torch.tensor([[[9.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 4]]], dtype=dtype)
    found, weights = module.interpolation(torch.zeros(1, 1, 3, dtype=dtype), points, 3)
    assert found.tolist() == [[[1, 2, 3]]]
    assert weights.flatten().tolist() == pytest.approx([16 / 21, 4 / 21, 1 / 21])
    found, weights = module.interpolation(points, points, 3)
    assert found[0, :, 0].tolist() == [0, 1, 2, 3]
    assert (weights[0, :, 0] > 1 - 1e-6).all()  # at a point, nothing but that point


def test_nearest_of_a_point_that_is_not_a_number_has_an_answer() -> None:
    # A diverging training ends with a sentence about its loss, so the loss must be computed.
    queries = torch.tensor([[[0.0, 0, 0], [torch.nan, 0, 0], [torch.inf, 0, 0]]])
    points = make_clouds("random", torch.float32)[:1]
    found = compiled.nearest(queries, points, 2)
    assert found.shape == (1, 3, 2)
    assert found[0, 0].tolist() == reference.nearest(queries[:, :1], points, 2)[0, 0].tolist()
    assert not geometry.chamfer(queries, points).isfinite()
    assert not geometry.chamfer(points, queries).isfinite()


NO_NUMBERS = [torch.nan, torch.inf, -torch.inf]
HUGE = [1e20, 3e38]
"""Finite in float32, but neither are their squares nor is the distance from the last to its opposite."""


@pytest.mark.parametrize("value", [*NO_NUMBERS, *HUGE])
@pytest.mark.parametrize("total", [60, 400])
def test_what_has_no_distance_is_left_to_the_definition(value: float, total: int) -> None:
    points = make_clouds("random", torch.float32, total)
    points[1, 7], points[2, 30, 1], points[2, 31, 1] = value, value, -value
    for start in (0, 7):
        expected = reference.farthest_points(points, 20, start)
        assert torch.equal(compiled.farthest_points(points, 20, start), expected)
    balls = [0.1, 0.4], [4, 8]
    for around in (points, make_clouds("random", torch.float32, total=33, seed=1)):
        for found, expected in zip(
            compiled.ball_queries(points, around, *balls), reference.ball_queries(points, around, *balls), strict=True
        ):
            assert torch.equal(found, expected)
        for queries, cloud in ((points, around), (around, points)):
            assert torch.equal(compiled.nearest(queries, cloud, 3), reference.nearest(queries, cloud, 3))
            found, weights = compiled.interpolation(queries, cloud, 3)
            expected, expected_weights = reference.interpolation(queries, cloud, 3)
            assert torch.equal(found, expected)
            torch.testing.assert_close(weights, expected_weights, equal_nan=True)


@pytest.mark.parametrize("value", [*NO_NUMBERS, *HUGE])
def test_centres_that_are_no_numbers_have_empty_balls(value: float) -> None:
    points = make_clouds("random", torch.float32, total=400)
    centres = points[:, :5].clone()
    centres[1, 0, 2], centres[2, 3] = value, value
    found = compiled.ball_queries(points, centres, [0.1, 0.4], [4, 8])
    for ball, expected in zip(found, reference.ball_queries(points, centres, [0.1, 0.4], [4, 8]), strict=True):
        assert torch.equal(ball, expected)
    assert found[1][2, 3].tolist() == [0] * 8


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("count", [1, 3])
def test_queries_far_from_all_points_are_searched_in_a_tree(
    dtype: torch.dtype, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Tree(cKDTree):
        def query(self, queries: np.ndarray, **options: object) -> object:  # type: ignore[override]
            asked.append(len(queries))
            return super().query(queries, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("scipy.spatial.cKDTree", Tree)
    points = make_clouds("clustered", dtype, total=9000)
    queries = make_clouds("random", dtype, total=40, seed=1)
    queries[:, :3] = points[:, :3]
    found, weights = compiled.interpolation(queries, points, count)
    assert asked
    assert max(asked) < 38  # what lies on a point is near it
    assert torch.equal(found, reference.nearest(queries, points, count))
    torch.testing.assert_close(weights, reference.interpolation(queries, points, count)[1], rtol=1e-6, atol=0)
    asked.clear()
    near = points[:, :50]
    assert torch.equal(compiled.nearest(near, points, count), reference.nearest(near, points, count))
    assert not asked


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


def test_more_neighbours_to_interpolate_from_than_points_are_refused() -> None:
    points = make_clouds("random", total=2)
    with pytest.raises(ValueError, match="3 neighbours asked of a cloud of 2"):
        geometry.interpolation(points, points)


def test_inputs_that_require_gradients_are_served() -> None:
    points = make_clouds("random").requires_grad_()
    assert geometry.farthest_points(points, 3).shape == (3, 3)
    assert geometry.ball_query(points, points, 0.4, 3).shape == (3, POINTS, 3)
    assert geometry.nearest(points, points).shape == (3, POINTS, 1)
    found, weights = geometry.interpolation(points, points)
    assert found.shape == weights.shape == (3, POINTS, 3)
    assert not weights.requires_grad


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


totals = st.sampled_from([5, 64, 101, 350, 900])
"""Clouds of one cell and of many."""
dtypes = st.sampled_from([torch.float32, torch.float64])
batches = st.integers(1, 3)


def ask_around(points: Tensor, seed: int) -> Tensor:
    """Places on points, between them, beside them and far from them, (B, 40, 3)."""
    rng = np.random.default_rng(seed)
    chosen = points[:, rng.integers(points.shape[1], size=40)]
    noise = torch.from_numpy(rng.normal(size=chosen.shape)).to(points)
    scales = torch.tensor([0, 1e-3, 0.1, 1, 30], dtype=points.dtype).repeat(8)[:, None]
    return chosen + scales * noise


@given(kinds, seeds, totals, batches, dtypes, st.data())
def test_farthest_points_are_those_of_the_definition(
    kind: str, seed: int, total: int, batch: int, dtype: torch.dtype, data: st.DataObject
) -> None:
    points = make_clouds(kind, dtype, total, seed, batch)
    start, count = data.draw(st.integers(0, total - 1)), data.draw(st.integers(1, 40))
    expected = reference.farthest_points(points, count, start)
    assert torch.equal(compiled.farthest_points(points, count, start), expected)


@given(
    kinds, seeds, totals, batches, dtypes,
    st.lists(st.tuples(st.floats(1e-3, 3), st.integers(1, 40)), min_size=1, max_size=3),
)  # fmt: skip
def test_balls_of_several_radii_are_each_radius_s(
    kind: str, seed: int, total: int, batch: int, dtype: torch.dtype, balls: list[tuple[float, int]]
) -> None:
    points = make_clouds(kind, dtype, total, seed, batch)
    radii, counts = map(list, zip(*balls, strict=True))
    for centres in (points[:, :20], ask_around(points, seed)):
        found = geometry.ball_queries(points, centres, radii, counts)
        assert len(found) == len(balls)
        for ball, radius, count in zip(found, radii, counts, strict=True):
            assert ball.dtype == torch.int64
            assert torch.equal(ball, reference.ball_query(points, centres, radius, count))
            assert torch.equal(ball, geometry.ball_query(points, centres, radius, count))


@given(kinds, seeds, totals, batches, dtypes, st.integers(1, 5))
def test_the_nearest_are_those_of_the_definition(
    kind: str, seed: int, total: int, batch: int, dtype: torch.dtype, count: int
) -> None:
    points = make_clouds(kind, dtype, total, seed, batch)
    queries = ask_around(points, seed)
    found, expected = compiled.nearest(queries, points, count), reference.nearest(queries, points, count)
    there, here = distances(queries, points, found), distances(queries, points, expected)
    # Far away, float32 tells few points apart by their distance.
    torch.testing.assert_close(there, here, rtol=1e-14 if dtype == torch.float64 else 1e-6, atol=0)
    assert all(len(set(row)) == count for row in found.flatten(0, 1).tolist())
    near = torch.arange(40) % 5 < 4
    if total <= 100 or (kind not in TIED and dtype == torch.float64):
        assert torch.equal(found, expected)
    elif kind == "random":
        assert torch.equal(found[:, near], expected[:, near])
    neighbours, weights = compiled.interpolation(queries, points, count)
    assert torch.equal(neighbours, found)
    rtol = 1e-12 if dtype == torch.float64 else 1e-5
    torch.testing.assert_close(weights, reference.weighted(queries, points, found)[1], rtol=rtol, atol=0)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


@given(kinds, seeds, totals, batches, dtypes, st.floats(1e-3, 3), st.integers(1, 40))
def test_balls_without_repetition_can_be_filled_up_again(
    kind: str, seed: int, total: int, batch: int, dtype: torch.dtype, radius: float, count: int
) -> None:
    points = make_clouds(kind, dtype, total, seed, batch)
    centres = ask_around(points, seed)[:, :15]
    balls = geometry.ball_query(points, centres, radius, count)
    index, offsets, counts, begins = geometry.without_repetition(balls, points, centres)
    assert index.shape == (len(counts), 1)
    assert offsets.shape == (len(counts), 3)
    assert offsets.dtype == counts.dtype == dtype
    assert begins.shape == (batch * 15 + 1,)
    assert (begins[0], begins[-1]) == (0, len(counts))
    refilled = []
    for ball, (begin, end) in enumerate(pairwise(begins.tolist())):
        rows = index[begin:end, 0]
        assert len(set(rows.tolist())) == len(rows)
        assert counts[begin:end].sum() == count
        assert (counts[begin + 1 : end] == 1).all()
        apart = points.flatten(0, 1)[rows] - centres.flatten(0, 1)[ball]
        assert torch.equal(offsets[begin:end], apart)
        refilled.append(torch.cat([rows, rows[:1].expand(count - len(rows))]) - ball // 15 * total)
    assert torch.equal(torch.stack(refilled).reshape(batch, 15, count), balls)
