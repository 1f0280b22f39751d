"""A cloud at several levels from fine to coarse, and the way of features from one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from keygrid.geometry import points as geometry
from keygrid.model.layers import SharedMLP
from keygrid.model.rows import Rows


@dataclass(frozen=True, eq=False)
class Interpolation:
    """Interpolation to the next finer level, from the three nearest points, by inverse squared distance.

    Attributes:
        index: (B N, 3) int64, indices of points of the coarser level, all clouds of the batch in one sequence.
        mix: (B N, 3), their weights, which sum to one.
    """

    index: Tensor
    mix: Tensor


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of a batch of clouds, fine to coarse; level 0 holds the sampled points.

    Attributes:
        points: of each level, (B, S, 3), normalised.
        interpolations: to each level but the last, from the next coarser one.
        features: of each level but the first, (B, S, C).
    """

    points: Sequence[Tensor]
    interpolations: Sequence[Interpolation]
    features: Sequence[Tensor]


def interpolations(points: Sequence[Tensor]) -> list[Interpolation]:
    """Return the interpolation to each of some levels' points, (B, S, 3), fine to coarse, from the next one."""
    return [_interpolation(fine, coarse) for fine, coarse in pairwise(points)]


def pooled_levels(points: Tensor, features: Tensor, centroids: Sequence[int]) -> Levels:
    """Return levels whose points are the farthest of the level below, and whose features are maxima of those below.

    Each point of a level takes the maximum over the points of the level below that are nearer to it than to others.

    Args:
        points: (B, N, 3), normalised.
        features: (B, N, C), of the points.
        centroids: number of points of each coarser level; 3 or more.
    """
    levels, pooled = [points], [features]
    for count in centroids:
        below = levels[-1]
        centres = geometry.gather(below, geometry.farthest_points(below, count))
        owner = geometry.nearest(below, centres).expand(-1, -1, features.shape[-1])  # [B, N, C]
        empty = features.new_zeros(len(below), count, features.shape[-1])
        pooled.append(empty.scatter_reduce(1, owner, pooled[-1], "amax", include_self=False))
        levels.append(centres)
    return Levels(levels, interpolations(levels), pooled[1:])


def propagate(
    mlp: SharedMLP,
    interpolation: Interpolation,
    coarse: Tensor,
    before: Tensor | None = None,
    after: Tensor | None = None,
) -> Tensor:
    """Return the values (B, N, widths[-1]) of `mlp` at features interpolated from a coarser level.

    Args:
        mlp: takes the concatenated features.
        interpolation: to the finer level's N points.
        coarse: features of the coarser level, (B, M, C).
        before: features of the finer level, (B, N, D), that precede the interpolated ones.
        after: features of the finer level, (B, N, E), that follow the interpolated ones.
    """
    none = coarse.new_empty(*interpolation.index.shape[:1], 0)
    dense = [features.flatten(0, 1) for features in (before, after) if features is not None]
    rows = Rows(
        dense=torch.cat([none, *dense], dim=-1),
        source=coarse.flatten(0, 1),
        index=interpolation.index,
        mix=interpolation.mix,
        before=0 if before is None else before.shape[-1],
    )
    return mlp.over(rows).unflatten(0, (len(coarse), -1))


def _interpolation(points: Tensor, coarse: Tensor) -> Interpolation:
    neighbours, weights = geometry.interpolation(points, coarse)  # [B, N, 3]
    first = torch.arange(len(points), device=points.device)[:, None, None] * coarse.shape[1]
    return Interpolation((neighbours + first).reshape(-1, 3), weights.reshape(-1, 3))
