"""Checkpoint and garment in, prediction out."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from keygrid.checkpoints.checkpoint import Checkpoint, fingerprint
from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation, Sample, sample
from keygrid.errors import KeygridError
from keygrid.geometry import points as geometry
from keygrid.prediction import Field, Prediction, Source

Mode = Literal["soft", "peak"]
Parts = Literal["keypoints", "skeleton", "all"]
Floats = NDArray[np.float32]


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

    def predict(self, garment: Garment, *, keypoints: Mode = "soft", drawn: Sample | None = None) -> Prediction:
        """Find a garment's keypoints, and rebuild its cloud from them.

        Args:
            garment: any surface, or a cloud of 64 points or more.
            keypoints: `soft` places a keypoint at the mean of its weights, `peak` on its heaviest point.
            drawn: the points to show to the network; drawn afresh, always the same ones, if not given.

        Raises:
            KeygridError: the garment has too few points or no size, or the network's answer is no number.
        """
        return self.predict_batch([garment], keypoints=keypoints, drawn=None if drawn is None else [drawn])[0]

    def locate(self, garment: Garment, *, keypoints: Mode = "soft", drawn: Sample | None = None) -> Prediction:
        """Find a garment's keypoints alone: `predict` without edges, strengths and reconstruction.

        Raises:
            KeygridError: as `predict` does.
        """
        shown = None if drawn is None else [drawn]
        return self.predict_batch([garment], keypoints=keypoints, drawn=shown, parts="keypoints")[0]

    def predict_batch(
        self,
        garments: Sequence[Garment],
        *,
        keypoints: Mode = "soft",
        drawn: Sequence[Sample] | None = None,
        parts: Parts = "all",
    ) -> list[Prediction]:
        """Find the keypoints of several garments, of which those with clouds of one size are shown together.

        The same garments together give the same bits. One of them alone gives the same but for rounding, because larger
        matrices may be multiplied in another order: normalised keypoints are within 1e-5, and `peak` may choose another
        one of points that weigh the same to rounding.

        Args:
            garments: as `predict` takes them; as many as memory has room for at once.
            keypoints: as of `predict`.
            drawn: the points of each garment to show to the network.
            parts: what to find. `keypoints` leaves out edges, strengths and reconstruction, and `skeleton` the
                reconstruction, whose arrays then have no rows.

        Raises:
            KeygridError: as `predict` does, of any of the garments.
        """
        drawn = drawn or [sample(garment, self.config.points) for garment in garments]
        maps = [Normalisation.fit(one.points, self.config.normalisation) for one in drawn]
        sizes: dict[int, list[int]] = {}
        for i, one in enumerate(drawn):
            sizes.setdefault(len(one.points), []).append(i)
        found = {}
        for together in sizes.values():
            clouds = np.stack([maps[i].apply(drawn[i].points) for i in together]).astype(np.float32)
            began = time.perf_counter()
            answers = self._ask(clouds, keypoints == "peak", parts)
            seconds = (time.perf_counter() - began) / len(together)
            if not all(np.isfinite(array).all() for array in answers):
                raise KeygridError(f"{self.source.path.name} has no answer for this garment: its weights are damaged.")
            for i, *answer in zip(together, *answers, strict=True):
                found[i] = self._prediction(garments[i], drawn[i], maps[i], *answer, seconds=seconds)
        return [found[i] for i in range(len(garments))]

    def _ask(self, normalised: Floats, peak: bool, parts: Parts) -> list[Floats]:
        """Keypoints, weights, strengths and reconstructions of clouds (B, N, 3), normalised."""
        clouds = torch.from_numpy(normalised).to(self.device)
        strengths, rebuilt = clouds.new_empty(len(clouds), 0), clouds.new_empty(len(clouds), 0, 3)
        with torch.inference_mode():
            if parts == "keypoints":
                weights, keypoints = self.network.locate(clouds, peak=peak)
            elif parts == "skeleton":
                weights, keypoints, strengths = self.network.skeleton(clouds, peak=peak)
            else:
                output = self.network(clouds, peak=peak)
                weights, keypoints = output.weights, output.keypoints
                strengths, rebuilt = output.strengths, output.reconstruction
        return [tensor.cpu().numpy() for tensor in (keypoints, weights, strengths, rebuilt)]

    def _prediction(
        self,
        garment: Garment,
        drawn: Sample,
        normalisation: Normalisation,
        normalised: Floats,
        weights: Floats,
        strengths: Floats,
        rebuilt: Floats,
        *,
        seconds: float,
    ) -> Prediction:
        return Prediction(
            checkpoint=self.source,
            sample=drawn,
            normalisation=normalisation,
            normalised=normalised.astype(np.float64),
            weights=weights,
            vertices=_nearest_vertices(garment.vertices, normalisation.invert(normalised)),
            edges=np.array(self.config.edges)[: len(strengths)],
            strengths=strengths.astype(np.float64),
            normalised_reconstruction=rebuilt.astype(np.float64),
            field=Field(self.config.distance, self.config.sigma_squared, self.config.grid),
            seconds=seconds,
        )

    def predict_frame(self, garment: Garment, frame: int, *, keypoints: Mode = "soft") -> Prediction:
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


def _nearest_vertices(vertices: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.int64]:
    """(K,), the vertex (V, 3) nearest to each of some positions (K, 3)."""
    queries, points = (torch.tensor(array)[None] for array in (positions, vertices))
    return geometry.nearest(queries, points)[0, :, 0].numpy()
