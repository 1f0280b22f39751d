"""The optimisers that a training can have."""

import torch
from torch import nn

from keygrid.training.config import TrainingConfig

_DECAY = 1e-4
_EPSILON = 1e-2


def make_optimiser(learning: nn.Module, training: TrainingConfig) -> torch.optim.Optimizer:
    """Return the optimiser of a training's parameters, which has seen no step yet."""
    parameters, rate = learning.parameters(), training.learning_rate
    if training.optimiser == "adam":
        return torch.optim.Adam(parameters, lr=rate)
    if training.optimiser == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=_DECAY)
    return torch.optim.Adadelta(parameters, lr=rate, eps=_EPSILON)
