"""Measurements of a network in training, on motions of validation garments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.sampling import sample
from keygrid.evaluation.material import Material
from keygrid.evaluation.metrics import Measures, Track, mean, measure
from keygrid.model.network import KeyGrid
from keygrid.model.preparation import inputs_of

_FRAMES = 6
"""Number of evenly spaced frames of a motion that are measured."""

_READ = 16
"""Number of garments that are read to find some that move."""


@torch.no_grad()
def follow(
    network: KeyGrid, garment: Garment, frames: Iterable[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return keypoints (T, K, 3), file units, and strengths (T, E) in some frames, from the same points in each.

    Raises:
        KeygridError: no points can be drawn on the garment.
    """
    drawn = sample(garment, network.config.points, by_shape=True)
    posed = (garment if garment.frames is None else garment.still(frame) for frame in frames)
    was_training = network.training
    network.eval()
    keypoints, strengths = [], []
    for still in posed:
        # One at a time, as in prediction, so that a frame's keypoints don't depend on the other frames.
        shown = replace(drawn, points=drawn.on(still.vertices, still.faces))
        inputs, (applied,) = inputs_of([still], [shown], network.config)
        output = network(inputs.to(network.device), rebuild=False)
        found, strength = output.keypoints, output.strengths
        keypoints.append(applied.invert(found[0].cpu().numpy()))
        strengths.append(strength[0].cpu().numpy())
    network.train(was_training)
    return np.stack(keypoints), np.stack(strengths).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Motion:
    """A few frames of a surface that moves, and its material.

    Attributes:
        garment: garment with only these frames.
        material: material of the garment.
    """

    garment: Garment
    material: Material


def motions(garments: Iterable[Garment], most: int) -> list[Motion]:
    """Return up to `most` of the garments that move; none if the first few don't move."""
    moving = (g for g in islice(garments, _READ + most) if g.frames is not None and not g.is_cloud)
    return [Motion(_thinned(garment), Material.of(garment)) for garment in islice(moving, most)]


def _thinned(garment: Garment) -> Garment:
    assert garment.frames is not None
    chosen = np.linspace(0, garment.frame_count - 1, min(_FRAMES, garment.frame_count)).round().astype(int)
    return replace(garment, frames=garment.frames[chosen])


def correspondence(network: KeyGrid, shown: Sequence[Motion]) -> Measures:
    """Return measures of a network's keypoints, averaged over motions."""
    found = []
    for motion in shown:
        keypoints, _ = follow(network, motion.garment, range(motion.garment.frame_count))
        found.append(measure(Track(keypoints, motion.garment, motion.material)))
    return mean(found)
