"""Positions of points, and nothing that depends on weights: clouds at five levels, and the neighbours of each point."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from keygrid.geometry import points as geometry
from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.levels import Interpolation, interpolations


@dataclass(frozen=True, eq=False)
class Balls:
    """The points within one radius of each centre of a level, as R rows, ball by ball.

    Attributes:
        index: (R, 1) int64, index of the point in the level below, all clouds of the batch in one sequence.
        offsets: (R, 3), from the centre to the point.
        counts: (R,), number of rows of the published code's ball for which each stands: that repeats its first point
            until it is full; None where it is repeated here too.
        begins: (B S + 1,), row at which each ball begins; or the number of rows of each.
    """

    index: Tensor
    offsets: Tensor
    counts: Tensor | None
    begins: Tensor | int


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Levels of a batch of clouds, fine to coarse: level 0 is the input.

    Attributes:
        points: of each level, (B, S, 3), normalised.
        balls: of each level but the first, those of its two radii.
        interpolations: to each level but the last, from the next coarser one.
    """

    points: list[Tensor]
    balls: list[list[Balls]]
    interpolations: list[Interpolation]


def pyramid(points: Tensor, config: PointNetConfig) -> Pyramid:
    """Return the levels of clouds (B, N, 3)."""
    levels, balls = [points], []
    for count, radii in zip(config.centroids, config.radii, strict=True):
        below = levels[-1]
        if below is points:
            centres = geometry.gather(below, geometry.farthest_points(below, count))
        else:
            # These points are in the order in which they were chosen as farthest: choosing among them anew from the
            # first one chooses the same ones again.
            centres = below[:, :count] if count <= below.shape[1] else _padded(below, count)
        levels.append(centres)
        balls.append(_balls(below, centres, radii, config.neighbours))
    return Pyramid(levels, balls, interpolations(levels))


def _padded(points: Tensor, count: int) -> Tensor:
    """Return `count` points as farthest-point sampling gives more than there are: the first one repeats."""
    return torch.cat([points, points[:, :1].expand(-1, count - points.shape[1], -1)], dim=1)


def _balls(points: Tensor, centres: Tensor, radii: Sequence[float], counts: Sequence[int]) -> list[Balls]:
    found = geometry.ball_queries(points, centres, radii, counts)
    if points.device.type == "cpu":
        return [Balls(*geometry.without_repetition(ball, points, centres)) for ball in found]
    first = torch.arange(len(points), device=points.device)[:, None, None] * points.shape[1]
    return [
        Balls(
            (ball + first).reshape(-1, 1),
            (geometry.gather(points, ball) - centres[:, :, None]).reshape(-1, 3),
            None,
            ball.shape[-1],
        )
        for ball in found
    ]
