from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from keygrid.geometry import reference
from keygrid.geometry.points import gather
from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.encoders.pointnet.pyramid import Pyramid, pyramid

seeds = st.integers(0, 2**16)


def draw(total: int = 100, distinct: int | None = None, seed: int = 0) -> Tensor:
    """Two clouds (2, total, 3), with no more than so many different points."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (2, total, 3))
    return torch.tensor(points[:, rng.integers(distinct, size=total)] if distinct else points)


def assert_levels_are_farthest_points(found: Pyramid, config: PointNetConfig) -> None:
    assert len(found.points) == 5
    for count, below, level in zip(config.centroids, found.points[:-1], found.points[1:], strict=True):
        assert torch.equal(level, gather(below, reference.farthest_points(below, count, start=0)))


@given(seeds, st.sampled_from([None, 3, 20, 40]), st.sampled_from([64, 100, 300]))
def test_every_level_begins_the_one_below(
    tiny_encoder: PointNetConfig, seed: int, distinct: int | None, total: int
) -> None:
    points = draw(total, distinct, seed)
    found = pyramid(points, tiny_encoder)
    assert found.points[0] is points
    for level, count in zip(found.points[1:], tiny_encoder.centroids, strict=True):
        assert torch.equal(level, found.points[1][:, :count])
    assert_levels_are_farthest_points(found, tiny_encoder)


@pytest.mark.parametrize("centroids", [(32, 40, 8, 4), (120, 130, 140, 3), (4, 4, 5, 5)])
def test_a_level_of_more_points_than_there_are_repeats_its_first(
    tiny_encoder: PointNetConfig, centroids: tuple[int, ...]
) -> None:
    config = replace(tiny_encoder, centroids=centroids)
    found = pyramid(draw(), config)
    assert [level.shape[1] for level in found.points[1:]] == list(centroids)
    assert_levels_are_farthest_points(found, config)


@pytest.mark.parametrize("distinct", [None, 20])
def test_balls_hold_what_the_definition_finds(tiny_encoder: PointNetConfig, distinct: int | None) -> None:
    found = pyramid(draw(100, distinct), tiny_encoder)
    for below, level, balls, radii in zip(
        found.points[:-1], found.points[1:], found.balls, tiny_encoder.radii, strict=True
    ):
        for ball, radius, count in zip(balls, radii, tiny_encoder.neighbours, strict=True):
            expected = (
                reference.ball_query(below, level, radius, count) + torch.tensor([0, below.shape[1]])[:, None, None]
            )
            assert isinstance(ball.begins, Tensor)
            assert ball.counts is not None
            sizes = ball.begins.diff()
            for rows, row in zip(ball.index[:, 0].split(sizes.tolist()), expected.flatten(0, 1).tolist(), strict=True):
                assert rows.tolist() == list(dict.fromkeys(row))
            centres = level.flatten(0, 1).repeat_interleave(sizes, dim=0)
            assert torch.equal(ball.offsets, below.flatten(0, 1)[ball.index[:, 0]] - centres)
            assert ball.counts.sum() == expected.numel()


@given(seeds, st.sampled_from([None, 20]))
def test_interpolation_mixes_the_three_nearest(tiny_encoder: PointNetConfig, seed: int, distinct: int | None) -> None:
    found = pyramid(draw(100, distinct, seed), tiny_encoder)
    for fine, coarse, interpolation in zip(found.points[:-1], found.points[1:], found.interpolations, strict=True):
        expected, weights = reference.interpolation(fine, coarse, 3)
        if distinct is None:
            first = torch.tensor([0, coarse.shape[1]])[:, None, None]
            assert torch.equal(interpolation.index, (expected + first).flatten(0, 1))
        torch.testing.assert_close(interpolation.mix, weights.flatten(0, 1), rtol=1e-12, atol=0)
        torch.testing.assert_close(interpolation.mix.sum(-1), torch.ones(len(interpolation.mix), dtype=torch.float64))


def test_where_there_is_no_processor_balls_are_full(tiny_encoder: PointNetConfig) -> None:
    found = pyramid(torch.empty(2, 100, 3, device="meta"), tiny_encoder)
    for level, balls in zip(found.points[1:], found.balls, strict=True):
        for ball, count in zip(balls, tiny_encoder.neighbours, strict=True):
            assert (ball.counts, ball.begins) == (None, count)
            assert ball.index.shape == (2 * level.shape[1] * count, 1)
            assert ball.offsets.shape == (2 * level.shape[1] * count, 3)
