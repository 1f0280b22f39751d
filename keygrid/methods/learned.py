"""Methods that a network learnt: a checkpoint and garments in, predictions out."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from keygrid.checkpoints.checkpoint import Checkpoint, fingerprint
from keygrid.data.garment import Garment
from keygrid.data.sampling import Drawing, Normalisation, Sample, posed
from keygrid.errors import KeygridError
from keygrid.geometry import points as geometry
from keygrid.methods.method import Features, Mode, Parts
from keygrid.model.config import HeatmapConfig
from keygrid.model.pyramid import pyramid
from keygrid.prediction import Explanation, MethodId, Prediction

Floats = NDArray[np.float32]


class LearnedMethod:
    """A checkpoint, ready to find keypoints.

    Args:
        path: the checkpoint's file.
        device: as PyTorch names it.

    Raises:
        KeygridError: the file can't be read as a checkpoint, or the device is not there.
    """

    needs_surface = False

    def __init__(self, path: Path, device: str = "cpu") -> None:
        checkpoint = Checkpoint.load(path)
        self.config = checkpoint.config
        self.keypoints = self.config.keypoints
        self.drawing = Drawing(self.config.points, self.config.normalisation)
        self.id = MethodId.of_file(path, fingerprint(path), checkpoint.category)
        try:
            self._device = torch.device(device)
            self.network = checkpoint.network().to(self._device)
        except (RuntimeError, AssertionError) as error:
            raise KeygridError(f"The device {device!r} can't be used here; choose cpu.") from error

    @property
    def device(self) -> str:
        """The network's device."""
        return str(self._device)

    def find(
        self,
        garments: Sequence[Garment],
        frames: Sequence[int | None] | None = None,
        *,
        mode: Mode = "soft",
        parts: Parts = "all",
        drawn: Sequence[Sample] | None = None,
    ) -> list[Prediction]:
        """See `keygrid.methods.Method.find`; clouds of one size are shown to the network together.

        The same garments together give the same bits. One of them alone gives the same but for rounding, because larger
        matrices may be multiplied in another order: normalised keypoints are within 1e-5, and `peak` may choose another
        one of points that weigh the same to rounding.
        """
        frames = frames or [None] * len(garments)
        drawn = drawn or [self.drawing.draw(garment) for garment in garments]
        shown = [posed(*one) for one in zip(drawn, garments, frames, strict=True)]
        maps = [Normalisation.fit(one.points, self.config.normalisation) for one in shown]
        sizes: dict[int, list[int]] = {}
        for i, one in enumerate(shown):
            sizes.setdefault(len(one.points), []).append(i)
        found = {}
        for together in sizes.values():
            clouds = np.stack([maps[i].apply(shown[i].points) for i in together]).astype(np.float32)
            began = time.perf_counter()
            answers = self._ask(clouds, mode == "peak", parts)
            seconds = (time.perf_counter() - began) / len(together)
            if not all(np.isfinite(array).all() for array in answers):
                raise KeygridError(f"{self.id.label} gives numbers that are not finite; its weights are damaged.")
            for i, *answer in zip(together, *answers, strict=True):
                frame = frames[i]
                vertices = garments[i].vertices if frame is None else garments[i].vertices_in(frame)
                found[i] = self._prediction(vertices, shown[i], maps[i], *answer, seconds=seconds)
        return [found[i] for i in range(len(garments))]

    def features(self, garment: Garment, frame: int | None = None) -> Features:
        """See `keygrid.methods.DenseMethod.features`; the points are those that the network sees."""
        shown = posed(self.drawing.draw(garment), garment, frame)
        points = Normalisation.fit(shown.points, self.config.normalisation).apply(shown.points)
        with torch.inference_mode():
            cloud = torch.from_numpy(points.astype(np.float32))[None].to(self._device)
            _, features, _ = self.network.encoder(pyramid(cloud, self.config))
        return Features(shown, features[0].float().cpu().numpy())

    def _ask(self, normalised: Floats, peak: bool, parts: Parts) -> list[Floats]:
        """Keypoints, weights, strengths and reconstructions of clouds (B, N, 3), normalised."""
        clouds = torch.from_numpy(normalised).to(self._device)
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
        vertices: NDArray[np.float64],
        shown: Sample,
        normalisation: Normalisation,
        normalised: Floats,
        weights: Floats,
        strengths: Floats,
        rebuilt: Floats,
        *,
        seconds: float,
    ) -> Prediction:
        constants = HeatmapConfig(self.config.distance, self.config.sigma_squared, self.config.grid)
        return Prediction(
            method=self.id,
            normalisation=normalisation,
            normalised=normalised.astype(np.float64),
            vertices=_nearest_vertices(vertices, normalisation.invert(normalised)),
            edges=np.array(self.config.edges)[: len(strengths)],
            strengths=strengths.astype(np.float64),
            seconds=seconds,
            explanation=Explanation(shown, weights, rebuilt.astype(np.float64), constants),
        )


def _nearest_vertices(vertices: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.int64]:
    """(K,), the vertex (V, 3) nearest to each of some positions (K, 3)."""
    queries, points = (torch.tensor(array)[None] for array in (positions, vertices))
    return geometry.nearest(queries, points)[0, :, 0].numpy()
