import torch
from torch import Tensor

from keygrid.model.network import Output
from keygrid.training.losses import losses


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def chamfer(a: Tensor, b: Tensor) -> Tensor:
    squared = (a[:, None] - b).square().sum(-1)
    return squared.amin(0).mean() + squared.amin(1).mean()


def output(keypoints: Tensor, reconstruction: Tensor) -> Output:
    return Output(torch.empty(0), keypoints, torch.empty(0), reconstruction)


def farthest_by_hand(cloud: Tensor, count: int, start: int) -> Tensor:
    chosen = cloud[start : start + 1]
    while len(chosen) < count:
        far = (cloud[:, None] - chosen).norm(dim=-1).amin(1).argmax()
        chosen = torch.cat([chosen, cloud[far][None]])
    return chosen


def test_terms_are_means_of_two_chamfer_distances() -> None:
    points, keypoints, rebuilt = draw(3, 50, 3), draw(3, 4, 3, seed=1), draw(3, 50, 3, seed=2)
    found = losses(output(keypoints, rebuilt), points, farthest=7, start=9)
    farthest = [chamfer(k, farthest_by_hand(cloud, 7, 9)) for k, cloud in zip(keypoints, points, strict=True)]
    similarity = [chamfer(r, cloud) for r, cloud in zip(rebuilt, points, strict=True)]
    assert found.keys() == {"farthest", "similarity"}
    torch.testing.assert_close(found["farthest"], torch.stack(farthest).mean(), rtol=0, atol=1e-12)
    torch.testing.assert_close(found["similarity"], torch.stack(similarity).mean(), rtol=0, atol=1e-12)


def test_losses_of_a_perfect_answer_are_zero() -> None:
    points = draw(2, 50, 3)
    keypoints = torch.stack([farthest_by_hand(cloud, 6, 3) for cloud in points])
    perfect = losses(output(keypoints[:, [4, 2, 0, 5, 1, 3]], points.flip(1)), points, farthest=6, start=3)
    assert {name: float(term) for name, term in perfect.items()} == {"farthest": 0, "similarity": 0}
    other_start = losses(output(keypoints, points), points, farthest=6, start=4)
    assert other_start["farthest"] > 0


def test_each_term_moves_its_own_part() -> None:
    points = draw(1, 50, 3)
    keypoints, rebuilt = draw(1, 4, 3, seed=1).requires_grad_(), draw(1, 50, 3, seed=2).requires_grad_()
    terms = losses(output(keypoints, rebuilt), points, farthest=7, start=0)
    terms["farthest"].backward()
    assert keypoints.grad is not None
    assert keypoints.grad.abs().sum(-1).min() > 0
    assert rebuilt.grad is None
    terms["similarity"].backward()
    assert rebuilt.grad is not None
    assert rebuilt.grad.abs().sum(-1).min() > 0
