"""All that the network needs to know of where points are: one cloud at five levels, and what is near to what.

None of it depends on weights, so encoder and decoder share it, and it can be made before a training step needs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from keygrid.geometry import points as geometry
from keygrid.model.config import ModelConfig


@dataclass(frozen=True, eq=False)
class Balls:
    """The points within one radius of each centre of a level, as R rows, ball by ball.

    Attributes:
        index: (R, 1) int64, which point of the level below, all clouds of the batch in one sequence.
        offsets: (R, 3), from the centre to the point.
        counts: (R,), for how many rows of the published code's ball each stands, which repeats its first point until
            it is full; None where it is repeated here too.
        begins: (B S + 1,), where each ball begins; or how many rows each has.
    """

    index: Tensor
    offsets: Tensor
    counts: Tensor | None
    begins: Tensor | int


@dataclass(frozen=True, eq=False)
class Interpolation:
    """From a level to the next finer one: the three nearest points, by inverse squared distance.

    Attributes:
        index: (B N, 3) int64, which points of the coarser level, all clouds of the batch in one sequence.
        mix: (B N, 3), their weights, which sum to one.
    """

    index: Tensor
    mix: Tensor


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Levels of a batch of clouds, fine to coarse: level 0 is the input.

    Attributes:
        points: of each level, (B, S, 3), normalised.
        balls: of each level but the first, those of its two radii.
        interpolations: of each level but the last, from the next coarser one.
    """

    points: list[Tensor]
    balls: list[list[Balls]]
    interpolations: list[Interpolation]


def pyramid(points: Tensor, config: ModelConfig, start: int = 0) -> Pyramid:
    """The levels of clouds (B, N, 3); each level's farthest-point sampling starts at index `start`."""
    levels, balls = [points], []
    order = None
    for count, radii in zip(config.centroids, config.radii, strict=True):
        below = levels[-1]
        if order is None or start != 0:
            order = geometry.farthest_points(below, count, start)
            centres = geometry.gather(below, order)
        else:
            # These points are in the order in which they were chosen as farthest: choosing among them anew from the
            # first one chooses the same ones again.
            centres = below[:, :count] if count <= below.shape[1] else _padded(below, count)
        levels.append(centres)
        balls.append(_balls(below, centres, radii, config.neighbours))
    return Pyramid(levels, balls, [_interpolation(*pair) for pair in pairwise(levels)])


def _padded(points: Tensor, count: int) -> Tensor:
    """What farthest-point sampling gives where more are asked for than there are: the first point repeats."""
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


def _interpolation(points: Tensor, coarse: Tensor) -> Interpolation:
    neighbours, weights = geometry.interpolation(points, coarse)  # [B, N, 3]
    first = torch.arange(len(points), device=points.device)[:, None, None] * coarse.shape[1]
    return Interpolation((neighbours + first).reshape(-1, 3), weights.reshape(-1, 3))
