from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig, preset
from keygrid.model.encoder import Encoder, propagate
from keygrid.model.layers import SharedMLP
from keygrid.model.pyramid import Interpolation, pyramid


def draw(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (2, 0), (0, 4), (2, 4)])
def test_propagation_is_the_mlp_of_what_is_interpolated(before: int, after: int, training: bool) -> None:
    torch.manual_seed(0)
    mlp = SharedMLP(before + 5 + after, [7, 6]).double().train(training)
    coarse, beside = draw(2, 9, 5), [draw(2, 20, width, seed=1) if width else None for width in (before, after)]
    index, mix = torch.randint(9, (2, 20, 3)), draw(2, 20, 3, seed=2).softmax(dim=-1)
    interpolated = torch.stack([(mix[b, ..., None] * coarse[b, index[b]]).sum(1) for b in range(2)])
    inputs = [features for features in (beside[0], interpolated, beside[1]) if features is not None]
    expected = mlp(torch.cat(inputs, dim=-1))
    first = torch.tensor([0, 9])[:, None, None]
    interpolation = Interpolation((index + first).flatten(0, 1), mix.flatten(0, 1))
    found = propagate(mlp, interpolation, coarse, *beside)
    assert found.shape == (2, 20, 6)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_levels_are_those_of_pointnet_plus_plus() -> None:
    config = preset("released")
    encoder = Encoder(config).eval()
    points = draw(1, 2048, 3).float()
    around = pyramid(points, config)
    with torch.no_grad():
        levels, _, weights = encoder(around)
    assert [tuple(level.shape) for level in levels] == [(1, 1024, 96), (1, 256, 256), (1, 64, 512), (1, 16, 1024)]
    in_cloud = {tuple(point) for point in points[0].tolist()}
    for level, count in zip(around.points[1:], config.centroids, strict=True):
        chosen = {tuple(point) for point in level[0].tolist()}
        assert len(chosen) == count
        assert chosen <= in_cloud
    assert weights.shape == (1, 8, 2048)


def test_abstraction_pools_each_ball(tiny_config: ModelConfig) -> None:
    torch.manual_seed(0)
    encoder = Encoder(tiny_config).double().eval()
    points = draw(2, 100, 3)
    around = pyramid(points, tiny_config, start=7)
    first = encoder.abstraction[0]
    with torch.no_grad():
        found = first(points, around.balls[0])
    for b in range(2):
        for s in range(tiny_config.centroids[0]):
            centre, pooled = around.points[1][b, s], []
            for radius, count, mlp in zip(tiny_config.radii[0], tiny_config.neighbours, first.scales, strict=True):
                inside = (points[b] - centre).square().sum(-1) < radius**2
                ball = points[b][inside][:count]  # its repetitions don't change a maximum
                with torch.no_grad():
                    pooled.append(mlp(torch.cat([ball, ball - centre], dim=-1)).amax(0))
            torch.testing.assert_close(found[b, s], torch.cat(pooled), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mix", [True, False])
def test_weights_are_a_softmax_over_the_points(tiny_config: ModelConfig, mix: bool) -> None:
    torch.manual_seed(0)
    config = replace(tiny_config, mix_keypoints=mix)
    encoder = Encoder(config).double().eval()
    logits: list[Tensor] = []
    encoder.head.register_forward_hook(lambda _module, _inputs, output: logits.append(output))
    with torch.no_grad():
        weights = encoder(pyramid(draw(2, 100, 3), config))[2]
        expected = logits[0]  # [B, N, K]
        if mix:
            assert isinstance(encoder.mix, nn.Linear)
            expected = torch.log_softmax(expected, dim=2) @ encoder.mix.weight.T + encoder.mix.bias
        else:
            assert encoder.mix is None
    expected = torch.exp(expected - torch.logsumexp(expected, dim=1, keepdim=True)).transpose(1, 2)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-12)
