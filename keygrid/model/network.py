"""Key-Grid: garments in, keypoints, skeleton and rebuilt clouds out (arXiv 2410.02237)."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig
from keygrid.model.decoder import GridDecoder
from keygrid.model.decoder_config import GridDecoderConfig, SkeletonDecoderConfig
from keygrid.model.encoders import ENCODERS
from keygrid.model.encoding import Encoder, Encoding
from keygrid.model.heatmap import heatmap
from keygrid.model.inputs import Inputs
from keygrid.model.layers import SharedMLP, full_precision
from keygrid.model.skeleton_decoder import SegmentClouds, SkeletonDecoder, merged
from keygrid.model.weights import PointWeights


@dataclass(frozen=True)
class Output:
    """Answer of the network for a batch of garments, in normalised units.

    Attributes:
        weights: (B, K, N), each keypoint's distribution over the points.
        keypoints: (B, K, 3), the points' mean under those weights.
        strengths: (B, E), each segment's in (0, 1), in the order of `ModelConfig.edges`.
        reconstruction: (B, N, 3); (B, 0, 3) if there is none.
        features: (B, N, C), features of the points, from which the weights are made.
        segments: the segments' clouds, of a decoder that makes some.
        logits: (B, K, N), whose softmax over the points are the weights; None where only weights are known.
    """

    weights: Tensor
    keypoints: Tensor
    strengths: Tensor
    reconstruction: Tensor
    features: Tensor
    segments: SegmentClouds | None = None
    logits: Tensor | None = None


class KeyGrid(nn.Module):
    """The whole network; with another decoder, that of a baseline.

    Any B >= 1, any N >= 64; device and dtype are those of its parameters.
    """

    edges: Tensor
    encoder: Encoder

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer(
            "edges", torch.tensor(config.edges, dtype=torch.int64).reshape(-1, 2).T, persistent=False
        )  # [2, E]
        self.encoder = ENCODERS[config.encoder.kind].make(config.encoder)
        self.point_weights = PointWeights(config, self.encoder.point_width)
        if config.decoder.has_segments:
            self.strength = nn.Sequential(
                SharedMLP(self.encoder.summary_width, [512, 256]), nn.Linear(256, len(config.edges)), nn.Sigmoid()
            )
        self.decoder: GridDecoder | SkeletonDecoder | None = None
        if isinstance(config.decoder, GridDecoderConfig):
            self.decoder = GridDecoder(config, self.encoder.level_widths)
        elif isinstance(config.decoder, SkeletonDecoderConfig):
            self.decoder = SkeletonDecoder(config)

    @property
    def device(self) -> torch.device:
        """The device of its parameters."""
        return self.edges.device

    def forward(self, inputs: Inputs, *, peak: bool = False, rebuild: bool = True) -> Output:
        """Find keypoints and rebuild the clouds.

        Args:
            inputs: B garments.
            peak: place each keypoint on its heaviest point instead of the weighted mean, as the published code
                does when it predicts.
            rebuild: whether to rebuild the clouds; without, the reconstruction has no points.
        """
        points = inputs.points
        encoding, found = self._find(inputs, peak)
        found = replace(found, strengths=self._strengths(encoding, points))
        if not rebuild or self.decoder is None:
            return found
        strengths, (starts, ends) = found.strengths, (found.keypoints[:, end] for end in self.edges)
        if isinstance(self.decoder, SkeletonDecoder):
            with full_precision(points):
                clouds = self.decoder(starts, ends)
            return replace(found, reconstruction=merged(clouds, strengths, points.shape[1]), segments=clouds)
        assert encoding.levels is not None
        reconstruction = self.decoder(
            encoding.levels, lambda positions: heatmap(positions, starts, ends, strengths, self.config.heatmap)
        )
        return replace(found, reconstruction=reconstruction.to(points.dtype))

    def locate(self, inputs: Inputs, *, peak: bool = False) -> Output:
        """Find keypoints as `forward` does, and neither strengths nor a cloud: both are empty."""
        return self._find(inputs, peak)[1]

    def _find(self, inputs: Inputs, peak: bool) -> tuple[Encoding, Output]:
        """Return the encoding, and the output without strengths and cloud."""
        points = inputs.points
        encoding = self.encoder(inputs)
        logits = self.point_weights.logits(encoding.point_features, points.dtype)
        with full_precision(points):
            weights = logits.softmax(dim=-1)
            keypoints = weights @ points
        if peak:
            heaviest = weights.argmax(dim=-1)  # [B, K]; the first of equals, where the published code sums them
            keypoints = points.gather(1, heaviest[..., None].expand(-1, -1, 3))
        none = points.new_empty(len(inputs), 0)
        return encoding, Output(weights, keypoints, none, points[:, :0], encoding.point_features, logits=logits)

    def _strengths(self, encoding: Encoding, like: Tensor) -> Tensor:
        if not self.config.decoder.has_segments:
            return like.new_empty(len(like), 0)
        return self.strength(encoding.summary).to(like.dtype)
