"""How things are shown."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from psygnal import SignalGroupDescriptor

Axis = Literal["x", "y", "z"]
AXES: tuple[Axis, ...] = ("x", "y", "z")


@dataclass
class ViewSettings:
    """Which layers are on, where the slice lies, and which keypoints are meant.

    Attributes:
        surface: the garment's triangles.
        cloud: the sampled points, or a cloud's own.
        keypoints: numbered spheres.
        skeleton: segments, more opaque where stronger.
        slice: the heatmap on a plane.
        reconstruction: the decoder's cloud.
        trails: the keypoints' paths over the frames.
        first_frame: the surface as it was in the first frame, faint.
        landmarks: places with a name.
        slice_axis: the plane's normal.
        slice_position: where the plane cuts that axis, normalised, from -1 to 1.
        peak: whether keypoints lie on their heaviest point instead of their mean.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    surface: bool = True
    cloud: bool = False
    keypoints: bool = True
    skeleton: bool = True
    slice: bool = True
    reconstruction: bool = False
    trails: bool = True
    first_frame: bool = False
    landmarks: bool = False
    slice_axis: Axis = "z"
    slice_position: float = 0.0
    peak: bool = False


LAYERS = (
    "surface", "cloud", "keypoints", "skeleton", "slice", "reconstruction", "trails", "first_frame", "landmarks",
)  # fmt: skip
"""The layers' names, which are also the names of their switches in `ViewSettings`."""
