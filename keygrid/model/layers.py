"""The building block of encoders and decoder. Channels are last everywhere, so a layer is one matrix product."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from keygrid.model import fused
from keygrid.model.rows import Rows
from keygrid.model.synchronised import place, process_count, total


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation of rows (R, C), of all processes that train together.

    It also trains on a single row, by its running statistics.
    """

    def forward(self, rows: Tensor) -> Tensor:
        if self.training and process_count() > 1:
            return self._over_processes(rows)
        if self.training and len(rows) == 1:
            return nn.functional.batch_norm(
                rows, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        return super().forward(rows)

    def _over_processes(self, rows: Tensor) -> Tensor:
        values = rows.to(self.weight.dtype)
        sums, size = total(torch.cat([values.sum(dim=0), values.new_tensor([len(rows)])])).split([rows.shape[1], 1])
        mean = sums / size
        centred = values - mean
        variance = total(centred.square().sum(dim=0)) / size
        with torch.no_grad():
            self.track(mean, variance * size / (size - 1))
        return (centred * torch.rsqrt(variance + self.eps) * self.weight + self.bias).to(rows.dtype)

    def track(self, mean: Tensor, variance: Tensor) -> None:
        """Let running statistics follow those of a batch, the unbiased variance, as `torch.nn.BatchNorm1d` does."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)


class Dropout(nn.Dropout):
    """Dropout whose draws don't depend on the number of processes that share the batch: each draws for all of it."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        begin, size = place(len(x), x.device)
        kept = x.new_empty(size, *x.shape[1:]).bernoulli_(1 - self.p)[begin : begin + len(x)]
        return x * kept.div_(1 - self.p)


def full_precision(like: Tensor) -> torch.autocast:
    """Return a context in which positions are worked out in full, whatever the precision of matrix products."""
    return torch.autocast(like.device.type, enabled=False)


class SharedMLP(nn.Sequential):
    """Linear, batch norm, ReLU for each width, applied to every point alike: (..., inputs) -> (..., widths[-1])."""

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        layers: list[nn.Module] = []
        for width in widths:
            layers += [nn.Linear(inputs, width), BatchNorm(width), nn.ReLU(inplace=True)]
            inputs = width
        super().__init__(*layers)
        self.plan: fused.Plan | None = None

    def forward(self, x: Tensor) -> Tensor:
        dense = x.reshape(-1, x.shape[-1])
        index = torch.empty(len(dense), 0, dtype=torch.int64, device=x.device)
        rows = self.over(Rows(dense, dense.new_empty(0, 0), index, dense.new_empty(len(dense), 0)))
        return rows.reshape(*x.shape[:-1], rows.shape[-1])

    def over(self, rows: Rows) -> Tensor:
        """Run over rows, then maximise where they say so: (R, widths[-1]) or (S, widths[-1])."""
        if fused.serves(self, rows):
            return fused.run(self, rows)
        first, *rest = self.children()
        assert isinstance(first, nn.Linear)
        of_dense, of_source = rows.split(first.weight)
        x = nn.functional.linear(rows.dense, of_dense, first.bias)
        if rows.index.shape[1]:
            projected = rows.source @ of_source.T
            weights = rows.mix.to(projected.dtype) if rows.mix.shape[1] else None
            x = x + nn.functional.embedding_bag(rows.index, projected, per_sample_weights=weights, mode="sum")
        repeats = rows.counts.long() if self.training and rows.counts is not None else None
        if repeats is not None:
            x = x.repeat_interleave(repeats, dim=0)
        for layer in rest:
            x = layer(x)
        if repeats is not None:
            x = x[repeats.cumsum(0) - repeats]
        if rows.pool is None:
            return x
        if isinstance(rows.pool, int):
            return x.reshape(-1, rows.pool, x.shape[-1]).amax(dim=1)
        # Not torch.segment_reduce: of equal rows, its gradient goes to each in full where it is negative.
        sizes = rows.pool.diff()
        owner = torch.arange(len(sizes), device=x.device).repeat_interleave(sizes)[:, None].expand_as(x)
        return x.new_zeros(len(sizes), x.shape[1]).scatter_reduce(0, owner, x, "amax", include_self=False)


def as_shared(mlp: nn.Module) -> SharedMLP:
    """Return a member of a `torch.nn.ModuleList` of shared MLPs, as what it is."""
    assert isinstance(mlp, SharedMLP)
    return mlp
