"""PointNet++ with multi-scale grouping: point features, coarse to fine (paper, section 3.1)."""

import torch
from torch import Tensor, nn

from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.encoders.pointnet.pyramid import Balls, pyramid
from keygrid.model.encoding import Encoding
from keygrid.model.inputs import Inputs
from keygrid.model.layers import SharedMLP, as_shared
from keygrid.model.levels import Levels, propagate
from keygrid.model.rows import Rows


class SetAbstraction(nn.Module):
    """A level to the next coarser one: two balls around each of its points."""

    def __init__(self, config: PointNetConfig, depth: int, inputs: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(SharedMLP(inputs + 3, widths) for widths in config.abstraction[depth])

    def forward(self, features: Tensor, scales: list[Balls]) -> Tensor:
        """Return features of the coarser level, (B, S, C'), from those of the finer one, (B, N, C)."""
        source = features.flatten(0, 1)
        ones = source.new_empty(0)
        pooled = [
            as_shared(mlp).over(
                Rows(b.offsets, source, b.index, ones.expand(len(b.index), 0), counts=b.counts, pool=b.begins)
            )
            for b, mlp in zip(scales, self.scales, strict=True)
        ]
        return torch.cat(pooled, dim=-1).unflatten(0, (len(features), -1))


class PointNet(nn.Module):
    """Sampled points to coarse features and back to features of the points; see `keygrid.model.encoding.Encoder`."""

    def __init__(self, config: PointNetConfig) -> None:
        super().__init__()
        self.config = config
        self.level_widths = [sum(scale[-1] for scale in scales) for scales in config.abstraction]
        self.point_width, self.summary_width = config.propagation[-1][-1], self.level_widths[-1]
        inputs = [3, *self.level_widths[:-1]]
        self.abstraction = nn.ModuleList(
            SetAbstraction(config, depth, channels) for depth, channels in enumerate(inputs)
        )
        skips = [*reversed(self.level_widths[:-1]), 0]  # level 0 offers its position only, which is not used again
        below = [self.summary_width, *(widths[-1] for widths in config.propagation[:-1])]
        self.propagation = nn.ModuleList(
            SharedMLP(skip + coarse, widths)
            for skip, coarse, widths in zip(skips, below, config.propagation, strict=True)
        )

    def forward(self, inputs: Inputs) -> Encoding:
        """Encode a batch of clouds."""
        around = pyramid(inputs.points, self.config)
        levels: list[Tensor] = []
        for abstraction, balls in zip(self.abstraction, around.balls, strict=True):
            levels.append(abstraction(levels[-1] if levels else inputs.points, balls))

        features, *finer = reversed(levels)
        steps = zip(self.propagation, reversed(around.interpolations), [*finer, None], strict=True)
        for mlp, interpolation, fine in steps:
            features = propagate(as_shared(mlp), interpolation, features, fine)
        return Encoding(features, Levels(around.points, around.interpolations, levels), levels[-1].amax(dim=1))
