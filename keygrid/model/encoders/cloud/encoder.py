"""The network of the surface encoder, on operators of the sampled points alone.

Nothing it sees depends on where the cloud lies. Normals are as long as it is sure which side is out, so that products
that tell left from right vanish where that is not known.
"""

import torch
from torch import Tensor

from keygrid.data.garment import Garment
from keygrid.geometry.cloud_operators import cloud_operators
from keygrid.model.encoders.cloud.config import DiffusionCloudConfig
from keygrid.model.encoders.surface.encoder import Operators, SurfaceEncoder, as_tensors

# Mean and standard deviation of each feature over clouds of sewn and simulated tops.
_MEAN = (
    -0.01, -0.01, -0.01, -0.02, -0.03, -0.04, -0.05, -0.06, -0.06, -0.06, -0.06, -0.05, -0.03, -0.02, -0.01, 0.0,
    0.9, 0.36, -0.06, 0.29, 0.45, 2.08,
)  # fmt: skip
_DEVIATION = (
    0.49, 0.48, 0.48, 0.47, 0.47, 0.47, 0.46, 0.46, 0.45, 0.43, 0.41, 0.37, 0.31, 0.24, 0.17, 0.11,
    0.22, 0.28, 0.2, 0.19, 0.98, 1.81,
)  # fmt: skip


def operators_of(cloud: Garment, _: DiffusionCloudConfig) -> Operators:
    """Return what the encoder has to know of a cloud, as tensors by name; the large ones in half precision.

    Raises:
        KeygridError: too few of its points are different.
    """
    found = as_tensors(cloud_operators(cloud.vertices))
    return found | {name: found[name].half() for name in ("basis", "slopes")}


class DiffusionCloudEncoder(SurfaceEncoder):
    """Clouds to features of their points; see `SurfaceEncoder`, whose vertices are the cloud's points here."""

    def __init__(self, config: DiffusionCloudConfig) -> None:
        super().__init__(config, _MEAN, _DEVIATION)

    def on_vertices(self, mesh: Operators) -> tuple[Tensor, Tensor]:
        """Return features (N, width) and places (N, 3) of the points of one cloud, given its operators."""
        halves = {name: value.float() for name, value in mesh.items() if value.dtype == torch.float16}
        return super().on_vertices({**mesh, **halves})
