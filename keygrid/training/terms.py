"""The table of loss terms: everything that a network can learn from.

The published method has two Chamfer distances and nothing else (paper, section 3.5): `farthest` and `similarity`. The
last terms of the table are those of baselines. The terms between know which points of two clouds are the same
material, and how far apart places are along the cloth (`keygrid.training.pairs`). With w the weights of a keypoint on
the material of one frame, v on that of the other, and G distances along the cloth at rest, the expected distance of
two material points that are drawn from both is w G v.

Importing this imports no torch: the command line and the window read the table.
"""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING

from keygrid.model.decoder_config import GridDecoderConfig, SkeletonDecoderConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

    from keygrid.model.network import Output
    from keygrid.training.dataset import Batch

LAYER = 0.05
"""Distance from a point within which a layer of cloth counts as its own, normalised; 2.5 % of the extent."""

_NEIGHBOURS = 8
"""Number of points around each that may belong to other layers."""

_SOFTNESS = 0.03
"""Distance beyond the nearest keypoint within which other keypoints also count, over the root of the area."""

_APART = 0.3
"""Keypoints closer than this, normalised, push each other away."""


class Need(Enum):
    """A requirement of some terms that not every training meets."""

    PAIRS = auto()
    """Clouds in pairs of which two in a row show one garment; garments must be surfaces."""
    TURNED = auto()
    """Clouds in pairs of which two in a row are one shape, turned by a known rotation."""
    TEACHER = auto()
    """Labels of points by a trained network, `Seen.labels`."""
    TEMPLATE = auto()
    """One position at rest for each keypoint, `Seen.template`."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A network's output for a batch, and what loss terms derive from it, each computed once and when needed.

    B clouds of N points, K keypoints, B / 2 pairs with A anchors each.

    Attributes:
        output: of the network, for the batch.
        batch: the clouds, and what is known of their pairs.
        farthest: J, how many farthest points the keypoints should cover.
        start: index at which their sampling starts; drawn anew each step in training.
        canonical: takes point features to positions at rest.
        template: (K, 3), positions at rest that are spread over garments alike; None where no term needs them.
        labels: (B, K, N) bool, points that belong to each keypoint by a teacher; None where no term needs them.
    """

    output: "Output"
    batch: "Batch"
    farthest: int
    start: int
    canonical: "nn.Module"
    template: "Tensor | None" = None
    labels: "Tensor | None" = None

    @cached_property
    def weights(self) -> "list[Tensor]":
        """(2, K, N) of each pair: the keypoints' weights of points."""
        return [self.output.weights[2 * p : 2 * p + 2] for p in range(len(self.batch.pairs))]

    @cached_property
    def on_cloth(self) -> "list[Tensor]":
        """(2, K, A) of each pair: the keypoints' weights of anchors."""
        return [pair.on_cloth(weights) for pair, weights in zip(self.batch.pairs, self.weights, strict=True)]

    @cached_property
    def expected(self) -> "list[Tensor]":
        """(2, K, A) of each pair: the expected distance along the cloth from each keypoint to each anchor."""
        pairs = zip(self.batch.pairs, self.on_cloth, strict=True)
        return [on_cloth @ pair.cloth.distances for pair, on_cloth in pairs]

    @cached_property
    def neighbours(self) -> "tuple[Tensor, Tensor]":
        """Distances and indices of the points nearest to each point, itself among them: (B, N, M) both."""
        import torch

        points = self.batch.points
        return torch.cdist(points, points).topk(min(_NEIGHBOURS, points.shape[1]), largest=False)


def _farthest(seen: Seen) -> "Tensor":
    from keygrid.geometry import points as geometry

    points = seen.batch.points
    targets = geometry.gather(points, geometry.farthest_points(points, seen.farthest, seen.start))
    return geometry.chamfer(seen.output.keypoints, targets).mean()


def _similarity(seen: Seen) -> "Tensor":
    from keygrid.geometry import points as geometry

    return geometry.chamfer(seen.output.reconstruction, seen.batch.points).mean()


def _strict(seen: Seen) -> "Tensor":
    pairs = zip(seen.on_cloth, seen.expected, strict=True)
    return _mean([(expected[0] * on_cloth[1]).sum(-1).mean() for on_cloth, expected in pairs])


