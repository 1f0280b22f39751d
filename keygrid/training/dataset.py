"""Clouds to train on: every one is a function of its number alone, so a resumed run sees the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from keygrid.data.augmentation import Augmentation
from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, NormalisationMode, sample

HELD_OUT_SHARE = 5
"""One garment in so many is kept for validation."""


@dataclass(frozen=True)
class Clouds:
    """Endless augmented clouds of some garments.

    Attributes:
        garments: each is drawn equally often.
        points: N, points a cloud.
        normalisation: as in the model's configuration.
        augmentation: how clouds are varied.
        seed: two sets with other seeds share no cloud.
    """

    garments: Sequence[Garment]
    points: int
    normalisation: NormalisationMode
    augmentation: Augmentation
    seed: tuple[int, ...]

    def batch(self, start: int, size: int) -> Tensor:
        """Clouds number `start` to `start + size - 1`, (size, N, 3) float32, normalised."""
        return torch.from_numpy(np.stack([self._cloud(i) for i in range(start, start + size)]))

    def _cloud(self, index: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        rng = np.random.default_rng([*self.seed, index])
        garment = self.garments[index % len(self.garments)]
        drawn = sample(garment, self.points, seed=int(rng.integers(2**32)))
        # A smaller cloud is drawn whole; its points repeat, so that all clouds of a batch are alike in size.
        points = self.augmentation(np.resize(drawn.points, (self.points, 3)), rng)
        return Normalisation.fit(points, self.normalisation).apply(points).astype(np.float32)


def split(garments: Sequence[Garment], seed: int) -> tuple[list[Garment], list[Garment]]:
    """Training and validation garments.

    With fewer than five garments both are all of them, and validation differs by its deformations only.
    """
    order = np.random.default_rng(seed).permutation(len(garments))
    held_out = len(garments) // HELD_OUT_SHARE
    if held_out == 0:
        return list(garments), list(garments)
    return [garments[i] for i in order[held_out:]], [garments[i] for i in order[:held_out]]
