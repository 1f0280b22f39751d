"""A garment with its prediction, drawn on any plotter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers import (
    CLOUD_COLOUR,
    KEYPOINT_RADIUS,
    RECONSTRUCTION_COLOUR,
    SLICE_COLOURS,
    KeypointLayer,
    Layer,
    PointsLayer,
    SkeletonLayer,
    SliceLayer,
    SurfaceLayer,
)
from app.scene.motion import LANDMARK_RADIUS, LandmarkLayer, TrailLayer
from app.state.camera import Camera
from app.state.field import FieldSettings
from app.state.runs import Preview
from app.state.settings import LAYERS, ViewSettings
from keygrid.data.garment import Garment
from keygrid.prediction import Prediction


@dataclass(frozen=True)
class Theme:
    """Colours of a scene, each red, green, blue from 0 to 1.

    Attributes:
        background: behind everything.
        foreground: text and skeleton.
        landmarks: their marks and names.
    """

    background: tuple[float, float, float]
    foreground: tuple[float, float, float]
    landmarks: tuple[float, float, float]


LYING = 0.6
"""A garment whose height is below this share of its depth lies."""

LIGHT = Theme((0.965, 0.969, 0.976), (0.10, 0.11, 0.13), (0.27, 0.30, 0.36))
DARK = Theme((0.110, 0.118, 0.133), (0.93, 0.94, 0.95), (0.93, 0.90, 0.80))


class Scene:
    """Shows what it is given; it decides nothing. The camera moves only when a garment is shown or fit.

    Args:
        plotter: a PyVista plotter of any kind.
        theme: colours.
        pixel_ratio: device pixels in one of the user's: lines grow with it, as text does with the plotter's DPI.
    """

    def __init__(self, plotter: pv.BasePlotter, theme: Theme = LIGHT, pixel_ratio: float = 1.0) -> None:
        self.plotter: Any = plotter  # its methods are wrapped, which hides their signatures
        self._theme, self._pixel_ratio = theme, pixel_ratio
        self.surface = SurfaceLayer(plotter, "surface")
        self.cloud = PointsLayer(plotter, "cloud", CLOUD_COLOUR)
        self.keypoints = KeypointLayer(plotter, "keypoints")
        self.skeleton = SkeletonLayer(plotter, "skeleton")
        self.slice = SliceLayer(plotter, "slice")
        self.reconstruction = PointsLayer(plotter, "reconstruction", RECONSTRUCTION_COLOUR)
        self.trails = TrailLayer(plotter, "trails")
        self.first_frame = SurfaceLayer(plotter, "first_frame", opacity=0.13)
        self.landmarks = LandmarkLayer(plotter, "landmarks")
        self.isosurface = Layer(plotter, "isosurface")
        self.volume = Layer(plotter, "volume")
        self._scalar_bar: object = None
        self._shown: Prediction | Preview | None = None
        self._garment: Garment | None = None
        self.set_theme(theme)

    def layer(self, name: str) -> Layer:
        """The layer of a name in `app.state.settings.LAYERS`."""
        layer: Layer = getattr(self, name)
        return layer

    def show_garment(self, garment: Garment | None, frame: int = 0) -> None:
        """Draw a garment, in one of its frames if it moves, and look at it; what was predicted for another one goes."""
        self._garment = garment
        self._shown = None
        for name in LAYERS:
            self.layer(name).clear()
        self._show_scalar_bar()
        if garment is None:
            return
        vertices = garment.vertices_in(frame)
        self.surface.show(garment, vertices)
        if garment.is_cloud:
            self.cloud.show(vertices)
            self.cloud.blank = False
        if garment.frames is not None:
            self.first_frame.show(garment, garment.vertices_in(0))
        if garment.landmarks is not None:
            positions = garment.landmarks.on(vertices, garment.faces)
            self.landmarks.show(positions, garment.landmarks.names, LANDMARK_RADIUS * garment.diagonal)
        self.fit()

    def show_frame(self, frame: int) -> None:
        """Move the garment that is shown into a frame, in place; the camera stays."""
        garment = self._garment
        if garment is None:
            return
        vertices = garment.vertices_in(frame)
        self.surface.move(vertices)
        if garment.is_cloud:
            self.cloud.show(vertices)
        if garment.landmarks is not None:
            self.landmarks.move(garment.landmarks.on(vertices, garment.faces))

    def show_prediction(self, shown: Prediction | Preview | None, field: FieldSettings | None = None) -> None:
        """Draw a prediction for what is shown, its heatmap as `field` says; None hides the last one.

        A training's preview is no more than keypoints and their skeleton.
        """
        if self._garment is None or field is None:
            shown = None
        self._shown = shown
        prediction = self._prediction
        self.keypoints.blank = self.skeleton.blank = shown is None
        self.slice.blank = self.reconstruction.blank = prediction is None
        self.cloud.blank = prediction is None and not (self._garment is not None and self._garment.is_cloud)
        if prediction is not None and field is not None:
            self.cloud.show(prediction.sample.points)
            self.slice.show(prediction, field)
            self.reconstruction.show(prediction.reconstruction)
        if shown is not None:
            self.keypoints.show(shown, self._radius)
            self._show_skeleton()
        self._show_scalar_bar()

    def cut(self, field: FieldSettings) -> None:
        """Show the heatmap of what is shown in another way."""
        self.slice.move(field)
        self._show_scalar_bar()

    def show_trails(self, predictions: Mapping[int, Prediction], frame: int) -> None:
        """Draw the keypoints' paths over the frames that are predicted, as seen from one frame."""
        self.trails.show(predictions, frame, 3 * self._pixel_ratio)

    def apply(self, settings: ViewSettings) -> None:
        """Switch layers on and off."""
        for name in LAYERS:
            self.layer(name).visible = getattr(settings, name)
        self._show_scalar_bar()

    def select(self, keypoint: int | None) -> None:
        """Mark one keypoint, or none."""
        self.keypoints.select(keypoint)

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        self._theme = theme
        self.plotter.set_background(theme.background)
        self.keypoints.set_label_style(16, theme.foreground)
        self.landmarks.set_colour(theme.landmarks)
        self._show_skeleton()
        self._show_scalar_bar()

    def fit(self) -> None:
        """Look at the garment from the front, as a whole."""
        if self._garment is None:
            return
        self.plotter.camera_position = "xy"
        extent = np.ptp(self._garment.bounds, axis=0)
        # What lies on the ground is seen best from above.
        lies = extent[1] < LYING * extent[2]
        self.plotter.camera.azimuth, self.plotter.camera.elevation = 20, 55 if lies else 12
        self.plotter.reset_camera(bounds=tuple(self._garment.bounds.T.ravel()), render=False)
        self.plotter.renderer.reset_camera_clipping_range()

    def look_along(self, axis: str) -> None:
        """Look along an axis, x, y or z, from its positive end at the whole garment."""
        directions: dict[str, NDArray[np.int64]] = {"x": np.array([1, 0, 0]), "y": np.array([0, 1, 0])}
        direction = directions.get(axis, np.array([0, 0, 1]))
        self.plotter.view_vector(tuple(direction), viewup=(0, 0, -1) if axis == "y" else (0, 1, 0), render=False)
        if self._garment is not None:
            self.plotter.reset_camera(bounds=tuple(self._garment.bounds.T.ravel()), render=False)

    @property
    def camera(self) -> Camera:
        """From where the scene is looked at."""
        camera = self.plotter.camera
        return Camera(
            camera.GetPosition(), camera.GetFocalPoint(), camera.GetViewUp(), camera.GetViewAngle(),
            camera.GetParallelScale(),
        )  # fmt: skip

    @camera.setter
    def camera(self, wanted: Camera) -> None:
        camera = self.plotter.camera
        camera.SetPosition(wanted.position)
        camera.SetFocalPoint(wanted.focal_point)
        camera.SetViewUp(wanted.up)
        camera.SetViewAngle(wanted.angle)
        camera.SetParallelScale(wanted.scale)
        self.plotter.renderer.ResetCameraClippingRange()

    def keypoint_at(self, x: float, y: float, within: float) -> int | None:
        """Index of the visible keypoint nearest to a display position (device pixels, from the bottom left)."""
        if self._shown is None or not self.keypoints.visible:
            return None
        return self._nearest(self._shown.keypoints, x, y, within)

    def landmark_at(self, x: float, y: float, within: float, frame: int) -> str:
        """Name of the visible landmark nearest to a display position; empty if there is none."""
        garment = self._garment
        if garment is None or garment.landmarks is None or not self.landmarks.visible:
            return ""
        positions = garment.landmarks.on(garment.vertices_in(frame), garment.faces)
        nearest = self._nearest(positions, x, y, within)
        return "" if nearest is None else garment.landmarks.names[nearest]

    def _nearest(self, positions: NDArray[np.float64], x: float, y: float, within: float) -> int | None:
        renderer = self.plotter.renderer
        best, chosen = within, None
        for index, position in enumerate(positions):
            renderer.SetWorldPoint(*position, 1.0)
            renderer.WorldToDisplay()
            distance = float(np.hypot(renderer.GetDisplayPoint()[0] - x, renderer.GetDisplayPoint()[1] - y))
            if distance < best:
                best, chosen = distance, index
        return chosen

    @property
    def _prediction(self) -> Prediction | None:
        return self._shown if isinstance(self._shown, Prediction) else None

    @property
    def _radius(self) -> float:
        return KEYPOINT_RADIUS * self._garment.diagonal if self._garment else 0.0

    def _show_skeleton(self) -> None:
        if self._shown is not None:
            self.skeleton.show(self._shown, self._theme.foreground, 2.5 * self._pixel_ratio, gap=self._radius)

    def _show_scalar_bar(self) -> None:
        title = "heat\n"
        limits = None
        if self._prediction is not None and self.slice.visible:
            limits = self.slice.limits(self._prediction)
        if (limits, self._theme) == self._scalar_bar:
            return
        self._scalar_bar = limits, self._theme
        if title in self.plotter.scalar_bars:
            self.plotter.remove_scalar_bar(title, render=False)
        if limits is None:
            return
        mapper = pv.DataSetMapper(pv.PolyData())
        mapper.lookup_table = pv.LookupTable(SLICE_COLOURS, scalar_range=limits)
        self.plotter.add_scalar_bar(
            title=title, mapper=mapper, n_labels=3, fmt="%.2g", vertical=True, color=self._theme.foreground,
            title_font_size=13, label_font_size=12,
            position_x=0.9, position_y=0.06, width=0.06, height=0.36, unconstrained_font_size=True, render=False,
        )  # fmt: skip
