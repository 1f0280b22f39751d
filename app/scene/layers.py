"""The scene's layers. Each makes its actors once and changes their arrays in place as the garment moves."""

from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkTextActor

from app.state.field import Axis, FieldSettings
from app.state.runs import Preview
from keygrid.data.garment import Garment
from keygrid.palette import colours
from keygrid.prediction import Prediction, heatmap

Floats = NDArray[np.float64]

SURFACE_COLOUR = "#ccd6e2"
CLOUD_COLOUR = "#5b7ea6"
RECONSTRUCTION_COLOUR = "#c2569b"
SELECTION_COLOUR = "#ff2d8b"

KEYPOINT_RADIUS = 0.012
"""Of a keypoint's sphere, as a share of the garment's diagonal."""

SLICE_RESOLUTION = 96
"""Samples along each side of the slice's square."""

SLICE_COLOURS = "inferno"
SLICE_OPACITY = (0.07, 0.6, 0.8, 0.88, 0.92)
"""From no heat to full heat, so that the garment shows through where there is none."""


class Layer:
    """Actors that are shown and hidden together.

    Args:
        plotter: where they are drawn.
        name: of the layer, unique in the plotter.
    """

    def __init__(self, plotter: pv.BasePlotter, name: str) -> None:
        self._plotter: Any = plotter
        self._name = name
        self._actors: list[Any] = []
        self._visible = True
        self._blank = False

    @property
    def visible(self) -> bool:
        """Whether the layer is switched on; it may still be empty."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        self._visible = visible
        self._apply_visibility()

    @property
    def blank(self) -> bool:
        """Whether what is drawn does not hold now: it is hidden, and kept for what comes next."""
        return self._blank

    @blank.setter
    def blank(self, blank: bool) -> None:
        self._blank = blank
        self._apply_visibility()

    def clear(self) -> None:
        """Remove what is drawn."""
        for actor in self._actors:
            self._plotter.remove_actor(actor, render=False)
        self._actors = []

    def _apply_visibility(self) -> None:
        for actor in self._actors:
            actor.SetVisibility(self._visible and not self._blank)

    def _add(self, mesh: pv.DataSet, **style: Any) -> Any:
        actor = self._plotter.add_mesh(mesh, reset_camera=False, render=False, pickable=False, **style)
        return self._keep(actor)

    def _keep(self, actor: Any) -> Any:
        actor.SetVisibility(self._visible and not self._blank)
        self._actors.append(actor)
        return actor


class SurfaceLayer(Layer):
    """The garment's triangles, a little transparent so that keypoints between its sides are seen."""

    def __init__(self, plotter: pv.BasePlotter, name: str, opacity: float = 0.6) -> None:
        super().__init__(plotter, name)
        self._opacity = opacity

    def show(self, garment: Garment, vertices: Floats | None = None) -> None:
        """Draw a surface, its vertices at `vertices` (V, 3) if given; nothing for a cloud."""
        self.clear()
        if garment.is_cloud:
            return
        mesh = pv.PolyData.from_regular_faces(garment.vertices, garment.faces)  # type: ignore[arg-type]
        # Triangles that are wound alike have normals that agree; how they are wound does not change as they move.
        self._mesh = mesh.compute_normals(cell_normals=False, split_vertices=False, consistent_normals=True)
        self._faces = self._mesh.regular_faces
        self._mesh.point_data.active_normals_name = "Normals"
        actor = self._add(self._mesh, color=SURFACE_COLOUR, opacity=self._opacity, ambient=0.15)
        actor.prop.interpolation = "phong"
        self.move(garment.vertices if vertices is None else vertices)

    def move(self, vertices: Floats) -> None:
        """Move the vertices to (V, 3), file units, in place."""
        if self._actors:
            self._mesh.points = vertices
            self._mesh.point_data["Normals"][:] = vertex_normals(vertices, self._faces)
            self._mesh.GetPointData().GetNormals().Modified()


def vertex_normals(vertices: Floats, faces: NDArray[np.integer]) -> Floats:
    """(V, 3): unit normals, each the mean of its triangles' normals weighted by their areas."""
    corners = vertices[faces]  # [F, 3, 3]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    triangle_of_corner = np.repeat(across, 3, axis=0)
    sums = [np.bincount(faces.ravel(), triangle_of_corner[:, axis], len(vertices)) for axis in range(3)]
    normals = np.stack(sums, axis=1)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)


