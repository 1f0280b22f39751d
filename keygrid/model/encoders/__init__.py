"""Encoders by kind; an encoder turns a garment into features of its sampled points.

To add one, write a module of this package with its constants and its network, and add a line to `ENCODERS`. Importing
this package does not import torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keygrid.data.garment import Garment
from keygrid.model.encoders.base import EncoderConfig
from keygrid.model.encoders.cloud.config import DiffusionCloudConfig
from keygrid.model.encoders.pointnet.config import PointNetConfig
from keygrid.model.encoders.residual.config import ResidualConfig
from keygrid.model.encoders.sprin.config import SprinConfig
from keygrid.model.encoders.surface.config import SurfaceConfig

if TYPE_CHECKING:
    from torch import Tensor

    from keygrid.model.encoding import Encoder


@dataclass(frozen=True)
class EncoderKind:
    """One kind of encoder.

    Attributes:
        config: class of its constants, whose `kind` is its name.
        make: makes the network from the encoder's constants, with fresh weights.
        operators: works out what the network has to know of a garment in its only pose, as tensors by name: of its
            surface where the constants say that one is needed, else of its sampled points as a cloud, point by point.
            None for a kind that works on the coordinates of sampled points alone.
    """

    config: type[EncoderConfig]
    make: Callable[[Any], "Encoder"]
    operators: Callable[[Garment, Any], "Mapping[str, Tensor]"] | None = None


def _pointnet(config: PointNetConfig) -> "Encoder":
    from keygrid.model.encoders.pointnet.encoder import PointNet

    return PointNet(config)


def _surface(config: SurfaceConfig) -> "Encoder":
    from keygrid.model.encoders.surface.encoder import SurfaceEncoder

    return SurfaceEncoder(config)


def _surface_operators(garment: Garment, config: SurfaceConfig) -> "Mapping[str, Tensor]":
    from keygrid.model.encoders.surface.encoder import operators_of

    return operators_of(garment, config)


def _diffusion_cloud(config: DiffusionCloudConfig) -> "Encoder":
    from keygrid.model.encoders.cloud.encoder import DiffusionCloudEncoder

    return DiffusionCloudEncoder(config)


def _cloud_operators(cloud: Garment, config: DiffusionCloudConfig) -> "Mapping[str, Tensor]":
    from keygrid.model.encoders.cloud.encoder import operators_of

    return operators_of(cloud, config)


def _residual(config: ResidualConfig) -> "Encoder":
    from keygrid.model.encoders.residual.encoder import ResidualEncoder

    return ResidualEncoder(config)


def _sprin(config: SprinConfig) -> "Encoder":
    from keygrid.model.encoders.sprin.encoder import Sprin

    return Sprin(config)


ENCODERS: dict[str, EncoderKind] = {
    kind.config.kind: kind
    for kind in (
        EncoderKind(PointNetConfig, _pointnet),
        EncoderKind(SurfaceConfig, _surface, _surface_operators),
        EncoderKind(DiffusionCloudConfig, _diffusion_cloud, _cloud_operators),
        EncoderKind(ResidualConfig, _residual),
        EncoderKind(SprinConfig, _sprin),
    )
}
