import pytest
import torch
from torch import Tensor

from keygrid.geometry import reference
from keygrid.model.layers import SharedMLP
from keygrid.model.levels import Interpolation, pooled_levels, propagate


def draw(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 0), (0, 4), (2, 4)])
def test_propagation_is_the_mlp_of_what_is_interpolated(before: int, after: int, training: bool) -> None:
    torch.manual_seed(0)
    mlp = SharedMLP(before + 5 + after, [7, 6]).double().train(training)
    coarse, given = draw(2, 9, 5), [draw(2, 20, width, seed=1) if width else None for width in (before, after)]
    index, mix = torch.randint(9, (2, 20, 3)), draw(2, 20, 3, seed=2).softmax(dim=-1)
    interpolated = torch.stack([(mix[b, ..., None] * coarse[b, index[b]]).sum(1) for b in range(2)])
    inputs = [features for features in (given[0], interpolated, given[1]) if features is not None]
    expected = mlp(torch.cat(inputs, dim=-1))
    first = torch.tensor([0, 9])[:, None, None]
    interpolation = Interpolation((index + first).flatten(0, 1), mix.flatten(0, 1))
    found = propagate(mlp, interpolation, coarse, *given)
    assert found.shape == (2, 20, 6)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_pooled_levels_take_the_maximum_over_the_points_nearest_to_each() -> None:
    points, features = draw(2, 50, 3), draw(2, 50, 4, seed=1).requires_grad_()
    levels = pooled_levels(points, features, (20, 8, 3))
    assert levels.points[0] is points
    assert [tuple(level.shape) for level in levels.features] == [(2, 20, 4), (2, 8, 4), (2, 3, 4)]
    below, values = points, features
    for centres, found in zip(levels.points[1:], levels.features, strict=True):
        expected = reference.farthest_points(below, centres.shape[1], start=0)
        for b in range(2):
            assert torch.equal(centres[b], below[b, expected[b]])
            owner = torch.cdist(below[b], centres[b]).argmin(dim=1)
            for s in range(centres.shape[1]):
                assert torch.equal(found[b, s], values[b][owner == s].amax(dim=0))
        below, values = centres, found
    levels.features[-1].sum().backward()
    assert features.grad is not None
    assert int((features.grad != 0).sum()) == 2 * 3 * 4


def test_levels_of_more_points_than_there_are_can_be_pooled() -> None:
    levels = pooled_levels(draw(1, 10, 3), draw(1, 10, 4, seed=1), (16, 4))
    assert levels.points[1].shape == (1, 16, 3)
    assert all(features.isfinite().all() for features in levels.features)
