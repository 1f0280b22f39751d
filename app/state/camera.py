"""Camera values and their transformations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from psygnal import SignalGroupDescriptor

from keygrid.data.garment import Garment

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """A point of view, in file units.

    Attributes:
        position: position of the eye.
        focal_point: the point in the middle of the picture.
        up: direction that points upwards in the picture.
        angle: angle of view from the lower to the upper edge, in degrees, for a perspective camera.
        scale: half of the picture's height, in file units, for an orthographic camera.
    """

    position: Vector
    focal_point: Vector
    up: Vector
    angle: float
    scale: float

    def carried(self, here: Garment, there: Garment) -> "Camera":
        """Return the camera that sees `there` as this one sees `here`, adjusted for differences in place and size."""
        if here is there:
            return self
        ratio = there.diagonal / here.diagonal if here.diagonal > 0 else 1.0

        def carry(place: Vector) -> Vector:
            x, y, z = there.bounds.mean(axis=0) + ratio * (np.array(place) - here.bounds.mean(axis=0))
            return float(x), float(y), float(z)

        return replace(
            self, position=carry(self.position), focal_point=carry(self.focal_point), scale=ratio * self.scale
        )

    def turned(self, degrees: float) -> "Camera":
        """Return the camera turned around the focal point, counterclockwise from above."""
        axis = np.array(self.up) / max(float(np.linalg.norm(self.up)), 1e-30)
        away, angle = np.subtract(self.position, self.focal_point), np.deg2rad(degrees)
        # Rodrigues' formula.
        turned = away * np.cos(angle) + np.cross(axis, away) * np.sin(angle)
        x, y, z = np.array(self.focal_point) + turned + axis * (axis @ away) * (1 - np.cos(angle))
        return replace(self, position=(float(x), float(y), float(z)))


@dataclass
class SavedViews:
    """Saved cameras.

    Attributes:
        views: cameras by number.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    views: Mapping[int, Camera] = field(default_factory=lambda: MappingProxyType({}))
