"""PointNet++ with multi-scale grouping: point features, coarse to fine (paper, section 3.1)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from keygrid import geometry
from keygrid.model.config import ModelConfig
from keygrid.model.layers import SharedMLP


class Level(NamedTuple):
    """A cloud and what the encoder knows at its points; level 0 is the input, the last level the coarsest.

    Attributes:
        points: (B, S, 3), normalised.
        features: (B, S, C); at level 0 the points themselves.
    """

    points: Tensor
    features: Tensor


class SetAbstraction(nn.Module):
    """A level to the next coarser one: farthest points, and two balls around each."""

    def __init__(self, config: ModelConfig, depth: int, inputs: int) -> None:
        super().__init__()
        self.centroids, self.radii, self.neighbours = config.centroids[depth], config.radii[depth], config.neighbours
        self.scales = nn.ModuleList(SharedMLP(inputs + 3, widths) for widths in config.abstraction[depth])

    def forward(self, level: Level, start: int) -> Level:
        chosen = geometry.farthest_points(level.points, self.centroids, start)
        centres = geometry.gather(level.points, chosen)  # [B, S, 3]
        features = []
        for radius, count, mlp in zip(self.radii, self.neighbours, self.scales, strict=True):
            ball = geometry.ball_query(level.points, centres, radius, count)  # [B, S, count]
            around = geometry.gather(level.points, ball) - centres[:, :, None]
            grouped = _after_grouping(mlp, level.features, ball, around)
            features.append(grouped.amax(dim=2))
        return Level(centres, torch.cat(features, dim=-1))


def _after_grouping(mlp: nn.Module, features: Tensor, ball: Tensor, around: Tensor) -> Tensor:
    """`mlp` of each neighbour's features beside its offset from the centre: (B, S, count, widths[-1]).

    The first layer is linear, so its product with the features is taken once a point, before they are gathered up to
    `count` times; only the product with the offsets is taken once a neighbour.
    """
    first, *rest = mlp.children()
    assert isinstance(first, nn.Linear)
    of_features, of_offsets = first.weight.split([features.shape[-1], 3], dim=1)
    projected = geometry.gather(nn.functional.linear(features, of_features, first.bias), ball)
    rows = torch.addmm(projected.flatten(0, 2), around.flatten(0, 2), of_offsets.T)
    for layer in rest:
        rows = layer(rows)
    return rows.reshape(*ball.shape, -1)


def interpolate(points: Tensor, coarse: Level) -> Tensor:
    """Features (B, N, C) at `points` (B, N, 3) from the three nearest coarse points, by inverse squared distance."""
    neighbours = geometry.nearest(points, coarse.points, count=3)  # [B, N, 3]
    squared = (points[:, :, None] - geometry.gather(coarse.points, neighbours)).square().sum(-1)
    weights = 1 / (squared + 1e-8)
    weights = weights / weights.sum(-1, keepdim=True)
    return (weights[:, :, None] @ geometry.gather(coarse.features, neighbours)).squeeze(2)


class Encoder(nn.Module):
    """Points to levels (coarse features) and to point weights.

    Attributes:
        widths: channels of levels 1 to 4.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.widths = [sum(scale[-1] for scale in scales) for scales in config.abstraction]
        inputs = [3, *self.widths[:-1]]
        self.abstraction = nn.ModuleList(
            SetAbstraction(config, depth, channels) for depth, channels in enumerate(inputs)
        )
        skips = [*reversed(self.widths[:-1]), 0]  # level 0 offers its position only, which is not used again
        below = [self.widths[-1], *(widths[-1] for widths in config.propagation[:-1])]
        self.propagation = nn.ModuleList(
            SharedMLP(skip + coarse, widths)
            for skip, coarse, widths in zip(skips, below, config.propagation, strict=True)
        )
        outputs = config.propagation[-1][-1]
        self.head = nn.Sequential(
            SharedMLP(outputs, [128]), nn.Dropout(config.dropout), nn.Linear(128, config.keypoints)
        )
        self.mix = nn.Linear(config.keypoints, config.keypoints) if config.mix_keypoints else None

    def forward(self, points: Tensor, start: int = 0) -> tuple[list[Level], Tensor]:
        """Encode a batch of clouds.

        Args:
            points: (B, N, 3), normalised.
            start: index at which each level's farthest-point sampling starts.

        Returns:
            The five levels, and point weights (B, K, N), each row a distribution over the points.
        """
        levels = [Level(points, points)]
        for abstraction in self.abstraction:
            levels.append(abstraction(levels[-1], start))

        coarse = levels[-1]
        for fine, mlp in zip(reversed(levels[:-1]), self.propagation, strict=True):
            features = interpolate(fine.points, coarse)
            if fine is not levels[0]:
                features = torch.cat([fine.features, features], dim=-1)
            coarse = Level(fine.points, mlp(features))

        logits = self.head(coarse.features)  # [B, N, K]
        if self.mix is not None:
            logits = self.mix(logits.log_softmax(dim=-1))
        return levels, logits.transpose(1, 2).softmax(dim=-1)
