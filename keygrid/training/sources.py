"""The clouds that a training sees, by what its losses need."""

from collections.abc import Iterable
from pathlib import Path

from keygrid.data.dataset import Dataset
from keygrid.model.config import ModelConfig
from keygrid.training.config import TrainingConfig
from keygrid.training.dataset import Clouds, PairedClouds, TurnedClouds
from keygrid.training.terms import Need


def clouds_for(parts: Iterable[Dataset], model: ModelConfig, training: TrainingConfig, folder: Path) -> list[Clouds]:
    """Return endless clouds of each part of the garments: one by one, pairs of frames, or pairs of turned copies.

    Args:
        parts: garments; clouds of different parts have different random numbers.
        model: configuration of the network.
        training: configuration of the training.
        folder: where clouds that are shown repeatedly are kept.
    """
    kind = Clouds
    if training.needs(Need.PAIRS):
        kind = PairedClouds
    elif training.needs(Need.TURNED):
        kind = TurnedClouds
    return [
        kind(part, model, training.augmentation, (training.seed, stream), training.pool, folder)
        for stream, part in enumerate(parts)
    ]
