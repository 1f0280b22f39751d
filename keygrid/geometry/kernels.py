"""Point-set operations by PyTorch3D's compiled kernels: float32, CPU and CUDA. Importing this needs PyTorch3D."""

import torch
from pytorch3d import _C as _kernels  # the build fails here, not at first use, where its extension does not fit torch
from pytorch3d import ops
from torch import Tensor

assert _kernels is not None


def farthest_points(points: Tensor, count: int, start: int) -> Tensor:
    """See `keygrid.geometry.farthest_points`."""
    # The kernel starts at index 0, so the start changes places with the first point.
    order = torch.arange(points.shape[1], device=points.device)
    order[0], order[start] = start, 0
    chosen = ops.sample_farthest_points(points.detach()[:, order], K=count)[1]
    # Past the last point the kernel writes -1; the definition goes on with the first of all equally far points.
    return torch.where(chosen < 0, 0, order[chosen.clamp(min=0)])


def ball_query(points: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    """See `keygrid.geometry.ball_query`."""
    found = ops.ball_query(centres.detach(), points.detach(), K=count, radius=radius, return_nn=False).idx
    first = found[:, :, :1].clamp(min=0)
    return torch.where(found < 0, first, found)


def nearest(queries: Tensor, points: Tensor, count: int) -> Tensor:
    """See `keygrid.geometry.nearest`."""
    return ops.knn_points(queries.detach(), points.detach(), K=count).idx
