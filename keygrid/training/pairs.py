"""Pairs of clouds of one garment, with correspondences between points of the same material.

Files of moving garments include these correspondences. The published method does not use them, so a network trained
with them must be compared with that in mind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from keygrid.data.garment import Garment, MaterialPoints
from keygrid.data.sampling import Normalisation
from keygrid.evaluation.material import Material
from keygrid.geometry import points as geometry
from keygrid.model.config import ModelConfig
from keygrid.model.encoding import Encoder

ANCHORS = 1024
"""Number of places on a garment's material between which distances are computed; at most one per vertex."""


@dataclass(frozen=True, eq=False)
class Cloth:
    """Anchors on a garment's material, with their distances along the cloth at rest.

    Attributes:
        distances: (A, A) float32, over the square root of the garment's area.
        shares: (A,) float32, each anchor's share of the area; sums to one.
        nearest: (V,) int64, the anchor nearest to each vertex.
        rest: (V, 3) float32, the garment's places if known; otherwise its vertices at rest, relative to the centre of
            their box, divided by half of its longest side.
    """

    distances: Tensor
    shares: Tensor
    nearest: Tensor
    rest: Tensor

    @classmethod
    def of(cls, garment: Garment) -> "Cloth":
        """Make the anchors of a surface.

        Raises:
            KeygridError: the garment is a cloud.
        """
        material = Material.of(garment, refined=False)
        vertices = torch.tensor(garment.vertices)
        anchors = geometry.farthest_points(vertices[None], min(ANCHORS, len(vertices)))[0].numpy()
        distances = material.distances(anchors)  # [A, V]
        nearest = distances.argmin(axis=0)
        shares = np.bincount(nearest, material.shares, len(anchors))
        at_rest = Normalisation.fit(garment.vertices, "centred").apply(garment.vertices)
        rest = at_rest.astype(np.float32) if garment.places is None else garment.places
        arrays = distances[:, anchors].astype(np.float32), shares.astype(np.float32), nearest, rest
        return cls(*map(torch.from_numpy, arrays))


@dataclass(frozen=True, eq=False)
class Pair:
    """Places of two clouds' points on the garment that both clouds show.

    Attributes:
        cloth: cloth of the garment.
        anchors: (2, N, 3) int64, of each point the anchors nearest to the corners of its triangle.
        barycentric: (2, N, 3) float32, weights of these corners at the point.
        rest: (2, N, 3) float32, position of each point on the garment at rest, as in `Cloth`.
    """

    cloth: Cloth
    anchors: Tensor
    barycentric: Tensor
    rest: Tensor

    @classmethod
    def of(cls, cloth: Cloth, faces: NDArray[np.int64], drawn: Sequence[MaterialPoints]) -> "Pair":
        """Make the pair of points drawn twice on a surface with these triangles (F, 3)."""
        corners = torch.from_numpy(np.stack([faces[points.faces] for points in drawn]))
        barycentric = torch.from_numpy(np.stack([points.barycentric for points in drawn]).astype(np.float32))
        rest = (cloth.rest[corners] * barycentric[..., None]).sum(-2)
        return cls(cloth, cloth.nearest[corners], barycentric, rest)

    def mirrored(self, axis: int) -> "Pair":
        """Return the pair on the garment reflected along an axis, which swaps its left and right."""
        sign = torch.ones(3)
        sign[axis] = -1
        return replace(self, rest=self.rest * sign)

    def to(self, device: torch.device) -> "Pair":
        """Return the same pairs on another device."""
        cloth = Cloth(*(tensor.to(device) for tensor in vars(self.cloth).values()))
        return Pair(cloth, *(tensor.to(device) for tensor in (self.anchors, self.barycentric, self.rest)))

    def on_cloth(self, weights: Tensor) -> Tensor:
        """Convert point weights (2, K, N) to weights of anchors (2, K, A), with the same sums."""
        moved = weights.new_zeros(*weights.shape[:2], len(self.cloth.shares))
        for corner in range(3):
            index = self.anchors[:, None, :, corner].expand(weights.shape)
            moved = moved.scatter_add(2, index, weights * self.barycentric[:, None, :, corner].to(weights.dtype))
        return moved

    def at_points(self, values: Tensor) -> Tensor:
        """Interpolate values at anchors (2, K, A) at the points; return (2, K, N)."""
        found = torch.zeros((), dtype=values.dtype, device=values.device)
        for corner in range(3):
            index = self.anchors[:, None, :, corner].expand(-1, values.shape[1], -1)
            found = found + values.gather(2, index) * self.barycentric[:, None, :, corner].to(values.dtype)
        return found


class Places(nn.Module):
    """Maps the features of an encoder that predicts places to these places, its last three channels."""

    def forward(self, features: Tensor) -> Tensor:
        """Return places (..., 3) of features (..., C)."""
        return features[..., -3:]


def rest_of(encoder: Encoder, model: ModelConfig) -> nn.Module:
    """Return a module that maps point features to positions at rest; nothing is learnt if the encoder has them."""
    return Places() if model.encoder.tells_places else nn.Linear(encoder.point_width, 3)
