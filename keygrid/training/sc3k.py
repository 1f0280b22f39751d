"""The losses of SC3K: keypoints should stay apart, cover a cloud, and turn with it (arXiv 2308.05410).

Each function returns a mean over the batch. B clouds, K keypoints, N points; of turned copies, B is even, and clouds
2 p and 2 p + 1 are copies of one shape.
"""

import math

import torch
from torch import Tensor

OVERLAP = 0.05
"""Distance of two keypoints below which they overlap, in normalised units, as in the published code."""

_NEAREST = 1e-6
"""Mean distance to the nearest keypoint below which the separation loss stops growing."""


def separation(keypoints: Tensor) -> Tensor:
    """Return the inverse of the mean distance from a keypoint to the nearest other, of keypoints (B, K, 3).

    The published code takes one mean over the batch; here each cloud has its own, so that processes can share a batch.
    """
    nearest = _between(keypoints).amin(-1)  # [B, K]
    return (1 / nearest.mean(-1).clamp(min=_NEAREST)).mean()


def overlap(keypoints: Tensor) -> Tensor:
    """Return the number of times that a keypoint (B, K, 3) has another within `OVERLAP`; a count has no gradient."""
    return (_between(keypoints) < OVERLAP).to(keypoints.dtype).sum((1, 2)).mean()


def to_keypoints(keypoints: Tensor, points: Tensor) -> Tensor:
    """Return the mean distance from points (B, N, 3) to the nearest of keypoints (B, K, 3)."""
    return torch.cdist(points, keypoints).amin(-1).mean()


def to_points(keypoints: Tensor, points: Tensor) -> Tensor:
    """Return the mean distance from keypoints (B, K, 3) to the nearest of points (B, N, 3)."""
    return torch.cdist(keypoints, points).amin(-1).mean()


def box(keypoints: Tensor, points: Tensor) -> Tensor:
    """Return how much the bounding boxes of keypoints (B, K, 3) and points (B, N, 3) differ in size (smooth L1)."""
    of_keypoints, of_points = (cloud.amax(1) - cloud.amin(1) for cloud in (keypoints, points))
    return torch.nn.functional.smooth_l1_loss(of_keypoints, of_points)


def turned(keypoints: Tensor, turns: Tensor) -> Tensor:
    """Return the mean squared difference of coordinates between copies' keypoints (B, K, 3), turned onto each other.

    Args:
        keypoints: normalised about the clouds' centroids.
        turns: (B, 3, 3), the rotation that took the shape to each copy.
    """
    onto = _relative(turns)
    return (keypoints[::2] - keypoints[1::2] @ onto.transpose(1, 2)).square().mean()


def pose(keypoints: Tensor, turns: Tensor) -> Tensor:
    """Return half the angle, in radians, between the rotation of copies and that estimated from keypoints (B, K, 3).

    The latter takes the second copy's keypoints to the first one's best in the least-squares sense (Kabsch). The
    published code takes one norm over the batch; here each pair has its own.

    Args:
        keypoints: of copies in pairs.
        turns: (B, 3, 3), the rotation that took the shape to each copy.
    """
    centred = (keypoints - keypoints.mean(1, keepdim=True)).double()
    left, _, right = torch.linalg.svd(centred[::2].transpose(1, 2) @ centred[1::2])  # [B / 2, 3, 3]
    sign = torch.ones_like(left[:, 0])
    sign[:, 2] = torch.linalg.det(left @ right).detach().sign()
    away = left * sign[:, None] @ right - _relative(turns).double()
    # The root has no derivative at zero, nor has the arc sine at one.
    sine = (away.square().sum((1, 2)) + 1e-12).sqrt() / (2 * math.sqrt(2))
    return sine.clamp(max=1 - 1e-5).asin().mean().to(keypoints.dtype)


def _between(keypoints: Tensor) -> Tensor:
    """(B, K, K): distances between keypoints, infinite from each to itself."""
    itself = torch.eye(keypoints.shape[1], dtype=torch.bool, device=keypoints.device)
    return torch.cdist(keypoints, keypoints).masked_fill(itself, math.inf)


def _relative(turns: Tensor) -> Tensor:
    """(B / 2, 3, 3): the rotations from the second copies to the first ones."""
    return turns[::2] @ turns[1::2].transpose(1, 2)
