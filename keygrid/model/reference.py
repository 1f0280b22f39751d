"""The network as it is published, step by step: the readable truth beside the shorter ways that `network` takes.

Every ball has all of its rows, repeated ones included, and each layer is a convolution over all of them; every distance
is computed and sorted; the heatmap is evaluated in every cell of the grid. It shares its weights with a `KeyGrid`,
carries gradients and updates running statistics, so that the two can be compared in everything that they do.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from keygrid.geometry import reference
from keygrid.geometry.points import gather, squared_distance_to_segments
from keygrid.model.config import HeatmapConfig
from keygrid.model.decoder import GridDecoder
from keygrid.model.encoders.pointnet.encoder import PointNet, SetAbstraction
from keygrid.model.heatmap import grid_cells
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid, Output
from keygrid.model.weights import PointWeights


class Level(NamedTuple):
    """A cloud and the encoder's features at its points; level 0 is the input, the last level the coarsest.

    Attributes:
        points: (B, S, 3), normalised.
        features: (B, S, C); at level 0 the points themselves.
    """

    points: Tensor
    features: Tensor


def forward(network: KeyGrid, inputs: Inputs, *, peak: bool = False) -> Output:
    """Return what `network(inputs)` returns, computed as the published code computes it; with a PointNet++."""
    assert isinstance(network.encoder, PointNet)
    assert isinstance(network.decoder, GridDecoder)
    points, constants = inputs.points, network.config.heatmap
    levels, features = _encode(network.encoder, points)
    weights = _weigh(network.point_weights, features)
    keypoints = gather(points, weights.argmax(dim=-1)) if peak else weights @ points
    strengths = network.strength(levels[-1].features.amax(dim=1))
    starts, ends = keypoints[:, network.edges[0]], keypoints[:, network.edges[1]]
    cells = grid_cells(constants.grid, points).expand(len(points), -1, -1)
    values = _heatmap(cells, starts, ends, strengths, constants)  # [B, G]
    return Output(weights, keypoints, strengths, _decode(network.decoder, levels, cells, values), features)


def _encode(encoder: PointNet, points: Tensor) -> tuple[list[Level], Tensor]:
    config = encoder.config
    levels = [Level(points, points)]
    for depth, abstraction in enumerate(encoder.abstraction):
        assert isinstance(abstraction, SetAbstraction)
        balls = list(zip(config.radii[depth], config.neighbours, abstraction.scales, strict=True))
        levels.append(_abstract(levels[-1], config.centroids[depth], balls))
    coarse = levels[-1]
    for fine, mlp in zip(reversed(levels[:-1]), encoder.propagation, strict=True):
        features = _interpolate(fine.points, coarse)
        if fine is not levels[0]:
            features = torch.cat([fine.features, features], dim=-1)
        coarse = Level(fine.points, _shared(mlp, features))
    return levels, coarse.features


def _weigh(weights: PointWeights, features: Tensor) -> Tensor:
    logits = weights.last(weights.dropout(_shared(weights.hidden, features)))
    if weights.mix is not None:
        logits = weights.mix(logits.log_softmax(dim=-1))
    return logits.transpose(1, 2).softmax(dim=-1)


def _abstract(level: Level, count: int, balls: list[tuple[float, int, nn.Module]]) -> Level:
    centres = gather(level.points, reference.farthest_points(level.points, count, start=0))
    features = []
    for radius, neighbours, mlp in balls:
        ball = reference.ball_query(level.points, centres, radius, neighbours)
        around = gather(level.points, ball) - centres[:, :, None]
        rows = torch.cat([gather(level.features, ball), around], dim=-1)  # [B, S, neighbours, C + 3]
        features.append(_shared(mlp, rows).amax(dim=2))
    return Level(centres, torch.cat(features, dim=-1))


def _interpolate(points: Tensor, coarse: Level) -> Tensor:
    neighbours = reference.nearest(points, coarse.points, count=3)  # [B, N, 3]
    squared = (points[:, :, None] - gather(coarse.points, neighbours)).square().sum(-1)
    weights = 1 / (squared + 1e-8)
    weights = weights / weights.sum(-1, keepdim=True)
    return (weights[..., None] * gather(coarse.features, neighbours)).sum(dim=2)


def _decode(decoder: GridDecoder, levels: list[Level], cells: Tensor, values: Tensor) -> Tensor:
    coarse = levels[-1]
    for depth, (fine, mlp) in enumerate(zip(reversed(levels[:-1]), decoder.propagation, strict=True)):
        features = [_interpolate(fine.points, coarse)]
        if fine is not levels[0]:
            features.insert(0, fine.features)
        if depth < decoder.heatmap_levels:
            nearest = reference.nearest(fine.points, cells, count=1).squeeze(-1)
            features.append(gather(values[..., None], nearest))
            if decoder.grid_position:
                features.append(gather(cells, nearest))
        coarse = Level(fine.points, _shared(mlp, torch.cat(features, dim=-1)))
    hidden, linear = decoder.head.children()
    return linear(_shared(hidden, coarse.features))


def _heatmap(positions: Tensor, starts: Tensor, ends: Tensor, strengths: Tensor, config: HeatmapConfig) -> Tensor:
    squared = squared_distance_to_segments(positions, starts, ends)  # [B, G, E]
    sign = -1 if config.distance == "nearest" else 1
    return (strengths[:, None] * torch.exp(sign * squared / config.sigma_squared)).amax(dim=-1)


def _shared(mlp: nn.Module, x: Tensor) -> Tensor:
    """A shared MLP as convolutions of one point or neighbour, channels first: (B, ..., C) to (B, ..., widths[-1])."""
    x = x.movedim(-1, 1)
    convolve = nn.functional.conv2d if x.ndim == 4 else nn.functional.conv1d
    for layer in mlp.children():
        if isinstance(layer, nn.Linear):
            x = convolve(x, layer.weight.reshape(*layer.weight.shape, *[1] * (x.ndim - 2)), layer.bias)
        elif isinstance(layer, nn.BatchNorm1d):
            x = nn.functional.batch_norm(
                x, layer.running_mean, layer.running_var, layer.weight, layer.bias,
                training=layer.training, momentum=layer.momentum or 0.0, eps=layer.eps,
            )  # fmt: skip
        else:
            x = nn.functional.relu(x)
    return x.movedim(1, -1)
