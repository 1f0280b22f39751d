"""What a network learns from.

The published method has two Chamfer distances and nothing else (paper, section 3.5). The other terms know which points
of two clouds are the same material, and how far apart places are along the cloth: `keygrid.training.pairs`.
"""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from keygrid.geometry import points as geometry
from keygrid.model.network import Output
from keygrid.training.pairs import Pair

LAYER = 0.05
"""How far from a point a layer of cloth may lie and still be meant, normalised; 2.5 % of the extent."""

_NEIGHBOURS = 8
"""Points about each that may be of other layers."""

_SOFTNESS = 0.03
"""How much farther than the nearest keypoint others may be and still count, over the root of the area."""

_APART = 0.3
"""Keypoints closer than this, normalised, push each other away."""


def losses(names: Collection[str], output: Output, points: Tensor, farthest: int, start: int) -> dict[str, Tensor]:
    """Published loss terms, each a mean over the batch, in squared normalised units.

    Args:
        names: which terms.
        output: what the network said of `points`.
        points: (B, N, 3), normalised.
        farthest: J, how many farthest points the keypoints should cover.
        start: index at which their sampling starts; drawn anew each step in training.

    Returns:
        `farthest`: Chamfer distance of keypoints and farthest points; `similarity`: of reconstruction and cloud.
    """
    terms = {}
    if "farthest" in names:
        targets = geometry.gather(points, geometry.farthest_points(points, farthest, start))
        terms["farthest"] = geometry.chamfer(output.keypoints, targets).mean()
    if "similarity" in names:
        terms["similarity"] = geometry.chamfer(output.reconstruction, points).mean()
    return terms


def pair_losses(output: Output, points: Tensor, pairs: Sequence[Pair], canonical: nn.Module) -> dict[str, Tensor]:
    """Loss terms of clouds of which two in a row show one garment; each a mean over pairs.

    With w the weights of a keypoint on the material of one frame, v on that of the other, and G distances along the
    cloth at rest, the expected distance of two material points that are drawn from both is w G v.

    Args:
        output: what the network said of `points`.
        points: (2 P, N, 3), normalised.
        pairs: P, of clouds 2 p and 2 p + 1.
        canonical: takes point features to positions at rest.

    Returns:
        `strict`: w G v, mean over keypoints. `tolerant`: the same, when of the material within `LAYER` of a point the
        best may be meant: no cloud tells layers apart. `coverage`: expected distance from a place on the cloth to its
        nearest keypoint. `apart`: how much closer than they should be keypoints are to their neighbours, squared.
        `canonical`: error of positions at rest, told of each point; keypoints that a network finds by its features keep
        their part once these say which part a point is.
    """
    distances, neighbours = torch.cdist(points, points).topk(min(_NEIGHBOURS, points.shape[1]), largest=False)
    terms: dict[str, list[Tensor]] = {name: [] for name in ("strict", "tolerant", "coverage")}
    for p, pair in enumerate(pairs):
        both = slice(2 * p, 2 * p + 2)
        weights = output.weights[both]  # [2, K, N]
        on_cloth = pair.on_cloth(weights)  # [2, K, A]
        expected = on_cloth @ pair.cloth.distances  # [2, K, A]: from each keypoint to each anchor
        terms["strict"].append((expected[0] * on_cloth[1]).sum(-1).mean())
        across = pair.at_points(expected.flip(0))  # [2, K, N]: to where the other frame has the keypoint
        near = _gather(across, neighbours[both])  # [2, K, N, neighbours]
        best = near.masked_fill((distances[both] > LAYER)[:, None], torch.inf).amin(-1)
        terms["tolerant"].append((weights * best).sum(-1).mean())
        nearest = (expected * (-expected / _SOFTNESS).softmax(1)).sum(1)  # [2, A]
        terms["coverage"].append((nearest @ pair.cloth.shares).mean())
    rest = torch.cat([pair.rest for pair in pairs])
    between = torch.cdist(output.keypoints, output.keypoints)
    itself = torch.eye(between.shape[-1], device=between.device, dtype=torch.bool)
    closeness = (1 - between.masked_fill(itself, torch.inf) / _APART).clamp(min=0)
    return {name: torch.stack(values).mean() for name, values in terms.items()} | {
        "apart": closeness.square().sum(-1).mean(),
        "canonical": nn.functional.smooth_l1_loss(canonical(output.features), rest, beta=0.1),
    }


def _gather(values: Tensor, index: Tensor) -> Tensor:
    """(2, K, N, M): values (2, K, N) at indices (2, N, M)."""
    flat = index.flatten(1)[:, None].expand(-1, values.shape[1], -1)
    return values.gather(2, flat).unflatten(2, index.shape[1:])
