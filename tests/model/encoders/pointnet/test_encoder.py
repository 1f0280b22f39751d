import pytest
import torch
from torch import Tensor

from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.encoders.pointnet.encoder import PointNet
from keygrid.model.encoders.pointnet.pyramid import pyramid
from keygrid.model.inputs import Inputs


def draw(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1


def test_levels_are_those_of_pointnet_plus_plus() -> None:
    encoder = PointNet(PointNetConfig()).eval()
    points = draw(1, 2048, 3).float()
    with torch.no_grad():
        found = encoder(Inputs(points))
    shapes = [(1, 1024, 96), (1, 256, 256), (1, 64, 512), (1, 16, 1024)]
    assert [tuple(level.shape) for level in found.levels.features] == shapes
    in_cloud = {tuple(point) for point in points[0].tolist()}
    for level, count in zip(found.levels.points[1:], (1024, 256, 64, 16), strict=True):
        chosen = {tuple(point) for point in level[0].tolist()}
        assert len(chosen) == count
        assert chosen <= in_cloud
    assert found.point_features.shape == (1, 2048, encoder.point_width)
    assert found.summary.shape == (1, encoder.summary_width)
    assert torch.equal(found.summary, found.levels.features[-1].amax(dim=1))
    assert [level.shape[-1] for level in found.levels.features] == encoder.level_widths


@pytest.mark.parametrize("level", [0, 1])
def test_abstraction_pools_each_ball(tiny_encoder: PointNetConfig, level: int) -> None:
    torch.manual_seed(0)
    encoder = PointNet(tiny_encoder).double().eval()
    points = draw(2, 100, 3)
    around = pyramid(points, tiny_encoder)
    below = around.points[level]
    features = below if level == 0 else draw(2, below.shape[1], encoder.level_widths[level - 1], seed=1)
    abstraction = encoder.abstraction[level]
    with torch.no_grad():
        found = abstraction(features, around.balls[level])
    for b in range(2):
        for s in range(tiny_encoder.centroids[level]):
            centre, pooled = around.points[level + 1][b, s], []
            scales = zip(tiny_encoder.radii[level], tiny_encoder.neighbours, abstraction.scales, strict=True)
            for radius, count, mlp in scales:
                inside = (below[b] - centre).square().sum(-1) < radius**2
                ball = torch.cat([features[b], below[b] - centre], dim=-1)[inside][:count]
                with torch.no_grad():  # its repetitions don't change a maximum
                    pooled.append(mlp(ball).amax(0))
            torch.testing.assert_close(found[b, s], torch.cat(pooled), rtol=0, atol=1e-12)