class PointsLayer(Layer):
    """A cloud in one colour."""

    _mesh: pv.PolyData

    def __init__(self, plotter: pv.BasePlotter, name: str, colour: str) -> None:
        super().__init__(plotter, name)
        self._colour = colour

    def show(self, points: Floats) -> None:
        """Draw points (N, 3), file units; in place where there are as many as before."""
        if self._actors and self._mesh.n_points == len(points):
            self._mesh.points = points
            return
        self.clear()
        self._mesh = pv.PolyData(points)
        self._add(self._mesh, color=self._colour, point_size=4, style="points", lighting=False)


class KeypointLayer(Layer):
    """Numbered spheres, and a ring around the selected one."""

    _positions: Floats = np.empty((0, 3))
    _radius = 0.0
    _selected: int | None = None

    def show(self, shown: Prediction | Preview, radius: float) -> None:
        """Draw keypoints as spheres of `radius`, file units; in place where there are as many as before."""
        positions = shown.keypoints
        if not self._actors or (len(positions), radius) != (len(self._positions), self._radius):
            self._make(positions, radius)
        self._positions = positions
        self._spheres.points = (positions[:, None] + self._sphere).reshape(-1, 3)
        for label, position in zip(self._labels, positions, strict=True):
            label.GetPositionCoordinate().SetValue(position.tolist())
        self.select(self._selected)

    def _make(self, positions: Floats, radius: float) -> None:
        self.clear()
        self._radius, self._selected = radius, None
        points = pv.PolyData(positions)
        points["colour"] = colours(len(positions))
        sphere = pv.Sphere(radius=radius, theta_resolution=20, phi_resolution=20)
        self._sphere = np.asarray(sphere.points, dtype=np.float64)
        self._spheres = points.glyph(geom=sphere, scale=False, orient=False)
        draw_in_front(self._add(self._spheres, scalars="colour", rgb=True, ambient=0.35))
        self._labels = [self._label(f"  {i}") for i in range(len(positions))]  # spaces keep it clear of its sphere
        halo = pv.Sphere(radius=1.7 * radius, theta_resolution=32, phi_resolution=32)
        # Its near side, which would hide the keypoint, is left out: a ring is seen.
        self._halo = self._add(halo, color=SELECTION_COLOUR, lighting=False, culling="front")
        draw_in_front(self._halo)

    def select(self, keypoint: int | None) -> None:
        """Mark one keypoint, or none."""
        if not self._actors:
            return
        # A preview may have fewer of them than the prediction in which it was selected.
        self._selected = keypoint if keypoint is not None and keypoint < len(self._positions) else None
        if self._selected is not None:
            self._halo.SetPosition(self._positions[self._selected])
        self._apply_visibility()

    def set_label_style(self, size: int, colour: tuple[float, float, float]) -> None:
        """Font size in pixels, and the text's colour."""
        self._style = size, colour
        for label in getattr(self, "_labels", ()):
            self._apply_style(label)

    def _apply_visibility(self) -> None:
        super()._apply_visibility()
        if self._actors and self._selected is None:
            self._halo.SetVisibility(False)

    def _label(self, text: str) -> Any:
        label = vtkTextActor()
        label.SetInput(text)
        label.GetPositionCoordinate().SetCoordinateSystemToWorld()
        self._apply_style(label)
        self._plotter.add_actor(label, reset_camera=False, render=False, pickable=False)
        return self._keep(label)

    def _apply_style(self, label: Any) -> None:
        size, colour = self._style
        text = label.GetTextProperty()
        text.SetFontFamilyToArial()
        text.SetFontSize(size)
        text.SetBold(True)
        text.SetColor(colour)
        text.SetShadow(True)  # light numbers are read on light cloth, and dark ones on dark
        text.SetVerticalJustificationToBottom()


def draw_in_front(actor: Any) -> None:
    """Let nothing but its like hide the actor: most keypoints lie between the sides of a garment."""
    # All depths shrink towards the eye but keep their order, so that near spheres and lines still hide far ones.
    shader = actor.GetShaderProperty()
    shader.AddFragmentShaderReplacement("//VTK::Depth::Impl", True, "gl_FragDepth = 0.01 * gl_FragCoord.z;\n", False)


