"""How things are shown."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from psygnal import SignalGroupDescriptor

Background = Literal["theme", "white", "black"]
BACKGROUNDS: tuple[Background, ...] = ("theme", "white", "black")


@dataclass
class ViewSettings:
    """Which layers are on, how they look, and which keypoints are meant.

    Attributes:
        surface: the garment's triangles.
        cloud: the sampled points, or a cloud's own.
        keypoints: numbered spheres.
        skeleton: segments, more opaque where stronger.
        slice: the heatmap on planes.
        reconstruction: the decoder's cloud.
        trails: the keypoints' paths over the frames.
        first_frame: the surface as it was in the first frame, faint.
        landmarks: places with a name.
        isosurface: where the heatmap has one value.
        volume: the heatmap as a cloud of light.
        peak: whether keypoints lie on their heaviest point instead of their mean.
        weights: whether cloud and surface are coloured by the selected keypoint's weights.
        hidden: indices of keypoints that are not shown.
        strength: segments that are weaker are not shown.
        point_size: of clouds, in the user's pixels.
        label_size: of the keypoints' numbers, likewise.
        surface_opacity: from 0 to 1.
        background: behind everything.
        orthographic: whether what is far looks as large as what is near.
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
    isosurface: bool = False
    volume: bool = False
    peak: bool = False
    weights: bool = False
    hidden: frozenset[int] = frozenset()
    strength: float = 0.0
    point_size: int = 4
    label_size: int = 16
    surface_opacity: float = 0.6
    background: Background = "theme"
    orthographic: bool = False


LAYERS = (
    "surface", "cloud", "keypoints", "skeleton", "slice", "reconstruction", "trails", "first_frame", "landmarks",
    "isosurface", "volume",
)  # fmt: skip
"""The layers' names, which are also the names of their switches in `ViewSettings`."""
