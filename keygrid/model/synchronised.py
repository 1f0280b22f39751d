"""Normalisation and thinning of a batch that several processes share, as one process would do it alone.

Where there is no group of processes, nothing is exchanged.
"""

from typing import Any

import torch
from torch import Tensor, distributed


def process_count() -> int:
    """Return the number of processes that share each batch."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def total(values: Tensor) -> Tensor:
    """The sum over processes; gradients are summed on their way back."""
    return _Total.apply(values) if process_count() > 1 else values  # type: ignore[no-untyped-call]


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, values: Tensor) -> Tensor:
        everywhere = values.clone()
        distributed.all_reduce(everywhere)
        return everywhere

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        everywhere = gradient.clone()
        distributed.all_reduce(everywhere)
        return everywhere


def moments(pivot: Tensor, sums: Tensor, count: float) -> tuple[Tensor, Tensor, float]:
    """Mean and variance (C,) of the rows of all processes, and how many rows these are.

    Args:
        pivot: (C,), float64; each process may have its own.
        sums: (2, C), float64, over this process' rows, of their differences to the pivot and of the squares of these.
        count: of this process' rows.
    """
    offset, square = (sums / count).unbind()
    mean, variance = pivot + offset, (square - offset**2).clamp(min=0)
    if process_count() > 1:
        rows = torch.stack([torch.ones_like(mean), mean, variance + mean**2])
        counts, mean, square = total(rows * count).unbind()
        count = float(counts[0])
        mean = mean / count
        variance = (square / count - mean**2).clamp(min=0)
    return mean, variance, count


def place(count: int, device: torch.device) -> tuple[int, int]:
    """At which of the batch's clouds this process' part of `count` begins, and how many clouds the batch has."""
    if process_count() == 1:
        return 0, count
    rank = distributed.get_rank()
    counts = torch.zeros(process_count(), dtype=torch.int64, device=device)
    counts[rank] = count
    distributed.all_reduce(counts)
    return int(counts[:rank].sum()), int(counts.sum())
