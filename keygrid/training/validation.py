"""What a network that learns does with garments that were kept back: do keypoints keep their part as these move?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, sample
from keygrid.evaluation.material import Material
from keygrid.evaluation.metrics import Measures, Track, mean, measure
from keygrid.model.network import KeyGrid

_FRAMES = 6
"""Of a motion that are looked at, evenly spaced."""

_READ = 16
"""Garments that are read to find such as move."""


@torch.no_grad()
def follow(
    network: KeyGrid, garment: Garment, frames: Iterable[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keypoints (T, K, 3), file units, and strengths (T, E) in some frames; in each the same points are shown.

    Raises:
        KeygridError: no points can be drawn on the garment.
    """
    drawn = sample(garment, network.config.points)
    positions = [drawn.on(garment.vertices_in(frame), garment.faces) for frame in frames]
    maps = [Normalisation.fit(points, network.config.normalisation) for points in positions]
    clouds = [one.apply(points).astype(np.float32) for one, points in zip(maps, positions, strict=True)]
    was_training = network.training
    # One at a time, as in prediction: a frame's keypoints don't depend on which others are asked for.
    found = [network.eval().skeleton(_on_device(cloud, network)) for cloud in clouds]
    network.train(was_training)
    keypoints = [one.invert(k[0].cpu().numpy()) for one, (_, k, _) in zip(maps, found, strict=True)]
    return np.stack(keypoints), np.concatenate([s.cpu().numpy() for _, _, s in found]).astype(np.float64)


def _on_device(cloud: NDArray[np.float32], network: KeyGrid) -> Tensor:
    return torch.from_numpy(cloud)[None].to(network.edges.device)


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
    """Up to so many of the garments that move; none where the first few don't."""
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
