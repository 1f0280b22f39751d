"""The heatmap's closed form by blocks, against every segment at every position."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from keygrid.geometry.segments import strongest, strongest_on_grid

Floats = NDArray[np.float64]
Segments = tuple[Floats, Floats, Floats]

seeds = st.integers(0, 2**16)
factors = st.sampled_from([-400.0, -20.0, -1.0, 1.0, 20.0])
kinds = st.sampled_from(["random", "points", "chain", "weak", "mixed"])


def make_segments(kind: str, count: int, seed: int) -> Segments:
    """Starts, ends and logarithms of strengths, some of which are nothing."""
    rng = np.random.default_rng([seed, count])
    starts, ends = rng.uniform(-1, 1, (2, count, 3))
    strengths = rng.uniform(0.05, 0.95, count)
    if kind == "points":
        ends = starts.copy()
    elif kind == "chain":
        ends = np.roll(starts, -1, axis=0)
    elif kind == "weak":
        strengths[rng.random(count) < 0.7] = 0
    elif kind == "mixed":
        ends[::2] = starts[::2]
        strengths[::3] = 0
    with np.errstate(divide="ignore"):
        return starts, ends, np.log(strengths)


def values_of_all(positions: Floats, segments: Segments, factor: float) -> Floats:
    """log s + factor d^2, (P, E)."""
    starts, ends, logarithms = segments
    along, offset = ends - starts, positions[:, None] - starts
    squared = (along**2).sum(axis=-1)
    t = np.clip((offset * along).sum(axis=-1) / np.where(squared > 0, squared, 1), 0, 1)
    return logarithms + factor * ((offset - t[..., None] * along) ** 2).sum(axis=-1)


def assert_strongest(positions: Floats, segments: Segments, factor: float) -> None:
    every = values_of_all(positions, segments, factor)
    value, index = strongest(positions, *segments, factor)
    assert value.shape == index.shape == (len(positions),)
    assert (value.dtype, index.dtype) == (np.float64, np.int64)
    np.testing.assert_allclose(value, every.max(axis=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(every[np.arange(len(every)), index], every.max(axis=1), rtol=1e-12, atol=1e-12)


@given(kinds, st.integers(1, 45), st.integers(0, 300), factors, st.sampled_from([0.01, 1.0, 1.5]), seeds)
def test_the_strongest_is_that_of_all(
    kind: str, count: int, total: int, factor: float, extent: float, seed: int
) -> None:
    positions = np.random.default_rng(seed).uniform(-extent, extent, (total, 3))
    assert_strongest(positions, make_segments(kind, count, seed), factor)


@given(kinds, st.integers(1, 45), factors, seeds)
def test_positions_in_order_of_place_are_looked_at_no_worse(kind: str, count: int, factor: float, seed: int) -> None:
    axis = np.linspace(-1, 1, 11)
    positions = np.stack(np.meshgrid(axis, axis, axis[:3], indexing="ij"), axis=-1).reshape(-1, 3)
    assert_strongest(positions, make_segments(kind, count, seed), factor)


@given(kinds, st.integers(1, 45), st.tuples(*[st.integers(1, 9)] * 3), factors, seeds)
def test_the_strongest_on_a_grid_is_that_of_its_cells(
    kind: str, count: int, shape: tuple[int, int, int], factor: float, seed: int
) -> None:
    axes = tuple(np.sort(np.random.default_rng(seed).uniform(-1, 1, cells)) for cells in shape)
    segments = make_segments(kind, count, seed)
    positions = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    expected = values_of_all(positions, segments, factor).max(axis=1).reshape(shape)
    found = strongest_on_grid(axes, *segments, factor)  # type: ignore[arg-type]
    assert found.shape == shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_no_positions_have_no_values() -> None:
    segments = make_segments("random", 3, 0)
    value, index = strongest(np.empty((0, 3)), *segments, -1.0)
    assert value.shape == index.shape == (0,)
    axis = np.linspace(-1, 1, 5)
    for shape in ((0, 5, 5), (5, 0, 5), (5, 5, 0)):
        assert strongest_on_grid((axis[: shape[0]], axis[: shape[1]], axis[: shape[2]]), *segments, -1.0).shape == shape


@pytest.mark.parametrize("factor", [-1.0, 1.0])
def test_of_equally_strong_segments_the_first_is_named(factor: float) -> None:
    starts, ends, logarithms = make_segments("random", 6, 0)
    twice = np.tile(starts, (2, 1)), np.tile(ends, (2, 1)), np.tile(logarithms, 2)
    positions = np.random.default_rng(0).uniform(-1, 1, (200, 3))
    assert strongest(positions, *twice, factor)[1].max() < 6
    nothing = np.full(6, -np.inf)
    value, index = strongest(positions, starts, ends, nothing, factor)
    assert (value == -np.inf).all()
    assert (index == 0).all()


@pytest.mark.parametrize("length", [1e-12, 1e-20, 1e-30, 1e-155, 1e-160, 1e-170, 1e-300])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_segment_that_is_almost_a_point_is_one(kind: type, length: float) -> None:
    positions = np.random.default_rng(0).uniform(-1, 1, (100, 3)).astype(kind)
    starts = np.zeros((1, 3))
    value, _ = strongest(positions, starts, starts + length, np.zeros(1), -1.0)
    np.testing.assert_allclose(value, -np.square(positions).sum(axis=1), rtol=1e-6)


@given(kinds, st.integers(1, 45), factors, seeds)
def test_single_precision_is_close_to_double(kind: str, count: int, factor: float, seed: int) -> None:
    positions = np.random.default_rng(seed).uniform(-1, 1, (150, 3)).astype(np.float32)
    segments = make_segments(kind, count, seed)
    every = values_of_all(positions.astype(np.float64), segments, factor)
    value, index = strongest(positions, *segments, factor)
    assert value.dtype == np.float32
    tolerance = 1e-5 * (1 + abs(factor))
    np.testing.assert_allclose(value, every.max(axis=1), rtol=0, atol=tolerance)
    np.testing.assert_allclose(every[np.arange(150), index], every.max(axis=1), rtol=0, atol=tolerance)


@pytest.mark.parametrize("order", ["transposed", "strided", "read-only"])
def test_positions_in_any_layout(order: Literal["transposed", "strided", "read-only"]) -> None:
    positions = np.random.default_rng(0).uniform(-1, 1, (200, 3))
    segments = make_segments("random", 9, 0)
    expected = strongest(positions, *segments, -5.0)
    if order == "read-only":
        positions.flags.writeable = False
        segments[0].flags.writeable = False
    else:
        positions = np.asfortranarray(positions) if order == "transposed" else np.repeat(positions, 2, axis=0)[::2]
    for found, same in zip(strongest(positions, *segments, -5.0), expected, strict=True):
        np.testing.assert_array_equal(found, same)