class SkeletonLayer(Layer):
    """Segments between keypoints, as opaque as they are strong."""

    def show(self, shown: Prediction | Preview, colour: tuple[float, float, float], width: float, gap: float) -> None:
        """Draw the skeleton in `colour`, lines `width` pixels wide that end `gap` (file units) before the keypoints."""
        starts, ends = shown.keypoints[shown.edges.T]  # [E, 3]
        lengths = np.linalg.norm(ends - starts, axis=1, keepdims=True)
        inset = (ends - starts) * np.minimum(gap / np.maximum(lengths, 1e-30), 0.5)
        points = np.stack([starts + inset, ends - inset], axis=1).reshape(-1, 3)
        rgba = np.tile(np.append(np.multiply(colour, 255), 0), (len(shown.edges), 1)).astype(np.uint8)
        rgba[:, 3] = 255 * np.clip(shown.strengths, 0.06, 1)
        if not self._actors or self._lines.n_points != len(points):
            self._make(points, rgba, width)
        self._lines.points = points
        self._lines.cell_data["colour"] = rgba

    def _make(self, points: Floats, rgba: NDArray[np.uint8], width: float) -> None:
        self.clear()
        self._lines = pv.PolyData(points, lines=np.insert(np.arange(len(points)), range(0, len(points), 2), 2))
        self._lines.cell_data["colour"] = rgba
        draw_in_front(self._add(self._lines, scalars="colour", rgb=True, line_width=width, lighting=False))


class SliceLayer(Layer):
    """The heatmap on a plane across the network's cube, with a colour bar of fixed limits."""

    _prediction: Prediction
    _field: FieldSettings

    def show(self, prediction: Prediction, field: FieldSettings) -> None:
        """Draw the plane that is chosen; in place where its colours stay the same."""
        same_colours = bool(self._actors) and self.limits(prediction) == self.limits(self._prediction)
        self._prediction = prediction
        if not same_colours:
            self._make(prediction)
        self.move(field)

    def _make(self, prediction: Prediction) -> None:
        self.clear()
        side = SLICE_RESOLUTION
        self._plane = pv.Plane(i_resolution=side - 1, j_resolution=side - 1)
        self._plane.point_data["heat"] = np.zeros(side * side)
        self._add(
            self._plane, scalars="heat", cmap=SLICE_COLOURS, clim=self.limits(prediction), opacity=list(SLICE_OPACITY),
            lighting=False, show_scalar_bar=False, interpolate_before_map=True,
        )  # fmt: skip
        self._frame = pv.PolyData(np.zeros((4, 3)), lines=[5, 0, 1, 2, 3, 0])
        self._add(self._frame, color="#888888", line_width=1, lighting=False)

    @staticmethod
    def limits(prediction: Prediction) -> tuple[float, float]:
        """The colours' ends, which do not depend on the plane: a nearest-segment heatmap lies between 0 and 1."""
        if prediction.field.distance == "nearest":
            return 0.0, 1.0
        return 0.0, float(prediction.grid_heatmap.max())

    def move(self, field: FieldSettings) -> None:
        """Evaluate the heatmap on another plane, in place: now, or when the layer is switched on."""
        self._field = field
        if not self._actors or not self._visible:
            return
        points = slice_points("z" if field.plane == "free" else field.plane, field.position, SLICE_RESOLUTION)
        in_file_units = self._prediction.normalisation.invert(points)
        self._plane.points = in_file_units
        self._plane.point_data["heat"] = heatmap(points, self._prediction)
        corners = np.array(
            [0, SLICE_RESOLUTION - 1, SLICE_RESOLUTION**2 - 1, SLICE_RESOLUTION * (SLICE_RESOLUTION - 1)]
        )
        self._frame.points = in_file_units[corners]

    def _apply_visibility(self) -> None:
        if self._visible and self._actors and not self._blank and not self._actors[0].GetVisibility():
            self.move(self._field)
        super()._apply_visibility()


def slice_points(axis: Axis, position: float, resolution: int) -> Floats:
    """(resolution^2, 3) positions on the plane across [-1, 1]^3, normalised; the axis after `axis` runs fastest."""
    normal = "xyz".index(axis)
    steps = np.linspace(-1, 1, resolution)
    points = np.empty((resolution**2, 3))
    points[:, normal] = position
    points[:, (normal + 1) % 3] = np.tile(steps, resolution)
    points[:, (normal + 2) % 3] = np.repeat(steps, resolution)
    return points
