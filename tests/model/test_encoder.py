from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from keygrid import geometry
from keygrid.model.config import ModelConfig, preset
from keygrid.model.encoder import Encoder, Level, _after_grouping, interpolate
from keygrid.model.layers import SharedMLP


def draw(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("training", [True, False])
def test_after_grouping_is_the_mlp_of_what_was_grouped(training: bool) -> None:
    torch.manual_seed(0)
    plain, ours = (SharedMLP(5 + 3, [7, 6, 4]).double().train(training) for _ in range(2))
    ours.load_state_dict(plain.state_dict())
    points, features, centres = draw(2, 30, 3), draw(2, 30, 5, seed=1), draw(2, 6, 3, seed=2)
    ball = geometry.ball_query(points, centres, 0.8, 9)
    around = geometry.gather(points, ball) - centres[:, :, None]

    inputs = [features.clone().requires_grad_() for _ in range(2)]
    expected = plain(torch.cat([geometry.gather(inputs[0], ball), around], dim=-1))
    found = _after_grouping(ours, inputs[1], ball, around)
    assert found.shape == (2, 6, 9, 4)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)

    weights = draw(*expected.shape, seed=3)
    (expected * weights).sum().backward()
    (found * weights).sum().backward()
    for mine, other in zip([inputs[1], *ours.parameters()], [inputs[0], *plain.parameters()], strict=True):
        torch.testing.assert_close(mine.grad, other.grad, rtol=0, atol=1e-11)
    for mine, other in zip(ours.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_interpolation_by_hand() -> None:
    coarse = Level(draw(2, 9, 3), draw(2, 9, 5, seed=1))
    points = draw(2, 20, 3, seed=2)
    found = interpolate(points, coarse)
    for b in range(2):
        for n in range(20):
            squared = (coarse.points[b] - points[b, n]).square().sum(-1)
            three = squared.argsort()[:3]
            weights = 1 / (squared[three] + 1e-8)
            expected = (weights[:, None] * coarse.features[b, three]).sum(0) / weights.sum()
            torch.testing.assert_close(found[b, n], expected, rtol=0, atol=1e-12)


def test_interpolation_at_a_coarse_point_is_its_feature() -> None:
    coarse = Level(draw(2, 9, 3), draw(2, 9, 5, seed=1))
    torch.testing.assert_close(interpolate(coarse.points, coarse), coarse.features, rtol=0, atol=1e-6)


def test_levels_are_those_of_pointnet_plus_plus() -> None:
    encoder = Encoder(preset("released")).eval()
    points = draw(1, 2048, 3).float()
    with torch.no_grad():
        levels, weights = encoder(points)
    assert [tuple(level.features.shape) for level in levels] == [
        (1, 2048, 3), (1, 1024, 96), (1, 256, 256), (1, 64, 512), (1, 16, 1024),
    ]  # fmt: skip
    in_cloud = {tuple(point) for point in points[0].tolist()}
    for coarse in levels[1:]:
        # Farthest-point order: each level is the beginning of the one before it.
        assert torch.equal(coarse.points, levels[1].points[:, : coarse.points.shape[1]])
        chosen = {tuple(point) for point in coarse.points[0].tolist()}
        assert len(chosen) == coarse.points.shape[1]
        assert chosen <= in_cloud
    assert weights.shape == (1, 8, 2048)


def test_abstraction_pools_each_ball(tiny_config: ModelConfig) -> None:
    torch.manual_seed(0)
    encoder = Encoder(tiny_config).double().eval()
    points = draw(2, 100, 3)
    first = encoder.abstraction[0]
    with torch.no_grad():
        coarse = first(Level(points, points), start=7)
    assert torch.equal(coarse.points[:, 0], points[:, 7])
    for b in range(2):
        for s in range(tiny_config.centroids[0]):
            centre, pooled = coarse.points[b, s], []
            for radius, count, mlp in zip(tiny_config.radii[0], tiny_config.neighbours, first.scales, strict=True):
                inside = (points[b] - centre).square().sum(-1) < radius**2
                ball = points[b][inside][:count]  # its repetitions don't change a maximum
                with torch.no_grad():
                    pooled.append(mlp(torch.cat([ball, ball - centre], dim=-1)).amax(0))
            torch.testing.assert_close(coarse.features[b, s], torch.cat(pooled), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mix", [True, False])
def test_weights_are_a_softmax_over_the_points(tiny_config: ModelConfig, mix: bool) -> None:
    torch.manual_seed(0)
    encoder = Encoder(replace(tiny_config, mix_keypoints=mix)).double().eval()
    logits: list[Tensor] = []
    encoder.head.register_forward_hook(lambda _module, _inputs, output: logits.append(output))
    with torch.no_grad():
        weights = encoder(draw(2, 100, 3))[1]
        expected = logits[0]  # [B, N, K]
        if mix:
            assert isinstance(encoder.mix, nn.Linear)
            expected = torch.log_softmax(expected, dim=2) @ encoder.mix.weight.T + encoder.mix.bias
        else:
            assert encoder.mix is None
    expected = torch.exp(expected - torch.logsumexp(expected, dim=1, keepdim=True)).transpose(1, 2)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-12)
