"""Point-set operations with PyTorch3D's compiled kernels: float32, CPU and CUDA. Importing this requires PyTorch3D."""

from collections.abc import Sequence

import torch
from pytorch3d import ops  # fails here, not at first use, where the compiled extension does not fit torch
from torch import Tensor

from keygrid.geometry import reference


def farthest_points(points: Tensor, count: int, start: int) -> Tensor:
    """See `keygrid.geometry.points.farthest_points`."""
    # The kernel starts at index 0, so the start moves to the front. The others keep their order, because of equally far
    # points the first is chosen.
    others = torch.arange(points.shape[1] - 1, device=points.device)
    order = torch.cat([others.new_tensor([start]), others + (others >= start)])
    chosen = ops.sample_farthest_points(points.detach()[:, order], K=count)[1]
    found = order[chosen.clamp(min=0)]
    # Once every place is taken the kernel repeats its start, or writes -1; the definition goes on with index 0.
    found[:, 1:] = torch.where(chosen[:, 1:] > 0, found[:, 1:], 0)
    return found


def ball_queries(points: Tensor, centres: Tensor, radii: Sequence[float], counts: Sequence[int]) -> list[Tensor]:
    """See `keygrid.geometry.points.ball_queries`."""
    return [_ball_query(points, centres, radius, count) for radius, count in zip(radii, counts, strict=True)]


def _ball_query(points: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    found = ops.ball_query(centres.detach(), points.detach(), K=count, radius=radius, return_nn=False).idx
    first = found[:, :, :1].clamp(min=0)
    return torch.where(found < 0, first, found)


def nearest(queries: Tensor, points: Tensor, count: int) -> Tensor:
    """See `keygrid.geometry.points.nearest`."""
    return ops.knn_points(queries.detach(), points.detach(), K=count).idx


def interpolation(queries: Tensor, points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """See `keygrid.geometry.points.interpolation`."""
    return reference.weighted(queries.detach(), points.detach(), nearest(queries, points, count))
