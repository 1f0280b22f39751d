"""A garment with its prediction, drawn on any plotter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.comparison import DisplacementLayer, OthersLayer
from app.scene.heat import Heat, IsosurfaceLayer, SliceLayer, VolumeLayer, colour_map_of, limits_of
from app.scene.layers import (
    CLOUD_COLOUR,
    KEYPOINT_RADIUS,
    RECONSTRUCTION_COLOUR,
    WEIGHT_COLOURS,
    WEIGHT_LIMITS,
    KeypointLayer,
    Layer,
    MarkLayer,
    MeasureLayer,
    PointsLayer,
    SkeletonLayer,
    SurfaceLayer,
)
from app.scene.motion import LANDMARK_RADIUS, LandmarkLayer, TrailLayer
from app.scene.probe import Probe, SurfaceFinder, Weights, barycentric_of, on_slices
from app.state.camera import Camera
from app.state.settings import LAYERS, ViewSettings
from app.state.slices import SliceSettings
from keygrid.data.garment import Garment
from keygrid.prediction import Prediction, Skeleton


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


Floats = NDArray[np.float64]

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
        # Sorting what is translucent takes a fifth of a frame in software, and dims heat and segments. Layers have an
        # order instead.
        self.plotter.renderer.SetUseOIT(False)
        self._theme, self._pixel_ratio, self._bar_scale = theme, pixel_ratio, 1.0
        self.surface = SurfaceLayer(plotter, "surface")
        self.cloud = PointsLayer(plotter, "cloud", CLOUD_COLOUR)
        self.keypoints = KeypointLayer(plotter, "keypoints")
        self.skeleton = SkeletonLayer(plotter, "skeleton")
        self.slice = SliceLayer(plotter, "slice")
        self.reconstruction = PointsLayer(plotter, "reconstruction", RECONSTRUCTION_COLOUR)
        self.trails = TrailLayer(plotter, "trails")
        self.first_frame = SurfaceLayer(plotter, "first_frame", opacity=0.13)
        self.landmarks = LandmarkLayer(plotter, "landmarks")
        self.isosurface = IsosurfaceLayer(plotter, "isosurface")
        self.volume = VolumeLayer(plotter, "volume")
        self.measure = MeasureLayer(plotter, "measure")
        self.mark = MarkLayer(plotter, "mark")
        self.displacements = DisplacementLayer(plotter, "displacements")
        self.others = OthersLayer(plotter, "others")
        self._bars: dict[str, object] = {}
        self._shown: Skeleton | None = None
        self._garment: Garment | None = None
        self._settings, self._slices = ViewSettings(), SliceSettings()
        self._keypoint: int | None = None
        self._segment: int | None = None
        self._reference: Prediction | None = None
        self._known_heat: Heat | None = None
        self._weights: Weights | None = None
        self._coloured: tuple[object, ...] = ()
        self._palette: NDArray[np.uint8] | None = None
        self._trailed: tuple[Mapping[int, Prediction], int] = {}, 0
        self._finder = SurfaceFinder()
        self.apply(self._settings)

    def layer(self, name: str) -> Layer:
        """The layer of a name in `app.state.settings.LAYERS`."""
        layer: Layer = getattr(self, name)
        return layer

    def show_garment(self, garment: Garment | None, frame: int = 0) -> None:
        """Draw a garment, in one of its frames if it moves, and look at it; what was predicted for another one goes."""
        self._garment = garment
        self._shown = self._weights = None
        self._trailed = {}, 0
        self._coloured = ()
        for layer in (*(self.layer(name) for name in LAYERS), self.measure, self.mark, self.displacements, self.others):
            layer.clear()
        self._finder.moved(None)
        self._show_scalar_bars()
        if garment is None:
            return
        vertices = garment.vertices_in(frame)
        self.surface.show(garment, vertices)
        self._finder.moved(self.surface.mesh)
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
        self._finder.moved(self.surface.mesh)
        self.mark.clear()
        if garment.is_cloud:
            self.cloud.show(vertices)
        if garment.landmarks is not None:
            self.landmarks.move(garment.landmarks.on(vertices, garment.faces))

    def show_prediction(self, shown: Skeleton | None, slices: SliceSettings | None = None) -> None:
        """Draw a prediction for what is shown, its heatmap as `slices` says; None hides the last one.

        A training's preview, and what a method without learning finds, are no more than keypoints and their skeleton.
        """
        if self._garment is None or slices is None:
            shown = None
        self._shown, self._weights = shown, None
        prediction = self._prediction
        self.keypoints.blank = self.skeleton.blank = shown is None
        for layer in (self.slice, self.isosurface, self.volume, self.reconstruction):
            layer.blank = prediction is None
        self.cloud.blank = prediction is None and not (self._garment is not None and self._garment.is_cloud)
        if prediction is not None and slices is not None:
            self.cloud.show(prediction.explain().sample.points)
            self.reconstruction.show(prediction.reconstruction)
            self.cut(slices)
        if shown is not None:
            self.keypoints.show(shown, self._radius)
            self._show_skeleton()
        self._colour_by_weights()
        self._show_scalar_bars()

    def cut(self, slices: SliceSettings) -> None:
        """Show the heatmap of what is shown in another way."""
        self._slices = slices
        heat = self._heat
        if heat is None:
            return
        for layer in (self.slice, self.isosurface, self.volume):
            layer.show(heat, slices)
        self._show_scalar_bars()

    def compare_with(self, reference: Prediction | None) -> None:
        """Show by how much the heatmap differs from another prediction's for the same frame, or itself."""
        if reference is not self._reference:
            self._reference = reference
            self.cut(self._slices)

    @property
    def heat(self) -> Heat | None:
        """The heatmap that is shown; None if there is none."""
        return self._heat

    def show_displacements(self, displacements: tuple[Floats, Floats] | None) -> None:
        """Draw arrows from some positions (P, 3) to others, in file units, or none."""
        if displacements is None:
            self.displacements.clear()
        else:
            self.displacements.show(*displacements, self._radius)

    def show_others(self, others: Sequence[tuple[Floats, NDArray[np.uint8]]]) -> None:
        """Draw the keypoints (K, 3) of other views, in colours (K, 3), each view's as another shape."""
        self.others.show(others, self._radius)

    def show_trails(self, predictions: Mapping[int, Prediction], frame: int) -> None:
        """Draw the keypoints' paths over the frames that are predicted, as seen from one frame."""
        self._trailed = predictions, frame
        self.trails.show(predictions, frame, 3 * self._pixel_ratio, self._palette)

    def apply(self, settings: ViewSettings) -> None:
        """Switch layers on and off, and draw them as the settings say."""
        self._settings = settings
        for name in LAYERS:
            self.layer(name).visible = getattr(settings, name)
        self.keypoints.hide(settings.hidden)
        self.others.visible = self.displacements.visible = settings.keypoints
        for layer in (self.cloud, self.reconstruction):
            layer.set_size(settings.point_size * self._pixel_ratio)
        self.surface.set_opacity(settings.surface_opacity)
        if bool(self.plotter.camera.GetParallelProjection()) != settings.orthographic:
            self._change_projection(settings.orthographic)
        self.set_theme(self._theme)
        self._colour_by_weights()

    def select(self, keypoint: int | None, other: int | None = None, segment: int | None = None) -> None:
        """Mark one keypoint, or none; one to which it is measured; and a segment."""
        self.keypoints.select(keypoint, other)
        self.skeleton.select(segment)
        changed, self._segment = segment != self._segment, segment
        if changed and self._slices.single:
            self.cut(self._slices)
        self._keypoint = keypoint
        self._colour_by_weights()

    def show_measure(self, keypoint: int | None, other: int | None, text: str = "") -> None:
        """Draw a line between two keypoints with what it says, or none."""
        shown = self._shown
        if shown is None or keypoint is None or other is None or max(keypoint, other) >= len(shown.keypoints):
            self.measure.clear()
            return
        ends = shown.keypoints[keypoint], shown.keypoints[other]
        self.measure.show(*ends, text, (self._settings.label_size - 1, self._foreground))

    def show_mark(self, position: NDArray[np.float64] | None) -> None:
        """Mark a place, (3,) in file units, or none."""
        self.mark.show(position, 1.5 * self._radius)

    def restyle_keypoints(self, colours: NDArray[np.uint8] | None, texts: Sequence[str] | None) -> None:
        """Give keypoints other colours (K, 3) and labels than their own; None gives them back."""
        known, self._palette = self._palette, colours
        self.keypoints.restyle(colours, texts)
        if not np.array_equal(known, colours):  # type: ignore[arg-type]
            self.show_trails(*self._trailed)

    def set_pixel_ratio(self, pixel_ratio: float, enlarged: int = 1) -> None:
        """Change how many device pixels are in one of the user's. Enlarged pictures enlarge their bars themselves."""
        self._pixel_ratio, self._bar_scale = pixel_ratio, 1 / enlarged
        self.show_trails(*self._trailed)
        self.apply(self._settings)

    def set_theme(self, theme: Theme) -> None:
        """Change colours."""
        self._theme = theme
        self.plotter.set_background(self._background)
        self.keypoints.set_label_style(self._settings.label_size, self._foreground)
        self.landmarks.set_colour(theme.landmarks)
        self._show_skeleton()
        self._show_scalar_bars()

    def fit(self) -> None:
        """Look at the garment from the front, as a whole."""
        if self._garment is None:
            return
        self.plotter.camera_position = "xy"
        extent = np.ptp(self._garment.bounds, axis=0)
        # What lies on the ground is seen best from above.
        lies = extent[1] < LYING * extent[2]
        self.plotter.camera.azimuth, self.plotter.camera.elevation = 20, 55 if lies else 12
        self.reframe()
        self.plotter.renderer.reset_camera_clipping_range()

    def reframe(self) -> None:
        """Look at the garment as a whole from the side from which it is looked at."""
        if self._garment is not None:
            self.plotter.reset_camera(bounds=tuple(self._garment.bounds.T.ravel()), render=False)

    def look_along(self, axis: str, *, backwards: bool = False) -> None:
        """Look along an axis, x, y or z, from its positive end, or its negative one, at the whole garment."""
        direction = np.eye(3)["xyz".index(axis)] * (-1 if backwards else 1)
        up = (0, 1, 0) if axis != "y" else (0, 0, 1 if backwards else -1)
        self.plotter.view_vector(tuple(direction), viewup=up, render=False)
        self.reframe()

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
        shown = [index for index in range(len(self._shown.keypoints)) if self.keypoints.shows(index)]
        nearest = self._nearest(self._shown.keypoints[shown], x, y, within)
        return None if nearest is None else shown[nearest]

    def segment_at(self, x: float, y: float, within: float) -> int | None:
        """Index of the visible segment nearest to a display position; of equals, the strongest."""
        shown = self._shown
        if shown is None or not self.skeleton.visible:
            return None
        candidates = np.flatnonzero(self._drawn_segments(shown))
        if len(candidates) == 0:
            return None
        starts, ends = (self._on_display(shown.keypoints[shown.edges[candidates, side]]) for side in (0, 1))
        along, here = ends - starts, np.array([x, y]) - starts
        share = np.clip((here * along).sum(axis=1) / np.maximum(np.square(along).sum(axis=1), 1e-12), 0, 1)
        distances = np.linalg.norm(here - share[:, None] * along, axis=1)
        # Lines that cross are as near as each other, to a pixel.
        order = np.lexsort((-shown.strengths[candidates], np.floor(distances)))
        return int(candidates[order[0]]) if distances[order[0]] < within else None

    def probe(self, x: float, y: float, within: float) -> list[Probe]:
        """What is at a display position: a keypoint, or a segment, or places on surface and slices from near to far."""
        shown, garment = self._shown, self._garment
        if garment is None:
            return []
        keypoint = self.keypoint_at(x, y, within)
        if keypoint is not None and shown is not None:
            return [Probe("keypoint", shown.keypoints[keypoint], keypoint)]
        segment = self.segment_at(x, y, within / 2)
        if segment is not None and shown is not None:
            return [Probe("segment", shown.keypoints[shown.edges[segment]].mean(axis=0), segment)]
        near, far = self._line_of_sight(x, y)
        found = [self._on_surface(near, far) if self.surface.visible else None]
        heat = self._heat
        if heat is not None and self.slice.visible:
            found.append(on_slices(near, far, heat, self._slices))
        return sorted((probe for probe in found if probe is not None), key=lambda probe: probe.depth)

    def _on_surface(self, near: NDArray[np.float64], far: NDArray[np.float64]) -> Probe | None:
        met, garment = self._finder.meets(near, far), self._garment
        if met is None or garment is None:
            return None
        place, face, depth = met
        corners = garment.faces[face]
        barycentric = barycentric_of(place, self.surface.mesh.points[corners].astype(np.float64))
        vertex = int(corners[barycentric.argmax()])
        heat, weights = self._heat, self._weights_here
        return Probe(
            "surface", place, vertex, face, depth=depth,
            heat=None if heat is None else float(heat.at(heat.prediction.normalisation.apply(place[None]))[0]),
            weights=None if weights is None else weights.at(face, barycentric),
        )  # fmt: skip

    def _line_of_sight(self, x: float, y: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        ends = []
        for depth in (0.0, 1.0):
            self.plotter.renderer.SetDisplayPoint(x, y, depth)
            self.plotter.renderer.DisplayToWorld()
            *place, weight = self.plotter.renderer.GetWorldPoint()
            ends.append(np.array(place) / weight)
        return ends[0], ends[1]

    def landmark_at(self, x: float, y: float, within: float, frame: int) -> str:
        """Name of the visible landmark nearest to a display position; empty if there is none."""
        garment = self._garment
        if garment is None or garment.landmarks is None or not self.landmarks.visible:
            return ""
        positions = garment.landmarks.on(garment.vertices_in(frame), garment.faces)
        nearest = self._nearest(positions, x, y, within)
        return "" if nearest is None else garment.landmarks.names[nearest]

    def _nearest(self, positions: NDArray[np.float64], x: float, y: float, within: float) -> int | None:
        if len(positions) == 0:
            return None
        distances = np.linalg.norm(self._on_display(positions) - (x, y), axis=1)
        return int(distances.argmin()) if distances.min() < within else None

    def _on_display(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """(P, 2) device pixels, from the bottom left, of positions (P, 3) in file units."""
        renderer, found = self.plotter.renderer, np.empty((len(positions), 2))
        for place, position in zip(found, positions, strict=True):
            renderer.SetWorldPoint(*position, 1.0)
            renderer.WorldToDisplay()
            place[:] = renderer.GetDisplayPoint()[:2]
        return found

    def _change_projection(self, orthographic: bool) -> None:
        camera = self.plotter.camera
        # What is in the middle keeps its size.
        half = float(np.tan(np.radians(camera.GetViewAngle()) / 2))
        if orthographic:
            camera.SetParallelScale(camera.GetDistance() * half)
        else:
            camera.Dolly(camera.GetDistance() * half / max(camera.GetParallelScale(), 1e-30))
        camera.SetParallelProjection(orthographic)
        self.plotter.renderer.ResetCameraClippingRange()

    @property
    def _prediction(self) -> Prediction | None:
        return self._shown.explained if self._shown is not None else None

    @property
    def _heat(self) -> Heat | None:
        prediction = self._prediction
        if prediction is None:
            return None
        heat = Heat.of(prediction, self._slices, self._segment, self._reference)
        if self._known_heat is None or not heat.same(self._known_heat):  # one that is known has its grid at hand
            self._known_heat = heat
        return self._known_heat

    @property
    def _weights_here(self) -> Weights | None:
        prediction, garment = self._prediction, self._garment
        if self._weights is None and prediction is not None and garment is not None:
            self._weights = Weights(prediction, garment)
        return self._weights

    @property
    def _radius(self) -> float:
        return KEYPOINT_RADIUS * self._garment.diagonal if self._garment else 0.0

    @property
    def _background(self) -> tuple[float, float, float]:
        plain = {"white": (1.0, 1.0, 1.0), "black": (0.0, 0.0, 0.0)}
        return plain.get(self._settings.background, self._theme.background)

    @property
    def _foreground(self) -> tuple[float, float, float]:
        """What is read on the background."""
        contrast = {"white": LIGHT.foreground, "black": DARK.foreground}
        return contrast.get(self._settings.background, self._theme.foreground)

    def _drawn_segments(self, shown: Skeleton) -> NDArray[np.bool_]:
        """(E,): strong enough, and between keypoints that are not hidden."""
        seen = np.array([self.keypoints.shows(index) for index in range(len(shown.keypoints))])
        strong: NDArray[np.bool_] = (shown.strengths >= self._settings.strength) & seen[shown.edges].all(axis=1)
        return strong

    def _show_skeleton(self) -> None:
        if self._shown is not None:
            width = 2.5 * self._pixel_ratio
            self.skeleton.show(
                self._shown, self._foreground, width, self._radius, self._drawn_segments(self._shown)
            )  # fmt: skip

    def _colour_by_weights(self) -> None:
        keypoint, shown = self._keypoint, self._prediction
        wanted = self._settings.weights and keypoint is not None and shown is not None
        if not wanted or keypoint is None or shown is None or keypoint >= len(shown.keypoints):
            keypoint, weights = None, None
        else:
            weights = self._weights_here
        state = (shown if weights else None, keypoint)
        if state != self._coloured:
            self._coloured = state
            self.cloud.colour(None if weights is None or keypoint is None else weights.of_samples(keypoint))
            self.surface.colour(None if weights is None or keypoint is None else weights.of_vertices(keypoint))
        self._show_scalar_bars()

    def _show_scalar_bars(self) -> None:
        heat, title = self._heat, "heat\n"
        shown = heat is not None and (self.slice.visible or self.isosurface.visible or self.volume.visible)
        if heat is not None and heat.sigma is not None:
            title = f"heat if\nsigma {heat.sigma:.3g}\n"  # the font has no Greek
        if heat is not None and heat.reference is not None:
            title = "± heat\n"
        self._show_bar("heat", title, None if heat is None or not shown else (
            limits_of(heat, self._slices), colour_map_of(heat, self._slices)), 0.06)  # fmt: skip
        keypoint = self._coloured[1] if self._coloured else None
        self._show_bar(
            "weight", f"weight of {keypoint}\n", None if keypoint is None else (WEIGHT_LIMITS, WEIGHT_COLOURS), 0.5
        )

    def _show_bar(self, name: str, title: str, look: tuple[tuple[float, float], str] | None, height: float) -> None:
        """A bar of colours at the right, from a height upwards, both shares of the picture's; none without a look."""
        state = None if look is None else (title, look, self._foreground, self._bar_scale)
        if state == self._bars.get(name):
            return
        earlier = self._bars.get(name)
        if isinstance(earlier, tuple):
            self.plotter.remove_scalar_bar(earlier[0], render=False)
        self._bars[name] = state
        if look is None:
            return
        limits, colour_map = look
        mapper = pv.DataSetMapper(pv.PolyData())
        mapper.lookup_table = pv.LookupTable(colour_map, scalar_range=limits, log_scale=limits == WEIGHT_LIMITS)
        self.plotter.add_scalar_bar(
            title=title, mapper=mapper, n_labels=3, fmt="%.2g", vertical=True, color=self._foreground,
            title_font_size=round(13 * self._bar_scale), label_font_size=round(12 * self._bar_scale),
            position_x=0.9, position_y=height, width=0.06, height=0.36, unconstrained_font_size=True, render=False,
        )  # fmt: skip
