"""From the coarsest level back to a cloud, by what the skeleton says of each place (paper, section 3.4)."""

from collections.abc import Callable
from itertools import zip_longest

import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig
from keygrid.model.encoder import propagate
from keygrid.model.heatmap import nearest_cells
from keygrid.model.layers import SharedMLP
from keygrid.model.pyramid import Pyramid

Field = Callable[[Tensor], Tensor]
"""The heatmap as a function: positions (B, P, 3) to values (B, P)."""


class Decoder(nn.Module):
    """Mirrors the encoder's feature propagation; its levels also look up the heatmap in their nearest grid cell."""

    def __init__(self, config: ModelConfig, encoder_widths: list[int]) -> None:
        super().__init__()
        self.grid, self.grid_position = config.grid, config.grid_position
        self.heatmap_levels = config.heatmap_levels
        channels = 4 if config.grid_position else 1
        skips = [*reversed(encoder_widths[:-1]), 0]
        below = [encoder_widths[-1], *(widths[-1] for widths in config.propagation[:-1])]
        self.propagation = nn.ModuleList(
            SharedMLP(skip + coarse + channels * (depth < config.heatmap_levels), widths)
            for depth, (skip, coarse, widths) in enumerate(zip(skips, below, config.propagation, strict=True))
        )
        self.head = nn.Sequential(SharedMLP(config.propagation[-1][-1], [128, 128, 128, 64, 32, 16]), nn.Linear(16, 3))

    def forward(self, pyramid: Pyramid, levels: list[Tensor], field: Field) -> Tensor:
        """The encoder's features of levels 1 to 4 and the heatmap `field` to a reconstruction (B, N, 3), normalised."""
        looked_up = self._look_up(pyramid.points[-2::-1][: self.heatmap_levels], field)
        coarse, *finer = reversed(levels)
        steps = zip_longest(self.propagation, reversed(pyramid.interpolations), finer, looked_up)
        for mlp, interpolation, fine, found in steps:  # level 0 has no features of its own
            coarse = propagate(mlp, interpolation, coarse, fine, found)
        return self.head(coarse)

    def _look_up(self, levels: list[Tensor], field: Field) -> list[Tensor]:
        """Of each level's points, (B, S, 4) value and position of the nearest cells, or (B, S, 1) the value alone."""
        if not levels:
            return []
        cells = nearest_cells(torch.cat(levels, dim=1), self.grid)
        found = field(cells)[..., None]  # only the cells that are looked at are ever computed
        if self.grid_position:
            found = torch.cat([found, cells], dim=-1)
        return list(found.split([points.shape[1] for points in levels], dim=1))
