"""Checkpoint and garment in, prediction out."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from scipy.spatial import cKDTree

from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, Sample, sample
from keygrid.errors import KeygridError
from keygrid.prediction import Field, Prediction, Source
from keygrid.training.checkpoint import Checkpoint, fingerprint


class Predictor:
    """A checkpoint, ready to predict. Nothing in it is random: the same garment gives the same keypoints.

    Args:
        path: the checkpoint's file.
        device: as PyTorch names it.

    Raises:
        KeygridError: the file can't be read as a checkpoint, or the device is not there.
    """

    def __init__(self, path: Path, device: str = "cpu") -> None:
        checkpoint = Checkpoint.load(path)
        self.config = checkpoint.config
        self.source = Source(path, fingerprint(path), checkpoint.category)
        try:
            self.device = torch.device(device)
            self.network = checkpoint.network().to(self.device)
        except (RuntimeError, AssertionError) as error:
            raise KeygridError(f"The device {device!r} can't be used here; choose cpu.") from error

    def predict(
        self, garment: Garment, *, keypoints: Literal["soft", "peak"] = "soft", drawn: Sample | None = None
    ) -> Prediction:
        """Find a garment's keypoints.

        Args:
            garment: any surface, or a cloud of 64 points or more.
            keypoints: `soft` places a keypoint at the mean of its weights, `peak` on its heaviest point.
            drawn: the points to show to the network; drawn afresh, always the same ones, if not given.

        Raises:
            KeygridError: the garment has too few points or no size, or the network's answer is no number.
        """
        drawn = drawn or sample(garment, self.config.points)
        normalisation = Normalisation.fit(drawn.points, self.config.normalisation)
        points = torch.from_numpy(normalisation.apply(drawn.points)).float().to(self.device)
        began = time.perf_counter()
        with torch.inference_mode():
            output = self.network(points[None], peak=keypoints == "peak")
        normalised, weights, strengths, reconstruction = (
            tensor[0].cpu().numpy()
            for tensor in (output.keypoints, output.weights, output.strengths, output.reconstruction)
        )
        seconds = time.perf_counter() - began
        if not all(np.isfinite(array).all() for array in (normalised, weights, strengths, reconstruction)):
            raise KeygridError(f"{self.source.path.name} has no answer for this garment: its weights are damaged.")
        return Prediction(
            checkpoint=self.source,
            sample=drawn,
            normalisation=normalisation,
            normalised=normalised.astype(np.float64),
            weights=weights,
            vertices=np.asarray(cKDTree(garment.vertices).query(normalisation.invert(normalised))[1], dtype=np.int64),
            edges=np.array(self.config.edges),
            strengths=strengths.astype(np.float64),
            normalised_reconstruction=reconstruction.astype(np.float64),
            field=Field(self.config.distance, self.config.sigma_squared, self.config.grid),
            seconds=seconds,
        )

    def predict_frame(self, garment: Garment, frame: int, *, keypoints: Literal["soft", "peak"] = "soft") -> Prediction:
        """Find a moving garment's keypoints in one of its frames, counted from zero.

        The network sees the same points of the material in every frame, drawn on the shape at rest, so keypoints move
        because the garment does and not because other points were drawn.

        Raises:
            KeygridError: as `predict` does.
        """
        still = garment.still(frame)
        drawn = sample(garment, self.config.points)
        moved = replace(drawn, points=drawn.on(still.vertices, still.faces))
        return self.predict(still, keypoints=keypoints, drawn=moved)
