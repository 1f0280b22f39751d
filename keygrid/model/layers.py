"""The building block of encoder and decoder. Channels are last everywhere, so a layer is one matrix product."""

from collections.abc import Sequence

from torch import Tensor, nn


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation of rows (R, C) which also trains on a single row, by its running statistics."""

    def forward(self, rows: Tensor) -> Tensor:
        if self.training and len(rows) == 1:
            return nn.functional.batch_norm(
                rows, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        return super().forward(rows)


class SharedMLP(nn.Sequential):
    """Linear, batch norm, ReLU for each width, applied to every point alike: (..., inputs) -> (..., widths[-1])."""

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        layers: list[nn.Module] = []
        for width in widths:
            layers += [nn.Linear(inputs, width), BatchNorm(width), nn.ReLU(inplace=True)]
            inputs = width
        super().__init__(*layers)

    def forward(self, x: Tensor) -> Tensor:
        # Rows throughout: an in-place ReLU on a reshaped view would copy in the backward pass.
        rows: Tensor = super().forward(x.reshape(-1, x.shape[-1]))  # type: ignore[no-untyped-call]
        return rows.reshape(*x.shape[:-1], rows.shape[-1])
