"""Learned methods, which find keypoints with the network of a checkpoint."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.garment import Garment
from keygrid.data.sampling import Drawing, Normalisation, Sample, posed
from keygrid.errors import KeygridError
from keygrid.files import fingerprint
from keygrid.geometry import points as geometry
from keygrid.geometry.operators import SIGNATURES
from keygrid.geometry.support import share_on_support
from keygrid.methods.ambiguity import is_ambiguous
from keygrid.methods.method import Features, Mode, Parts
from keygrid.model.inputs import Inputs
from keygrid.model.preparation import inputs_of
from keygrid.prediction import Explanation, MethodId, Prediction

Floats = NDArray[np.float32]


class LearnedMethod:
    """A checkpoint, ready to find keypoints.

    Args:
        path: path of the checkpoint.
        device: device of the network, by PyTorch's name.

    Raises:
        KeygridError: the file can't be read as a checkpoint, or the device is not available.
    """

    def __init__(self, path: Path, device: str = "cpu") -> None:
        checkpoint = Checkpoint.load(path)
        self.config = checkpoint.config
        self.keypoints = self.config.keypoints
        self.needs_surface = self.config.encoder.needs_surface
        self.drawing = Drawing(self.config.points, self.config.normalisation)
        self.id = MethodId.of_file(path, fingerprint(path), checkpoint.category)
        try:
            self._device = torch.device(device)
            self.network = checkpoint.network().to(self._device)
            torch.zeros(1, device=self._device).item()  # fails where nothing is computed
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
        """Find keypoints as `keygrid.methods.Method.find` does; the network processes clouds of one size together.

        The same garments together give the same bits. A garment alone gives the same up to rounding, because larger
        matrices may be multiplied in another order: normalised keypoints agree within 1e-5, and `peak` may choose
        another point of equal weight.
        """
        frames = frames or [None] * len(garments)
        drawn = drawn or [self.drawing.draw(garment) for garment in garments]
        shown = [posed(*one) for one in zip(drawn, garments, frames, strict=True)]
        stills = [g if frame is None else g.still(frame) for g, frame in zip(garments, frames, strict=True)]
        sizes: dict[int, list[int]] = {}
        for i, one in enumerate(shown):
            sizes.setdefault(len(one.points), []).append(i)
        found = {}
        for together in sizes.values():
            inputs, maps = inputs_of([stills[i] for i in together], [shown[i] for i in together], self.config)
            began = time.perf_counter()
            answers = self._ask(inputs, mode == "peak", parts)
            seconds = (time.perf_counter() - began) / len(together)
            if not all(np.isfinite(array).all() for array in answers):
                raise KeygridError(f"{self.id.label} returned numbers that are not finite; its weights are damaged.")
            for number, (i, applied, *answer, features) in enumerate(zip(together, maps, *answers, strict=True)):
                known = self._prediction(stills[i].vertices, shown[i], applied, *answer, seconds=seconds)
                if stills[i].is_cloud:
                    known = replace(known, on_support=share_on_support(shown[i].points))
                found[i] = self._judged(known, inputs, number, features)
        return [found[i] for i in range(len(garments))]

    def features(self, garment: Garment, frame: int | None = None) -> Features:
        """Return features as `keygrid.methods.DenseMethod.features` does, at the points that the network sees."""
        shown = posed(self.drawing.draw(garment), garment, frame)
        inputs, _ = inputs_of([garment if frame is None else garment.still(frame)], [shown], self.config)
        with torch.inference_mode():
            features = self.network.encoder(inputs.to(self._device)).point_features
        return Features(shown, features[0].float().cpu().numpy())

    def places(self, garment: Garment, frame: int | None = None) -> Floats | None:
        """Return each vertex's place on a garment of its kind, about within [-1, 1], as the network sees it.

        Args:
            garment: a surface.
            frame: counted from zero; None is the shape at rest.

        Returns:
            (V, 3), x from right to left, y from bottom to top, z from back to front; None of a network that does not
            tell places.

        Raises:
            KeygridError: as for `find`.
        """
        encoder: Any = self.network.encoder
        if not self.needs_surface or not hasattr(encoder, "on_vertices"):
            return None
        shown = posed(self.drawing.draw(garment), garment, frame)
        inputs, _ = inputs_of([garment if frame is None else garment.still(frame)], [shown], self.config)
        with torch.inference_mode():
            _, found = encoder.on_vertices(inputs.to(self._device).surfaces[0].operators)
        places: Floats = found.float().cpu().numpy()
        return places

    def _ask(self, inputs: Inputs, peak: bool, parts: Parts) -> list[Floats]:
        """Return keypoints, weights, strengths and reconstructions, normalised, and point features."""
        inputs = inputs.to(self._device)
        with torch.inference_mode():
            if parts == "keypoints":
                output = self.network.locate(inputs, peak=peak)
            else:
                output = self.network(inputs, peak=peak, rebuild=parts == "all")
        found = output.keypoints, output.weights, output.strengths, output.reconstruction, output.features
        return [tensor.float().cpu().numpy() for tensor in found]

    def _judged(self, prediction: Prediction, inputs: Inputs, number: int, features: Floats) -> Prediction:
        """Return a prediction with its caveats; networks for clouds have none."""
        encoder: Any = self.network.encoder
        if not self.needs_surface or not hasattr(encoder, "seen"):
            return prediction
        surface = inputs.surfaces[number].to(self._device)
        with torch.inference_mode():
            seen = encoder.seen(surface).float().cpu().numpy()
        ambiguous = is_ambiguous(features[:, -3:], seen, SIGNATURES)
        return replace(prediction, ambiguous=ambiguous, is_oriented=bool(surface.operators["is_oriented"]))

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
        heatmap = self.config.heatmap if self.config.decoder.has_heatmap else None
        return Prediction(
            method=self.id,
            normalisation=normalisation,
            normalised=normalised.astype(np.float64),
            vertices=_nearest_vertices(vertices, normalisation.invert(normalised)),
            edges=np.array(self.config.edges, np.int64).reshape(-1, 2)[: len(strengths)],
            strengths=strengths.astype(np.float64),
            seconds=seconds,
            explanation=Explanation(shown, weights, rebuilt.astype(np.float64), heatmap),
        )


def _nearest_vertices(vertices: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the vertex (V, 3) nearest to each position (K, 3), as indices (K,)."""
    queries, points = (torch.tensor(array)[None] for array in (positions, vertices))
    return geometry.nearest(queries, points)[0, :, 0].numpy()
