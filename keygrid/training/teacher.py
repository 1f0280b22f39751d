"""A trained network that labels clouds, from which a student learns which points belong to a keypoint (USEEK).

Xue et al., USEEK: Unsupervised SE(3)-Equivariant 3D Keypoints for Generalizable Manipulation (ICRA 2023,
arXiv 2209.13864).
"""

from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.errors import KeygridError
from keygrid.files import fingerprint
from keygrid.methods.registry import checkpoint_path
from keygrid.model.config import ModelConfig
from keygrid.model.preparation import inputs_of_clouds
from keygrid.training.config import TrainingConfig

REACH = 0.10
"""Distance from a keypoint below which points are labelled; 0 is the distance of the nearest, 1 of the farthest one."""

STRETCH = 1.2
"""Factor by which keypoints are moved away from the centroid before points are labelled, as in the published code."""


class Teacher:
    """A checkpoint that labels clouds.

    Args:
        path: the checkpoint's file.
        keypoints: K of the student.
        device: the student's device.

    Raises:
        KeygridError: the file can't be read as a checkpoint, sees surfaces, or has another number of keypoints.
    """

    def __init__(self, path: Path, keypoints: int, device: torch.device) -> None:
        checkpoint = Checkpoint.load(path)
        if checkpoint.config.keypoints != keypoints:
            raise KeygridError(
                f"The teacher {path.name} has {checkpoint.config.keypoints} keypoints, but the student "
                f"{keypoints}; make them agree with --keypoints."
            )
        if checkpoint.config.encoder.needs_surface:
            raise KeygridError(f"The teacher {path.name} reads surfaces; choose a checkpoint for clouds.")
        self.fingerprint = fingerprint(path)
        self._network = checkpoint.network().to(device)

    @classmethod
    def of(cls, training: TrainingConfig, model: ModelConfig, device: torch.device) -> Self:
        """Return a training's teacher.

        Raises:
            KeygridError: the training names none, or as the constructor.
        """
        if not training.teacher:
            raise KeygridError("A student learns from a trained checkpoint for clouds; name one with --teacher.")
        return cls(checkpoint_path(training.teacher), model.keypoints, device)

    @torch.no_grad()
    def label(self, points: Tensor) -> Tensor:
        """Return which points (B, N, 3), normalised about their centroid, belong to each keypoint: (B, K, N) bool."""
        inputs, maps = inputs_of_clouds(list(points.double().cpu().numpy()), self._network.config)
        found = self._network.locate(inputs.to(points.device)).keypoints.cpu().numpy()
        placed = np.stack([applied.invert(one) for applied, one in zip(maps, found, strict=True)])
        distances = torch.cdist(torch.from_numpy(placed * STRETCH).to(points), points)
        least, most = distances.amin(-1, keepdim=True), distances.amax(-1, keepdim=True)
        return (distances - least) / (most - least) < REACH
