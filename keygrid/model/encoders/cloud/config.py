"""Constants of the encoder that lets features diffuse on clouds."""

from dataclasses import dataclass
from typing import ClassVar

from keygrid.model.encoders.surface.config import SurfaceConfig


@dataclass(frozen=True)
class DiffusionCloudConfig(SurfaceConfig):
    """Constants of the encoder, those of the surface encoder; a cloud's nodes take the place of vertices."""

    kind: ClassVar[str] = "diffusion-cloud"
    needs_surface: ClassVar[bool] = False
