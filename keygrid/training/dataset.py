"""Clouds to train on: every one is a function of its number alone, so a resumed run sees the same ones."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from keygrid.data.augmentation import Augmentation
from keygrid.data.dataset import Dataset
from keygrid.data.sampling import Normalisation, NormalisationMode


@dataclass(frozen=True)
class Clouds:
    """Endless augmented clouds of some garments.

    Attributes:
        garments: each is drawn equally often, however many frames it has.
        points: N, points a cloud.
        normalisation: as in the model's configuration.
        augmentation: how clouds are varied.
        seed: two sets with other seeds share no cloud.
    """

    garments: Dataset
    points: int
    normalisation: NormalisationMode
    augmentation: Augmentation
    seed: tuple[int, ...]

    def batch(self, numbers: Iterable[int]) -> Tensor:
        """The clouds of these numbers, (B, N, 3) float32, normalised.

        Raises:
            KeygridError: none of the garments can be used.
        """
        return torch.from_numpy(np.stack([self._cloud(number) for number in numbers]))

    def shuffled(self, epoch: int, size: int) -> list[int]:
        """The numbers of a pass' clouds, each once, in an order that mixes garments: a function of seed and pass."""
        order = np.random.default_rng([*self.seed, epoch, size]).permutation(size)
        return (epoch * size + order).tolist()

    def _cloud(self, index: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        rng = np.random.default_rng([*self.seed, index])
        drawn = self.garments.draw(index, self.points, seed=int(rng.integers(2**32)))
        # A smaller cloud is drawn whole; its points repeat, so that all clouds of a batch are alike in size.
        points = self.augmentation(np.resize(drawn, (self.points, 3)), rng)
        return Normalisation.fit(points, self.normalisation).apply(points).astype(np.float32)
