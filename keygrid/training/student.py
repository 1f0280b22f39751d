"""The losses of USEEK's student (arXiv 2209.13864), which learns from a teacher's labels of points."""

import torch
from torch import Tensor

NEGATIVES = 3
"""Number of unlabelled points that count for each labelled one."""


def segment_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of each keypoint's labelled points, and of a few times as many others.

    The published code draws the others; here all count, by as much as they would on average.

    Args:
        logits: (B, K, N), the student's.
        labels: (B, K, N) bool; some point of each keypoint is labelled.
    """
    errors = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype), reduction="none")
    labelled = labels.sum(-1)
    others = labels.shape[-1] - labelled
    counted = others.minimum(NEGATIVES * labelled)
    share = torch.where(labels, 1.0, (counted / others.clamp(min=1))[..., None])
    return ((errors * share).sum(-1) / (labelled + counted)).mean()
