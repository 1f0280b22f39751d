"""Measures of a network that learns, on motions of garments that were kept back."""

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
"""Number of a motion's frames that are looked at, evenly spaced."""

_READ = 16
"""Number of garments that are read to find some that move."""


@torch.no_grad()
def follow(
    network: KeyGrid, garment: Garment, frames: Iterable[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keypoints (T, K, 3), file units, and strengths (T, E) in some frames; in each the same points are shown.

    Raises:
        KeygridError: no points can be drawn on the garment.
    """
    drawn = sample(garment, network.config.points, by_shape=True)
    posed = (garment if garment.frames is None else garment.still(frame) for frame in frames)
    was_training = network.training
    network.eval()
    keypoints, strengths = [], []
    for still in posed:
        # One at a time, as in prediction: a frame's keypoints don't depend on which others are asked for.
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
        garment: with these frames alone.
        material: of it.
    """

    garment: Garment
    material: Material


def motions(garments: Iterable[Garment], most: int) -> list[Motion]:
    """Return up to `most` of the garments that move; none where the first few don't."""
    moving = (g for g in islice(garments, _READ + most) if g.frames is not None and not g.is_cloud)
    return [Motion(_thinned(garment), Material.of(garment)) for garment in islice(moving, most)]


def _thinned(garment: Garment) -> Garment:
    assert garment.frames is not None
    chosen = np.linspace(0, garment.frame_count - 1, min(_FRAMES, garment.frame_count)).round().astype(int)
    return replace(garment, frames=garment.frames[chosen])


def correspondence(network: KeyGrid, shown: Sequence[Motion]) -> Measures:
    """Measure a network's keypoints on motions, in the mean over them."""
    found = []
    for motion in shown:
        keypoints, _ = follow(network, motion.garment, range(motion.garment.frame_count))
        found.append(measure(Track(keypoints, motion.garment, motion.material)))
    return mean(found)
