"""PointNet++ with multi-scale grouping: point features, coarse to fine (paper, section 3.1)."""

import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig
from keygrid.model.layers import Dropout, Rows, SharedMLP, full_precision
from keygrid.model.pyramid import Balls, Interpolation, Pyramid


class SetAbstraction(nn.Module):
    """A level to the next coarser one: two balls around each of its points."""

    def __init__(self, config: ModelConfig, depth: int, inputs: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(SharedMLP(inputs + 3, widths) for widths in config.abstraction[depth])

    def forward(self, features: Tensor, scales: list[Balls]) -> Tensor:
        """Features (B, N, C) of the finer level to (B, S, C') of the coarser one."""
        source = features.flatten(0, 1)
        ones = source.new_empty(0)
        pooled = [
            _shared(mlp).over(
                Rows(b.offsets, source, b.index, ones.expand(len(b.index), 0), counts=b.counts, pool=b.begins)
            )
            for b, mlp in zip(scales, self.scales, strict=True)
        ]
        return torch.cat(pooled, dim=-1).unflatten(0, (len(features), -1))


def propagate(
    mlp: nn.Module,
    interpolation: Interpolation,
    coarse: Tensor,
    before: Tensor | None = None,
    after: Tensor | None = None,
) -> Tensor:
    """`mlp` of features interpolated from a coarser level, to (B, N, widths[-1]).

    Args:
        mlp: a `SharedMLP`.
        interpolation: to the finer level's N points.
        coarse: features of the coarser level, (B, M, C).
        before: features of the finer level, (B, N, D), that the layer takes before the interpolated ones.
        after: such that it takes after them.
    """
    none = coarse.new_empty(*interpolation.index.shape[:1], 0)
    beside = [features.flatten(0, 1) for features in (before, after) if features is not None]
    rows = Rows(
        dense=torch.cat([none, *beside], dim=-1),
        source=coarse.flatten(0, 1),
        index=interpolation.index,
        mix=interpolation.mix,
        before=0 if before is None else before.shape[-1],
    )
    return _shared(mlp).over(rows).unflatten(0, (len(coarse), -1))


def _shared(mlp: nn.Module) -> SharedMLP:
    assert isinstance(mlp, SharedMLP)
    return mlp


class Encoder(nn.Module):
    """Points to coarse features and to point weights.

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
        self.head = nn.Sequential(SharedMLP(outputs, [128]), Dropout(config.dropout), nn.Linear(128, config.keypoints))
        self.mix = nn.Linear(config.keypoints, config.keypoints) if config.mix_keypoints else None

    def forward(self, pyramid: Pyramid) -> tuple[list[Tensor], Tensor, Tensor]:
        """Encode a batch of clouds.

        Returns:
            The features of levels 1 to 4, (B, S, C) each; those of the points, (B, N, C); and point weights (B, K, N),
            each row a distribution over the points.
        """
        levels: list[Tensor] = []
        for abstraction, balls in zip(self.abstraction, pyramid.balls, strict=True):
            levels.append(abstraction(levels[-1] if levels else pyramid.points[0], balls))

        coarse, *finer = reversed(levels)
        steps = zip(self.propagation, reversed(pyramid.interpolations), [*finer, None], strict=True)
        for mlp, interpolation, fine in steps:
            coarse = propagate(mlp, interpolation, coarse, fine)

        logits = self.head(coarse).to(pyramid.points[0].dtype)  # [B, N, K]
        with full_precision(logits):
            if self.mix is not None:
                logits = self.mix(logits.log_softmax(dim=-1))
            return levels, coarse, logits.transpose(1, 2).softmax(dim=-1)
