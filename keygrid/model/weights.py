"""Weights of keypoints: from features of points to a distribution over them (paper, section 3.1)."""

import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig
from keygrid.model.layers import Dropout, SharedMLP, full_precision


class PointWeights(nn.Module):
    """A small perceptron and a softmax over the points.

    Attributes:
        hidden: layers before the last one, from C channels; nothing where the configuration has none.
        last: last layer, to a logit of each keypoint.
        mix: mixes the keypoints' log-softmax, as the published code does; None where the configuration says so.
    """

    def __init__(self, config: ModelConfig, width: int) -> None:
        super().__init__()
        self.hidden = SharedMLP(width, config.hidden) if config.hidden else nn.Identity()
        self.dropout = Dropout(config.dropout)
        self.last = nn.Linear([width, *config.hidden][-1], config.keypoints)
        self.mix = nn.Linear(config.keypoints, config.keypoints) if config.mix_keypoints else None

    def forward(self, features: Tensor, dtype: torch.dtype) -> Tensor:
        """Return weights (B, K, N) of `dtype`, each row a distribution over N points, from features (B, N, C)."""
        return self.logits(features, dtype).softmax(dim=-1)

    def logits(self, features: Tensor, dtype: torch.dtype) -> Tensor:
        """Return (B, K, N) of `dtype`, whose softmax over the points are the weights."""
        logits = self.last(self.dropout(self.hidden(features))).to(dtype)  # [B, N, K]
        with full_precision(logits):
            if self.mix is not None:
                logits = self.mix(logits.log_softmax(dim=-1))
            return logits.transpose(1, 2)
