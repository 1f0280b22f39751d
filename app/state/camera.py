"""From where a scene is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from psygnal import SignalGroupDescriptor

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """A point of view, in file units.

    Attributes:
        position: the eye's.
        focal_point: what is in the picture's middle.
        up: what points upwards in the picture.
        angle: of the view from its lower to its upper edge, in degrees; of a camera with perspective.
        scale: half of the picture's height, in file units; of an orthographic camera.
    """

    position: Vector
    focal_point: Vector
    up: Vector
    angle: float
    scale: float


@dataclass
class SavedViews:
    """Cameras that can be recalled.

    Attributes:
        views: by number.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    views: Mapping[int, Camera] = field(default_factory=lambda: MappingProxyType({}))
