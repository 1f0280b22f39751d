"""Point-set operations on batches of clouds, dispatched to the fastest available implementation.

On CPU, this is Numba and SciPy (`compiled`); on CUDA, PyTorch3D's kernels if they are installed and the tensor is
float32 (`kernels`); otherwise the definitions (`reference`). All agree on every index, except for points whose
distances differ only by rounding.
"""

import importlib
from collections.abc import Sequence
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

from keygrid.geometry import compiled, reference


@cache
def pytorch3d_kernels() -> ModuleType | None:
    """Return the module with PyTorch3D's kernels; None if PyTorch3D is missing or does not fit this torch."""
    try:
        return importlib.import_module("keygrid.geometry.kernels")
    except (ImportError, OSError):
        return None


def operations_for(points: Tensor) -> ModuleType:
    """Return the module for tensors of this device and dtype."""
    if points.device.type == "cpu":
        return compiled
    if points.device.type == "cuda" and points.dtype == torch.float32:
        return pytorch3d_kernels() or reference
    return reference


def farthest_points(points: Tensor, count: int, start: int = 0) -> Tensor:
    """Sample farthest points: each next point is the one farthest from all previous ones.

    Args:
        points: (B, N, 3).
        count: number of points to choose; beyond N, the first point repeats.
        start: index of the first point, 0 <= start < N.

    Returns:
        (B, count) int64 indices into `points`, in order of choice; of equally far points the lowest index.
    """
    if not 0 <= start < points.shape[1]:
        raise IndexError(f"start {start} is outside of a cloud of {points.shape[1]} points")
    return operations_for(points).farthest_points(points, count, start)


def ball_query(points: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    """Return the first `count` points, in index order, closer than `radius` to each centre.

    Args:
        points: (B, N, 3).
        centres: (B, S, 3).
        radius: in the unit of the points.
        count: number of neighbours per centre; if fewer are inside, the first one repeats.

    Returns:
        (B, S, count) int64 indices into `points`; 0 throughout where no point is inside.
    """
    return ball_queries(points, centres, [radius], [count])[0]


def ball_queries(points: Tensor, centres: Tensor, radii: Sequence[float], counts: Sequence[int]) -> list[Tensor]:
    """Return `ball_query` for several radii around the same centres, as a tensor for each."""
    return operations_for(points).ball_queries(points, centres, radii, counts)


def without_repetition(balls: Tensor, points: Tensor, centres: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the points of balls without repetition, R points ball by ball; on CPU.

    Args:
        balls: (B, S, count) from `ball_query`.
        points: (B, N, 3), the points of the balls.
        centres: (B, S, 3).

    Returns:
        index (R, 1) int64 into the points of all clouds in one sequence; offset from the centre (R, 3); how often each
        is in its ball (R,), in the points' dtype; where each ball begins, (B S + 1,) int64.
    """
    return compiled.without_repetition(balls, points, centres)


def nearest(queries: Tensor, points: Tensor, count: int = 1) -> Tensor:
    """Return the `count` points nearest to each query, (B, M, count) int64, nearest first; count <= N.

    Args:
        queries: (B, M, 3).
        points: (B, N, 3).
        count: number of neighbours per query.
    """
    _refuse_more_than(points, count)
    return operations_for(points).nearest(queries, points, count)


def interpolation(queries: Tensor, points: Tensor, count: int = 3) -> tuple[Tensor, Tensor]:
    """Return `nearest`, and weights (B, M, count) proportional to inverse squared distances, summing to one."""
    _refuse_more_than(points, count)
    return operations_for(points).interpolation(queries, points, count)


def _refuse_more_than(points: Tensor, count: int) -> None:
    if count > points.shape[1]:
        raise ValueError(f"{count} neighbours asked of a cloud of {points.shape[1]} points")


def gather(values: Tensor, indices: Tensor) -> Tensor:
    """Return the rows of `values` (B, N, C) at `indices` (B, ...): (B, ..., C), differentiable in the values."""
    flat = indices.reshape(len(indices), -1, 1).expand(-1, -1, values.shape[-1])
    return values.gather(1, flat).reshape(*indices.shape, values.shape[-1])


def chamfer(a: Tensor, b: Tensor) -> Tensor:
    """Return the squared Chamfer distance of two clouds, (B,): means over points, summed over both directions.

    Args:
        a: (B, N, 3).
        b: (B, M, 3).
    """
    there = (a - gather(b, nearest(a, b).squeeze(-1))).square().sum(-1).mean(-1)
    back = (b - gather(a, nearest(b, a).squeeze(-1))).square().sum(-1).mean(-1)
    return there + back


def squared_distance_to_segments(points: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Return the squared distance of every point to every segment, (B, P, E); a segment of length zero is a point.

    Args:
        points: (B, P, 3).
        starts: (B, E, 3).
        ends: (B, E, 3).
    """
    along = (ends - starts)[:, None]  # [B, 1, E, 3]
    offset = points[:, :, None] - starts[:, None]  # [B, P, E, 3]
    length = along.square().sum(-1)
    # The published code guards the division with 1e-8, which also shortens short segments a little.
    t = ((offset * along).sum(-1) / torch.where(length > 0, length, 1)).clamp(0, 1)
    return (offset - t[..., None] * along).square().sum(-1)
