"""The layers of a scene. Each makes its actors once and changes their arrays in place as the garment moves."""

from collections.abc import Callable

import pyvista as pv

from app.scene.layers.annotations import CaveatLayer, DisplacementLayer, MarkLayer, MeasureLayer, OthersLayer
from app.scene.layers.base import Layer
from app.scene.layers.keypoints import KeypointLayer, SkeletonLayer
from app.scene.layers.motion import LandmarkLayer, TrailLayer
from app.scene.layers.paint import PaintLayer
from app.scene.layers.points import PointsLayer, ReconstructionLayer, SamplesLayer
from app.scene.layers.removed import RemovedLayer
from app.scene.layers.slices import SliceLayer
from app.scene.layers.surface import FirstFrameLayer, SurfaceLayer
from app.scene.layers.surroundings import AxesLayer, GroundLayer
from app.scene.layers.volume import IsosurfaceLayer, VolumeLayer

MAKERS: dict[str, Callable[[pv.BasePlotter, str], Layer]] = {
    "surface": SurfaceLayer,
    "points": PointsLayer,
    "samples": SamplesLayer,
    "colours": PaintLayer,
    "keypoints": KeypointLayer,
    "skeleton": SkeletonLayer,
    "slice": SliceLayer,
    "reconstruction": ReconstructionLayer,
    "trails": TrailLayer,
    "first_frame": FirstFrameLayer,
    "landmarks": LandmarkLayer,
    "isosurface": IsosurfaceLayer,
    "volume": VolumeLayer,
    "ground": GroundLayer,
    "axes": AxesLayer,
}
"""Functions that make the layers of `app.state.layers.LAYERS`, from a plotter and the layer's name."""

ANNOTATIONS: dict[str, Callable[[pv.BasePlotter, str], Layer]] = {
    "removed": RemovedLayer,
    "measure": MeasureLayer,
    "mark": MarkLayer,
    "caveats": CaveatLayer,
    "displacements": DisplacementLayer,
    "others": OthersLayer,
}
"""Functions that make the layers without a switch."""
