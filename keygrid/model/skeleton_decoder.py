"""Skeleton Merger's decoder: points on every segment, each with an offset that is learnt (arXiv 2103.10814)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from keygrid.geometry import points as geometry
from keygrid.model.config import ModelConfig
from keygrid.model.decoder_config import SkeletonDecoderConfig

_DEVIATION = 0.002
"""Standard deviation of the offsets of a new network, in normalised units, as in the published code."""


@dataclass(frozen=True, eq=False)
class SegmentClouds:
    """The points of each segment's cloud. B garments, E segments, up to M points in each.

    Attributes:
        points: (B, E, M, 3), normalised; beyond a segment's count, its last point repeats.
        counts: (B, E) int64, number of points of each.
        offsets: (E, most, 3), what is added to the points of each segment, in every garment.
    """

    points: Tensor
    counts: Tensor
    offsets: Tensor


class SkeletonDecoder(nn.Module):
    """Evenly spaced points on every segment, moved by offsets.

    The published code takes a segment's number of points from its mean length over the batch. Here it is taken from the
    garment's own segment, so that no garment's cloud depends on the others.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        assert isinstance(config.decoder, SkeletonDecoderConfig)
        self.config = config.decoder
        self.offsets = nn.Parameter(torch.randn(len(config.edges), self.config.most, 3) * _DEVIATION)

    def forward(self, starts: Tensor, ends: Tensor) -> SegmentClouds:
        """Return the clouds of segments that start and end at positions (B, E, 3), normalised."""
        lengths = (ends - starts).detach().norm(dim=-1)  # [B, E]
        counts = (lengths / self.config.spacing).long().clamp(self.config.least, self.config.most)
        place = torch.arange(int(counts.max()), device=starts.device).minimum(counts[..., None] - 1)  # [B, E, M]
        along = (place / (counts[..., None] - 1)).to(starts.dtype)[..., None]
        offsets = self.offsets.to(starts.dtype)
        segment = torch.arange(len(offsets), device=starts.device)[:, None].expand(place.shape[1:])
        moved = torch.lerp(starts[:, :, None], ends[:, :, None], along) + offsets[segment, place]
        return SegmentClouds(moved, counts, self.offsets)


def merged(clouds: SegmentClouds, strengths: Tensor, count: int) -> Tensor:
    """Return one cloud of `count` points, (B, count, 3), in which each segment has as many as its strength earns.

    A segment's share is the product of its strength, (B, E), and its number of points.
    """
    place = torch.arange(clouds.points.shape[2], device=strengths.device)
    shares = strengths.detach()[..., None] * (place < clouds.counts[..., None])  # [B, E, M]
    total = shares.flatten(1).double().cumsum(dim=-1)
    quantiles = (torch.arange(count, device=strengths.device) + 0.5) / count
    chosen = torch.searchsorted(total, total[:, -1:] * quantiles, right=True)
    return geometry.gather(clouds.points.flatten(1, 2), chosen.clamp(max=total.shape[1] - 1))
