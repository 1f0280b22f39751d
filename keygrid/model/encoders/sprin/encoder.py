"""SPRIN: convolutions whose kernels see of two points what no rotation about the origin changes.

The origin is the cloud's centroid, so a network with the normalisation `sphere` finds the same features however a cloud
is turned and moved. They don't change in a mirror either, so left and right look alike.
"""

import torch
from torch import Tensor, nn

from keygrid.geometry import points as geometry
from keygrid.model.encoders.sprin.config import SprinConfig
from keygrid.model.encoding import Encoding
from keygrid.model.inputs import Inputs
from keygrid.model.layers import full_precision

_INVARIANTS = 8
_LEAST = 1e-7


class Convolution(nn.Module):
    """Features of centres from those of points around them.

    A kernel of a rank gives each neighbour weights from the invariants of centre and neighbour; features times weights
    are summed over the neighbours, and mixed. The published code takes every so-many-th of the nearest points in an
    order that is random, here it is the order of distances, so that nothing is random in a prediction.

    Args:
        inputs: channels of the points.
        outputs: channels of the centres.
        rank: number of weights of each neighbour.
        hidden: width of the kernel's hidden layer.
        nearest: number of nearest points, and the step in which they are taken; None takes all points.
    """

    def __init__(
        self, inputs: int, outputs: int, rank: int, hidden: int, nearest: tuple[int, int] | None = None
    ) -> None:
        super().__init__()
        self.nearest = nearest
        self.kernel = nn.Sequential(
            nn.Linear(_INVARIANTS, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, rank)
        )
        self.mix = nn.Sequential(nn.Linear(rank * inputs, outputs), nn.LayerNorm(outputs))

    def forward(self, points: Tensor, features: Tensor, centres: Tensor) -> Tensor:
        """Return features (B, S, outputs) of centres (B, S, 3), from points (B, N, 3) and features (B, N, inputs)."""
        index = self._around(points, centres)
        with full_precision(points):
            seen = invariants(geometry.gather(points, index), centres)
        weights = self.kernel(seen)  # [B, S, k, rank]
        summed = weights.transpose(2, 3) @ geometry.gather(features, index)  # [B, S, rank, inputs]
        return self.mix(summed.flatten(2))

    def _around(self, points: Tensor, centres: Tensor) -> Tensor:
        if self.nearest is None:
            every = torch.arange(points.shape[1], device=points.device)
            return every.expand(*centres.shape[:2], -1)
        count, step = self.nearest
        return geometry.nearest(centres, points, min(count, points.shape[1]))[..., ::step]


def invariants(neighbours: Tensor, centres: Tensor) -> Tensor:
    """Return what no rotation about the origin changes of centres (B, S, 3) and neighbours (B, S, k, 3): (B, S, k, 8).

    The angle at the origin between both, over pi; the neighbour's distance from the origin; of the triangle of
    neighbour, centre and the mean of all neighbours, three lengths and three cosines.
    """
    centre, mean = centres[:, :, None], neighbours.mean(2, keepdim=True)
    sides = [mean - neighbours, neighbours - centre, (centre - mean).expand_as(neighbours)]
    lengths = [side.norm(dim=-1, keepdim=True) for side in sides]
    cosines = [
        (sides[i] * sides[j]).sum(-1, keepdim=True) / (lengths[i] * lengths[j] + _LEAST)
        for i, j in ((0, 1), (1, 2), (2, 0))
    ]
    away, reach = neighbours.norm(dim=-1, keepdim=True), centre.norm(dim=-1, keepdim=True)
    between = (neighbours * centre).sum(-1, keepdim=True) / (away * reach).clamp(min=_LEAST)
    return torch.cat([between.clamp(-1, 1).acos() / torch.pi, away, *lengths, *cosines], dim=-1)


class Shared(nn.Module):
    """Features, followed by the largest over all points of each of a few mixes of them."""

    def __init__(self, inputs: int, extra: int) -> None:
        super().__init__()
        self.mix = nn.Linear(inputs, extra)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (B, N, inputs + extra) of features (B, N, inputs)."""
        largest = self.mix(features).amax(1, keepdim=True)
        return torch.cat([features, largest.expand(-1, features.shape[1], -1)], dim=-1)


class Sprin(nn.Module):
    """Sampled points to features of points, over two coarser levels; see `keygrid.model.encoding.Encoder`."""

    def __init__(self, config: SprinConfig) -> None:
        super().__init__()
        self.config = config
        self.level_widths: list[int] = []
        self.point_width, self.summary_width = self._narrow(80), self._narrow(288)
        # Inputs, outputs, rank, hidden width and neighbours of each convolution, and what is added of all points.
        self.fine = nn.ModuleList([self._step(1, 32, 32, 80, (64, 2), 8), self._step(40, 48, 32, 80, (64, 2), 16)])
        self.to_middle = self._convolution(64, 128, 64, 100, (32, 1))
        self.middle = nn.ModuleList(
            [self._step(128, 128, 64, 140, (32, 1), 16), self._step(144, 144, 72, 180, (32, 1), 16)]
        )
        self.to_coarse = self._convolution(160, 256, 128, 240, (32, 1))
        self.coarse = nn.ModuleList([self._step(256, 256, 128, 240, None, 0), self._step(256, 256, 128, 240, None, 32)])
        self.back_to_middle = self._convolution(288, 128, 32, 128, (16, 1))
        self.middle_again = nn.ModuleList([self._step(128, 128, 64, 128, (32, 1), 32)])
        self.back_to_fine = self._convolution(160, 48, 32, 80, (32, 1))
        self.fine_again = nn.ModuleList(
            [self._step(48, 48, 32, 80, (48, 2), 16), self._step(64, 64, 32, 80, (96, 3), 16)]
        )

    def forward(self, inputs: Inputs) -> Encoding:
        """Encode a batch of clouds."""
        fine = inputs.points
        middle, coarse = (
            geometry.gather(fine, geometry.farthest_points(fine, count)) for count in self.config.centroids
        )
        x = _through(self.fine, fine, torch.ones_like(fine[..., :1]))
        x = _through(self.middle, middle, torch.relu(self.to_middle(fine, x, middle)))
        x = _through(self.coarse, coarse, torch.relu(self.to_coarse(middle, x, coarse)))
        summary = x.amax(1)
        x = _through(self.middle_again, middle, self.back_to_middle(coarse, x, middle))
        x = _through(self.fine_again, fine, self.back_to_fine(middle, x, fine))
        return Encoding(x, None, summary)

    def _narrow(self, width: int) -> int:
        return width if width == 1 else width // self.config.narrowing

    def _convolution(
        self, inputs: int, outputs: int, rank: int, hidden: int, nearest: tuple[int, int] | None
    ) -> Convolution:
        narrow = self._narrow
        return Convolution(narrow(inputs), narrow(outputs), narrow(rank), narrow(hidden), nearest)

    def _step(
        self, inputs: int, outputs: int, rank: int, hidden: int, nearest: tuple[int, int] | None, extra: int
    ) -> nn.ModuleList:
        shared = Shared(self._narrow(outputs), self._narrow(extra)) if extra else nn.Identity()
        return nn.ModuleList([self._convolution(inputs, outputs, rank, hidden, nearest), shared])


def _through(steps: nn.ModuleList, points: Tensor, features: Tensor) -> Tensor:
    """Return features after some convolutions on one level."""
    for step in steps:
        assert isinstance(step, nn.ModuleList)
        convolution, shared = step
        features = shared(torch.relu(convolution(points, features, points)))
    return features
