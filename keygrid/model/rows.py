"""Rows of values that a shared MLP takes without their being written out."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Rows:
    """Input of a shared MLP: R rows, each of which may have parts that are taken from other rows.

    A row's inputs are D dense values and C values mixed of k rows of a source; D, or C and k, may be 0. Because the
    first layer is linear, its product with the source is taken once a row of the source, before it is mixed, and not
    once a row of these.

    Attributes:
        dense: (R, D).
        source: (M, C).
        index: (R, k) int64, rows of the source that are mixed.
        mix: (R, k), their weights; (R, 0) where each is 1.
        before: number of the dense values that come before the source's among the inputs of the first layer.
        counts: (R,), multiplicity of each row in the statistics of batch normalisation; None is one.
        pool: runs of rows over which the output is maximised: (S + 1,) where each begins, or the number of rows of
            each; None keeps all rows.
    """

    dense: Tensor
    source: Tensor
    index: Tensor
    mix: Tensor
    before: int = 0
    counts: Tensor | None = None
    pool: Tensor | int | None = None

    def split(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return columns of the first layer's weight (width, D + C): for the dense values, and for the source's."""
        end = self.before + self.source.shape[1]
        return torch.cat([weight[:, : self.before], weight[:, end:]], dim=1), weight[:, self.before : end]
