"""The Composite Chamfer Distance: how far a cloud is from one that is made of parts, some of which count less.

Shi et al., Skeleton Merger: an Unsupervised Aligned Keypoint Detector (CVPR 2021, arXiv 2103.10814).
"""

import torch
from torch import Tensor

from keygrid.geometry import points as geometry

SMOOTHING = 1e-4
"""Added to squared distances before the root, as in the published code: at zero the root has no derivative."""

UNCOVERED = 20.0
"""Distance of a point from nothing, as in the published code; it counts where strengths do not sum to one."""


def composite_chamfer(cloud: Tensor, parts: Tensor, counts: Tensor, strengths: Tensor) -> Tensor:
    """Return the Composite Chamfer Distance of each cloud from its parts, (B,).

    It is a sum of two distances. Fidelity is the mean over parts of the strength times the mean distance from a part's
    points to the cloud. Coverage goes through the parts from the one nearest to a point of the cloud to the farthest,
    and takes of each its distance times its strength, until strengths sum to one; what is then missing to one lies
    `UNCOVERED` away. The mean is taken over points.

    Args:
        cloud: (B, N, 3).
        parts: (B, E, M, 3); beyond a part's count, points must repeat others of the part.
        counts: (B, E), number of points of each part, at least 1.
        strengths: (B, E), in [0, 1].
    """
    batch, count, most, _ = parts.shape
    flat = parts.flatten(1, 2)
    to_cloud = _distance(flat, geometry.gather(cloud, geometry.nearest(flat, cloud)[..., 0])).reshape(
        batch, count, most
    )
    is_real = torch.arange(most, device=parts.device) < counts[..., None]
    fidelity = ((to_cloud * is_real).sum(-1) / counts * strengths).mean(-1)

    each, queries = parts.flatten(0, 1), cloud.repeat_interleave(count, dim=0)  # [B E, M, 3], [B E, N, 3]
    to_parts = _distance(queries, geometry.gather(each, geometry.nearest(queries, each)[..., 0]))
    distances, order = to_parts.reshape(batch, count, -1).sort(dim=1)  # [B, E, N]
    sorted_strengths = strengths[..., None].expand_as(order).gather(1, order)
    before = sorted_strengths.cumsum(dim=1) - sorted_strengths
    taken = sorted_strengths.minimum((1 - before).clamp(min=0))
    missing = (1 - strengths.sum(-1)).clamp(min=0)
    coverage = (distances * taken).sum(1).mean(-1) + UNCOVERED * missing
    return fidelity + coverage


def _distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the distances of points (..., 3), a little rounded off near zero."""
    return ((a - b).square().sum(-1) + SMOOTHING).sqrt()
