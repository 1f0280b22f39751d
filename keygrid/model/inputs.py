"""The input of a network: the only way into it, for training, validation and prediction alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Surface:
    """One garment's surface, V vertices, for an encoder that asks for it.

    Attributes:
        operators: tensors by name, dense or sparse, as the encoder's kind works them out of a garment.
        corners: (N, 3) int64, the vertices at the corners of the triangle on which each sampled point lies.
        barycentric: (N, 3), each point's weights of these corners.
    """

    operators: Mapping[str, Tensor]
    corners: Tensor
    barycentric: Tensor

    def at_points(self, values: Tensor) -> Tensor:
        """Return values of vertices, (V, C), interpolated at the sampled points: (N, C)."""
        return (values[self.corners] * self.barycentric[..., None].to(values.dtype)).sum(dim=-2)

    def to(self, device: torch.device) -> "Surface":
        """Return the same surface on another device."""
        operators = {name: tensor.to(device) for name, tensor in self.operators.items()}
        return Surface(operators, self.corners.to(device), self.barycentric.to(device))


@dataclass(frozen=True, eq=False)
class Inputs:
    """A batch of B garments.

    Attributes:
        points: (B, N, 3), the sampled points, normalised.
        surfaces: B surfaces, which are ragged: each has its own number of vertices. Empty where the encoder sees points
            alone.
    """

    points: Tensor
    surfaces: tuple[Surface, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    def to(self, device: torch.device) -> "Inputs":
        """Return the same batch on another device."""
        return Inputs(self.points.to(device), tuple(surface.to(device) for surface in self.surfaces))
