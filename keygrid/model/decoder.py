"""From the coarsest level back to a cloud, by what the skeleton says of each place (paper, section 3.4)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from keygrid.model.config import ModelConfig
from keygrid.model.encoder import Level, interpolate
from keygrid.model.heatmap import nearest_cells
from keygrid.model.layers import SharedMLP

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

    def forward(self, levels: list[Level], field: Field) -> Tensor:
        """The encoder's `levels` and the heatmap `field` to a reconstruction (B, N, 3), normalised."""
        coarse = levels[-1]
        for depth, (fine, mlp) in enumerate(zip(reversed(levels[:-1]), self.propagation, strict=True)):
            features = [interpolate(fine.points, coarse)]
            if fine is not levels[0]:
                features.insert(0, fine.features)
            if depth < self.heatmap_levels:
                features.append(self._look_up(fine.points, field))
            coarse = Level(fine.points, mlp(torch.cat(features, dim=-1)))
        return self.head(coarse.features)

    def _look_up(self, points: Tensor, field: Field) -> Tensor:
        """(B, N, 4) value and position of the cells nearest to `points`, or (B, N, 1) the value alone."""
        cells = nearest_cells(points, self.grid)
        value = field(cells)[..., None]  # only the cells that are looked at are ever computed
        return torch.cat([value, cells], dim=-1) if self.grid_position else value
