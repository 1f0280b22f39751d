"""The Composite Chamfer Distance against its definition, step by step."""

import math

import pytest
import torch
from torch import Tensor

from keygrid.geometry.composite import SMOOTHING, UNCOVERED, composite_chamfer


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def padded(parts: Tensor, counts: Tensor) -> Tensor:
    """The parts with the last point of each repeated beyond its count."""
    place = torch.arange(parts.shape[2]).minimum(counts[..., None] - 1)
    return parts.gather(2, place[..., None].expand_as(parts))


def by_hand(cloud: Tensor, parts: list[Tensor], strengths: Tensor) -> Tensor:
    """The distance of one cloud, as a loop over parts and points."""
    total = torch.zeros((), dtype=torch.float64)
    nearest = []  # of each part, the distance of each of the cloud's points
    for part, strength in zip(parts, strengths, strict=True):
        distances = ((part[:, None] - cloud[None]).square().sum(-1) + SMOOTHING).sqrt()
        total = total + strength * distances.amin(1).mean() / len(parts)
        nearest.append(distances.amin(0))
    for point in range(len(cloud)):
        left = torch.ones((), dtype=torch.float64)
        for part in sorted(range(len(parts)), key=lambda p: nearest[p][point].item()):
            taken = torch.minimum(left, strengths[part])
            total = total + taken * nearest[part][point] / len(cloud)
            left = left - taken
        total = total + UNCOVERED * left / len(cloud)
    return total


@pytest.mark.parametrize("most", [0.2, 1.0], ids=["strengths below one in all", "strengths beyond one"])
def test_it_is_the_loop_over_parts_and_points_in_values_and_gradients(most: float) -> None:
    cloud, counts = draw(2, 40, 3), torch.tensor([[5, 9, 3, 9], [2, 4, 9, 7]])
    parts = padded(draw(2, 4, 9, 3, seed=1), counts).requires_grad_()
    strengths = ((draw(2, 4, seed=2) + 1) / 2 * most).requires_grad_()
    found = composite_chamfer(cloud, parts, counts, strengths)
    expected = torch.stack(
        [by_hand(cloud[b], [parts[b, e, : counts[b, e]] for e in range(4)], strengths[b]) for b in range(2)]
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    wanted = torch.autograd.grad(expected.sum(), (parts, strengths), retain_graph=True)
    for ours, theirs in zip(torch.autograd.grad(found.sum(), (parts, strengths)), wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_parts_that_lie_on_the_cloud_are_as_near_as_can_be() -> None:
    cloud = draw(1, 30, 3)
    whole = cloud[:, None].expand(1, 2, 30, 3)
    counts = torch.full((1, 2), 30)
    one = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    least = math.sqrt(SMOOTHING)
    assert composite_chamfer(cloud, whole, counts, one).item() == pytest.approx(least + least / 2)
    none = composite_chamfer(cloud, whole, counts, torch.zeros_like(one)).item()
    assert none == pytest.approx(UNCOVERED)