def _tolerant(seen: Seen) -> "Tensor":
    distances, neighbours = seen.neighbours
    found = []
    for p, pair in enumerate(seen.batch.pairs):
        both = slice(2 * p, 2 * p + 2)
        across = pair.at_points(seen.expected[p].flip(0))  # [2, K, N]: to where the other frame has the keypoint
        near = _gather(across, neighbours[both])  # [2, K, N, M]
        best = near.masked_fill((distances[both] > LAYER)[:, None], math.inf).amin(-1)
        found.append((seen.weights[p] * best).sum(-1).mean())
    return _mean(found)


def _coverage(seen: Seen) -> "Tensor":
    found = []
    for pair, expected in zip(seen.batch.pairs, seen.expected, strict=True):
        nearest = (expected * (-expected / _SOFTNESS).softmax(1)).sum(1)  # [2, A]
        found.append((nearest @ pair.cloth.shares).mean())
    return _mean(found)


def _apart(seen: Seen) -> "Tensor":
    import torch

    between = torch.cdist(seen.output.keypoints, seen.output.keypoints)
    itself = torch.eye(between.shape[-1], device=between.device, dtype=torch.bool)
    closeness = (1 - between.masked_fill(itself, math.inf) / _APART).clamp(min=0)
    return closeness.square().sum(-1).mean()


def _canonical(seen: Seen) -> "Tensor":
    import torch

    rest = torch.cat([pair.rest for pair in seen.batch.pairs])
    return torch.nn.functional.smooth_l1_loss(seen.canonical(seen.output.features), rest, beta=0.1)


def _template(seen: Seen) -> "Tensor":
    import torch

    assert seen.template is not None
    rest = torch.cat([pair.rest for pair in seen.batch.pairs])  # [B, N, 3]
    away = torch.cdist(seen.template.to(rest.device).expand(len(rest), -1, -1), rest)  # [B, K, N]
    return (seen.output.weights * away).sum(-1).mean()


def _composite(seen: Seen) -> "Tensor":
    from keygrid.geometry.composite import composite_chamfer

    clouds = seen.output.segments
    assert clouds is not None
    return composite_chamfer(seen.batch.points, clouds.points, clouds.counts, seen.output.strengths).mean()


def _offsets(seen: Seen) -> "Tensor":
    assert seen.output.segments is not None
    return seen.output.segments.offsets.square().sum()


def _separation(seen: Seen) -> "Tensor":
    from keygrid.training import sc3k

    return sc3k.separation(seen.output.keypoints)


def _overlap(seen: Seen) -> "Tensor":
    from keygrid.training import sc3k

    return sc3k.overlap(seen.output.keypoints)


def _shape(seen: Seen) -> "Tensor":
    from keygrid.training import sc3k

    return sc3k.to_keypoints(seen.output.keypoints, seen.batch.points)


def _surface(seen: Seen) -> "Tensor":
    from keygrid.training import sc3k

    return sc3k.to_points(seen.output.keypoints, seen.batch.points)


def _box(seen: Seen) -> "Tensor":
    from keygrid.training import sc3k

    return sc3k.box(seen.output.keypoints, seen.batch.points)


def _turned(seen: Seen) -> "Tensor":
    from keygrid.training import sc3k

    assert seen.batch.turns is not None
    return sc3k.turned(seen.output.keypoints, seen.batch.turns)


def _pose(seen: Seen) -> "Tensor":
    from keygrid.training import sc3k

    assert seen.batch.turns is not None
    return sc3k.pose(seen.output.keypoints, seen.batch.turns)


def _segments(seen: Seen) -> "Tensor":
    from keygrid.training.student import segment_loss

    assert seen.labels is not None
    assert seen.output.logits is not None
    return segment_loss(seen.output.logits, seen.labels)


def _mean(values: "list[Tensor]") -> "Tensor":
    import torch

    return torch.stack(values).mean()


def _gather(values: "Tensor", index: "Tensor") -> "Tensor":
    """(2, K, N, M): values (2, K, N) at indices (2, N, M)."""
    flat = index.flatten(1)[:, None].expand(-1, values.shape[1], -1)
    return values.gather(2, flat).unflatten(2, index.shape[1:])


