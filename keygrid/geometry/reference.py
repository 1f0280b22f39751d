"""The definitions of point-set operations in plain PyTorch, for any device and floating dtype.

The compiled paths are tested against this module. All functions return indices, which have no gradient; differentiable
results are built from gathered points in `keygrid.geometry.points`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def farthest_points(points: Tensor, count: int, start: int) -> Tensor:
    """See `keygrid.geometry.points.farthest_points`."""
    batch = torch.arange(len(points), device=points.device)
    chosen = torch.full((len(points),), start, device=points.device)
    nearest = torch.full(points.shape[:2], torch.inf, dtype=points.dtype, device=points.device)  # [B, N]
    order = []
    for _ in range(count):
        order.append(chosen)
        nearest = torch.minimum(nearest, (points - points[batch, chosen, None]).square().sum(-1))
        chosen = nearest.argmax(dim=1)
    return torch.stack(order, dim=1)


def ball_queries(points: Tensor, centres: Tensor, radii: Sequence[float], counts: Sequence[int]) -> list[Tensor]:
    """See `keygrid.geometry.points.ball_queries`."""
    return [ball_query(points, centres, radius, count) for radius, count in zip(radii, counts, strict=True)]


def ball_query(points: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    """See `keygrid.geometry.points.ball_query`."""
    squared = (centres[:, :, None] - points[:, None]).square().sum(-1)  # [B, S, N]
    index = torch.arange(points.shape[1], device=points.device)
    inside = torch.where(squared < radius**2, index, len(index)).sort(dim=-1).values[:, :, :count]
    if inside.shape[-1] < count:
        inside = torch.nn.functional.pad(inside, (0, count - inside.shape[-1]), value=len(index))
    first = inside[:, :, :1] % len(index)
    return torch.where(inside < len(index), inside, first)


def nearest(queries: Tensor, points: Tensor, count: int) -> Tensor:
    """See `keygrid.geometry.points.nearest`."""
    squared = (queries[:, :, None] - points[:, None]).square().sum(-1)  # [B, M, N]
    return squared.sort(dim=-1, stable=True).indices[:, :, :count]


def interpolation(queries: Tensor, points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """See `keygrid.geometry.points.interpolation`."""
    return weighted(queries, points, nearest(queries, points, count))


def weighted(queries: Tensor, points: Tensor, neighbours: Tensor) -> tuple[Tensor, Tensor]:
    """Return neighbours (B, M, count), and the weight of each."""
    batch = torch.arange(len(points), device=points.device)[:, None, None]
    squared = (queries[:, :, None] - points[batch, neighbours]).square().sum(-1)
    weights = 1 / (squared + 1e-8)
    return neighbours, weights / weights.sum(-1, keepdim=True)
