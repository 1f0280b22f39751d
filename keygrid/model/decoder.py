"""Key-Grid's decoder: from the coarsest level back to a cloud, guided by the grid heatmap (paper, section 3.4)."""

from collections.abc import Callable, Sequence
from itertools import zip_longest

import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig
from keygrid.model.decoder_config import GridDecoderConfig
from keygrid.model.heatmap import nearest_cells
from keygrid.model.layers import SharedMLP, as_shared
from keygrid.model.levels import Levels, propagate

Heatmap = Callable[[Tensor], Tensor]
"""The heatmap as a function: positions (B, P, 3) to values (B, P)."""


class GridDecoder(nn.Module):
    """Feature propagation from level to level, which also looks up the heatmap in the nearest grid cells.

    Args:
        config: the network's configuration.
        widths: channels of the encoder's levels, fine to coarse.
    """

    def __init__(self, config: ModelConfig, widths: Sequence[int]) -> None:
        super().__init__()
        assert isinstance(config.decoder, GridDecoderConfig)
        self.grid, self.grid_position = config.heatmap.grid, config.decoder.grid_position
        self.heatmap_levels = config.decoder.heatmap_levels
        propagation = config.decoder.propagation
        channels = 4 if self.grid_position else 1
        skips = [*reversed(widths[:-1]), 0]
        below = [widths[-1], *(layers[-1] for layers in propagation[:-1])]
        self.propagation = nn.ModuleList(
            SharedMLP(skip + coarse + channels * (depth < self.heatmap_levels), layers)
            for depth, (skip, coarse, layers) in enumerate(zip(skips, below, propagation, strict=True))
        )
        self.head = nn.Sequential(SharedMLP(propagation[-1][-1], [128, 128, 128, 64, 32, 16]), nn.Linear(16, 3))

    def forward(self, levels: Levels, heatmap: Heatmap) -> Tensor:
        """Return a reconstruction (B, N, 3), normalised, from an encoder's levels and the heatmap."""
        seen = self.look_up(levels.points[-2::-1][: self.heatmap_levels], heatmap)
        coarse, *finer = reversed(levels.features)
        steps = zip_longest(self.propagation, reversed(levels.interpolations), finer, seen)
        for mlp, interpolation, fine, cells in steps:  # level 0 has no features of its own
            coarse = propagate(as_shared(mlp), interpolation, coarse, fine, cells)
        return self.head(coarse)

    def look_up(self, levels: Sequence[Tensor], heatmap: Heatmap) -> list[Tensor]:
        """Return value and position of the cell nearest to each point, (B, S, 4), or the value alone, (B, S, 1).

        Args:
            levels: points of some levels, (B, S, 3) each.
            heatmap: gives values at the cells' positions.
        """
        if not levels:
            return []
        cells = nearest_cells(torch.cat(list(levels), dim=1), self.grid)
        found = heatmap(cells)[..., None]  # only the cells that are looked up are computed
        if self.grid_position:
            found = torch.cat([found, cells], dim=-1)
        return list(found.split([points.shape[1] for points in levels], dim=1))
