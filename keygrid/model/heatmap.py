"""The grid heatmap: nearness of each position to the skeleton (paper, section 3.3), as tensors that carry gradients.

`keygrid.prediction.heatmap` evaluates the same in NumPy where no gradient is needed.
"""

import numpy as np
import torch
from torch import Tensor

from keygrid.geometry import points as geometry
from keygrid.geometry import segments
from keygrid.model.config import HeatmapConfig


def heatmap(positions: Tensor, starts: Tensor, ends: Tensor, strengths: Tensor, config: HeatmapConfig) -> Tensor:
    """Return H(p) = max over segments of s exp(-d(p)^2 / sigma^2), or with +, as the paper has it for the farthest.

    Args:
        positions: (B, P, 3), normalised.
        starts: (B, E, 3), starting positions of the segments.
        ends: (B, E, 3), end positions of the segments.
        strengths: (B, E), in (0, 1).
        config: gives the sign and sigma^2.

    Returns:
        (B, P).
    """
    sign = -1 if config.distance == "nearest" else 1
    strongest = _strongest(positions, starts, ends, strengths, sign / config.sigma_squared)  # [B, P]
    # Only the strongest segment has a part in the value and in its gradient.
    squared = geometry.squared_distance_to_segments(
        positions.reshape(-1, 1, 3),
        geometry.gather(starts, strongest).reshape(-1, 1, 3),
        geometry.gather(ends, strongest).reshape(-1, 1, 3),
    )
    return strengths.gather(1, strongest) * torch.exp(sign * squared.reshape(strongest.shape) / config.sigma_squared)


@torch.no_grad()
def _strongest(positions: Tensor, starts: Tensor, ends: Tensor, strengths: Tensor, factor: float) -> Tensor:
    """Return the index of the segment with the largest s exp(factor d^2) at each position, (B, P)."""
    logarithms = strengths.log()
    if positions.device.type == "cpu":
        clouds = (tensor.detach().numpy() for tensor in (positions, starts, ends, logarithms))
        found = [segments.strongest(p, s, e, log, factor)[1] for p, s, e, log in zip(*clouds, strict=True)]
        return torch.from_numpy(np.stack(found))
    squared = geometry.squared_distance_to_segments(positions, starts, ends)  # [B, P, E]
    return (logarithms[:, None] + factor * squared).argmax(dim=-1)


def grid_cells(shape: tuple[int, int, int], like: Tensor) -> Tensor:
    """Return positions (G, 3) of the decoder's grid on [-1, 1]^3, z fastest, in the device and dtype of `like`."""
    axes = [torch.linspace(-1, 1, cells, dtype=like.dtype, device=like.device) for cells in shape]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).reshape(-1, 3)


def nearest_cells(points: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Return the position of the grid cell nearest to each point, (B, N, 3), by rounding, as the grid is regular."""
    steps = torch.tensor(shape, dtype=points.dtype, device=points.device) - 1
    index = ((points + 1) / 2 * steps).round().clamp(torch.zeros_like(steps), steps)
    return index / steps * 2 - 1
