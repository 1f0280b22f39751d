"""Key-Grid: a cloud in, keypoints, skeleton and a rebuilt cloud out (arXiv 2410.02237)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig
from keygrid.model.decoder import Decoder
from keygrid.model.encoder import Encoder
from keygrid.model.heatmap import heatmap
from keygrid.model.layers import SharedMLP, full_precision
from keygrid.model.pyramid import Pyramid, pyramid


@dataclass(frozen=True)
class Output:
    """What the network says of a batch of clouds, in normalised units.

    Attributes:
        weights: (B, K, N), each keypoint's distribution over the points.
        keypoints: (B, K, 3), the points' mean under those weights.
        strengths: (B, E), each segment's in (0, 1), in the order of `ModelConfig.edges`.
        reconstruction: (B, N, 3).
        features: (B, N, C), of each point, which its weights are made of.
    """

    weights: Tensor
    keypoints: Tensor
    strengths: Tensor
    reconstruction: Tensor
    features: Tensor


class KeyGrid(nn.Module):
    """The whole network. Any B >= 1, any N >= 64; device and dtype are those of its parameters."""

    edges: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("edges", torch.tensor(config.edges).T, persistent=False)  # [2, E]
        self.encoder = Encoder(config)
        self.strength = nn.Sequential(
            SharedMLP(self.encoder.widths[-1], [512, 256]), nn.Linear(256, len(config.edges)), nn.Sigmoid()
        )
        self.decoder = Decoder(config, self.encoder.widths)

    def forward(self, points: Tensor, *, peak: bool = False, start: int = 0, rebuild: bool = True) -> Output:
        """Find keypoints and rebuild the clouds.

        Args:
            points: (B, N, 3), normalised.
            peak: place each keypoint on its heaviest point instead of the weighted mean, as the published code
                does when it predicts.
            start: index at which each level's farthest-point sampling starts.
            rebuild: whether to; else the reconstruction has no points.
        """
        around, levels, features, weights, keypoints = self._find(points, peak, start)
        strengths = self.strength(levels[-1].amax(dim=1)).to(points.dtype)
        if not rebuild:
            return Output(weights, keypoints, strengths, points[:, :0], features)
        starts, ends = keypoints[:, self.edges[0]], keypoints[:, self.edges[1]]
        reconstruction = self.decoder(
            around, levels, lambda positions: heatmap(positions, starts, ends, strengths, self.config)
        )
        return Output(weights, keypoints, strengths, reconstruction.to(points.dtype), features)

    def locate(self, points: Tensor, *, peak: bool = False) -> tuple[Tensor, Tensor]:
        """Weights (B, K, N) and keypoints (B, K, 3) of clouds (B, N, 3), as `forward` has them, and nothing else."""
        *_, weights, keypoints = self._find(points, peak)
        return weights, keypoints

    def skeleton(self, points: Tensor, *, peak: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, keypoints and strengths (B, E) of clouds (B, N, 3), as `forward` has them, and nothing rebuilt."""
        _, levels, _, weights, keypoints = self._find(points, peak)
        return weights, keypoints, self.strength(levels[-1].amax(dim=1))

    def _find(self, points: Tensor, peak: bool, start: int = 0) -> tuple[Pyramid, list[Tensor], Tensor, Tensor, Tensor]:
        """The clouds' levels, their features and those of the points, and weights and keypoints."""
        around = pyramid(points, self.config, start)
        levels, features, weights = self.encoder(around)
        if peak:
            heaviest = weights.argmax(dim=-1)  # [B, K]; the first of equals, where the published code sums them
            return around, levels, features, weights, points.gather(1, heaviest[..., None].expand(-1, -1, 3))
        with full_precision(points):
            return around, levels, features, weights, weights @ points