@dataclass(frozen=True)
class Term:
    """A loss term.

    Attributes:
        name: its name in files and options.
        explanation: meaning for users, a phrase without a full stop.
        of: computes it, a mean over the batch, from what was seen.
        needs: what a batch must have, or be known of the garments.
        decoder: kind of the decoder whose output the term judges; empty if it judges none.
        joins_late: whether the term is left out during the warm-up.
        ramps: whether its weight grows from 0 at the beginning.
    """

    name: str
    explanation: str
    of: "Callable[[Seen], Tensor]"
    needs: frozenset[Need] = frozenset()
    decoder: str = ""
    joins_late: bool = False
    ramps: bool = False


_PAIRS = frozenset({Need.PAIRS})
_TURNED = frozenset({Need.TURNED})

TERMS: dict[str, Term] = {
    term.name: term
    for term in (
        Term(
            "farthest",
            "Chamfer distance of keypoints and farthest points, squared and normalised, as published",
            _farthest,
        ),
        Term(
            "similarity",
            "Chamfer distance of reconstruction and cloud, squared and normalised, as published; joins after a warm-up",
            _similarity,
            decoder=GridDecoderConfig.kind,
            joins_late=True,
        ),
        Term("strict", "expected distance along the cloth of a keypoint in two frames", _strict, _PAIRS, ramps=True),
        Term(
            "tolerant",
            f"the same, measured from the best place within {LAYER / 2:.1%} of the extent around each point, because a "
            "cloud can't distinguish layers that touch",
            _tolerant,
            _PAIRS,
            ramps=True,
        ),
        Term("coverage", "expected distance along the cloth from a place to its nearest keypoint", _coverage, _PAIRS),
        Term(
            "apart", f"square of how much closer than {_APART} (normalised) keypoints are to each other", _apart, _PAIRS
        ),
        Term(
            "canonical",
            "error of the position at rest that the encoder, or an extra layer that is not saved, predicts for each "
            "point: keypoints stay on their part once the features identify it; garments should be aligned at rest",
            _canonical,
            _PAIRS,
        ),
        Term(
            "template",
            "expected distance, at rest, from each keypoint to its assigned place, one of K places spread over the "
            "garments, so that a keypoint starts at the same place on all of them",
            _template,
            _PAIRS | {Need.TEMPLATE},
        ),
        Term(
            "composite",
            "Composite Chamfer Distance between the cloud and points on segments, weighted by strength, as "
            "in Skeleton Merger",
            _composite,
            decoder=SkeletonDecoderConfig.kind,
        ),
        Term(
            "offsets",
            "sum of squared offsets of points on segments, as in Skeleton Merger",
            _offsets,
            decoder=SkeletonDecoderConfig.kind,
        ),
        Term(
            "separation",
            "inverse of the mean distance from a keypoint to the nearest other one, as in SC3K",
            _separation,
        ),
        Term(
            "overlap", "number of times that a keypoint has another within 0.05, without gradient, as in SC3K", _overlap
        ),
        Term("shape", "mean distance from a point to the nearest keypoint, as in SC3K's published code", _shape),
        Term("surface", "mean distance from a keypoint to the nearest point, as SC3K describes it", _surface),
        Term("box", "smooth L1 difference in size between the boxes around keypoints and cloud, as in SC3K", _box),
        Term(
            "turned",
            "mean squared difference between keypoints of two turned copies, turned onto each other, as in SC3K",
            _turned,
            _TURNED,
        ),
        Term(
            "pose",
            "half the angle between the rotation of two copies and that estimated from their keypoints, as in SC3K",
            _pose,
            _TURNED,
        ),
        Term(
            "segments",
            "binary cross-entropy of the points near each keypoint of a teacher, and of three times as many others, of "
            "USEEK's student",
            _segments,
            frozenset({Need.TEACHER}),
        ),
    )
}
"""All terms by name, in the order in which they are computed and shown."""


def losses(names: Collection[str], seen: Seen) -> "dict[str, Tensor]":
    """Compute the named terms, in the order of the table."""
    return {name: term.of(seen) for name, term in TERMS.items() if name in names}
