"""A network on a surface: each block lets features spread, takes products of their gradients, and mixes both.

Nothing it sees depends on where the surface lies, or changes as it bends. Signs come from the outward normals alone,
which is what tells the left sleeve from the right one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from keygrid.data.garment import Garment
from keygrid.geometry import operators as geometry
from keygrid.model.encoders.surface.config import SurfaceConfig
from keygrid.model.encoding import Encoding
from keygrid.model.inputs import Inputs, Surface
from keygrid.model.layers import full_precision
from keygrid.model.levels import pooled_levels

Operators = Mapping[str, Tensor]

_SHORTEST, _LONGEST = 1e-4, 1.0
"""Times over which features spread at first; the surface has the area one."""
_MOST = 5.0
"""Standard deviations beyond which a feature is cut."""

# Mean and standard deviation of each feature over 600 sewn and simulated tops, weighing vertices alike.
_MEAN = (
    0.04, 0.04, 0.04, 0.03, 0.03, 0.02, 0.01, 0.0, -0.01, -0.02, -0.02, -0.02, -0.02, -0.01, -0.01, -0.01,
    0.14, 1.16, 0.42, 0.8, 0.59, 0.69, 0.8, 0.74, 0.47, 0.55, 1.05, 1.08, 2.0, 1.89,
)  # fmt: skip
_DEVIATION = (
    0.32, 0.33, 0.34, 0.35, 0.36, 0.38, 0.39, 0.4, 0.4, 0.39, 0.37, 0.33, 0.28, 0.23, 0.18, 0.15,
    0.12, 0.78, 0.19, 0.51, 0.23, 0.44, 0.27, 0.55, 0.38, 0.66, 0.35, 0.64, 0.36, 0.66,
)  # fmt: skip


def operators_of(garment: Garment, _: SurfaceConfig) -> Operators:
    """Return what the encoder has to know of a garment's surface in its only pose, as tensors by name."""
    return as_tensors(geometry.operators(garment.vertices, garment.faces))


def as_tensors(known: geometry.Operators) -> dict[str, Tensor]:
    """Return operators as tensors by name."""
    arrays = {"is_oriented": torch.tensor(known.is_oriented)} | {
        name: torch.from_numpy(getattr(known, name))
        for name in ("features", "values", "basis", "slopes", "area", "normals")
    }
    carry = known.carry.tocoo()
    for name, array in (("carry_to", carry.row), ("carry_from", carry.col)):
        arrays[name] = torch.from_numpy(array.astype(np.int64))
    arrays["carry_share"] = torch.from_numpy(carry.data.astype(np.float32))
    return arrays


class Block(nn.Module):
    """Features of V vertices to as many others.

    With g the gradients of the features after they spread, A and B learned matrices, and n the normals: the products
    g . A g, which no reflection changes, and n . (g x B g), whose sign each reflection turns.
    """

    def __init__(self, config: SurfaceConfig) -> None:
        super().__init__()
        width, self.gradients, self.steepness = config.width, config.gradients, config.steepness
        times = torch.logspace(np.log10(_SHORTEST), np.log10(_LONGEST), width)
        self.log_times = nn.Parameter(times[torch.randperm(width)].log())
        # The channels whose gradients are taken, and these times A and B: all linear, so once for each eigenvector.
        self.pick = nn.Linear(width, 3 * config.gradients, bias=False)
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Sequential(nn.Linear(2 * (width + config.gradients), width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x: Tensor, mesh: Operators) -> Tensor:
        """Return features (V, width) of features (V, width)."""
        y = self.norm(x)
        spectrum = mesh["basis"].T @ (mesh["area"][:, None] * y)  # [E, width]
        spread = torch.exp(-mesh["values"][:, None] * self.log_times.exp()) * spectrum
        slopes = (mesh["slopes"] * self.steepness) @ self.pick(spread)  # [3, V, 3 gradients]
        g, even, odd = slopes.split(self.gradients, dim=-1)
        (nx, ny, nz), (gx, gy, gz), (bx, by, bz) = mesh["normals"].T[..., None], g, odd
        # n . (g x B g), written out: as a cross product it would take half of the time of a step.
        signed = nx * (gy * bz - gz * by) + ny * (gz * bx - gx * bz) + nz * (gx * by - gy * bx)
        products = torch.tanh((g * even).sum(dim=0)), torch.tanh(signed)
        together: Tensor = self.mix(torch.cat([y, mesh["basis"] @ spread, *products], dim=-1))
        return x + together


class SurfaceEncoder(nn.Module):
    """Surfaces to features of their sampled points; see `keygrid.model.encoding.Encoder`.

    The last three channels of the point features are where on a garment of its kind a point is: its place.

    Args:
        config: the encoder's constants.
        mean: of each feature that operators have of a vertex, over garments.
        deviation: standard deviation of each.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, config: SurfaceConfig, mean: Sequence[float] = _MEAN, deviation: Sequence[float] = _DEVIATION
    ) -> None:
        super().__init__()
        self.config = config
        self.point_width = config.width + 3
        self.level_widths = [self.point_width] * len(config.centroids)
        self.summary_width = 2 * self.point_width
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("deviation", torch.tensor(deviation))
        width = config.width
        self.first = nn.Sequential(nn.Linear(len(mean), width), nn.GELU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(width)
        self.place = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 3))

    def forward(self, inputs: Inputs) -> Encoding:
        """Encode a batch of garments."""
        at_points = []
        for surface in inputs.surfaces:
            features, places = self.on_vertices(surface.operators)
            at_points.append(surface.at_points(torch.cat([features, places], dim=-1)))
        found = torch.stack(at_points)  # [B, N, C]
        levels = pooled_levels(inputs.points, found, self.config.centroids)
        return Encoding(found, levels, torch.cat([found.mean(dim=1), found.amax(dim=1)], dim=-1))

    def seen(self, surface: Surface) -> Tensor:
        """Return what is seen of a surface at its sampled points, (N, FEATURES), of standard deviation one."""
        features = (surface.operators["features"] - self.mean) / self.deviation
        return surface.at_points(_carried(features.clamp(-_MOST, _MOST), surface.operators))

    def on_vertices(self, mesh: Operators) -> tuple[Tensor, Tensor]:
        """Return features (V0, width) and places (V0, 3) of the vertices of one garment, given its operators."""
        seen = ((mesh["features"] - self.mean) / self.deviation).clamp(-_MOST, _MOST)
        if self.training and self.config.jitter:
            seen = seen + torch.randn_like(seen[:1]) * self.config.jitter
        x = self.first(seen)
        for block in self.blocks:
            x = block(x, mesh)
        x = self.norm(x)
        found = torch.cat([x, self.place(x)], dim=-1)
        with full_precision(found):
            at_vertices = _carried(found.float(), mesh)
        return at_vertices[:, :-3], at_vertices[:, -3:]


def _carried(values: Tensor, mesh: Operators) -> Tensor:
    """Return values of the vertices that operators are made of, (V, C), at those of the mesh itself, (V0, C)."""
    onto = mesh["carry_to"]
    found = values.new_zeros(int(onto.max()) + 1, values.shape[1])
    return found.index_add(0, onto, values[mesh["carry_from"]] * mesh["carry_share"][:, None])
