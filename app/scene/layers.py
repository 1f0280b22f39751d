"""The scene's layers. Each makes its actors once and changes their arrays in place as the garment moves."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkTextActor

from keygrid.data.garment import Garment
from keygrid.palette import colours
from keygrid.prediction import Skeleton

Floats = NDArray[np.float64]

SURFACE_COLOUR = "#ccd6e2"
CLOUD_COLOUR = "#5b7ea6"
RECONSTRUCTION_COLOUR = "#c2569b"
SELECTION_COLOUR = "#ff2d8b"

DASHES = 12
"""Of the line along which two keypoints are measured."""

KEYPOINT_RADIUS = 0.012
"""Of a keypoint's sphere, as a share of the garment's diagonal."""

WEIGHT_COLOURS = "YlGnBu"
"""Of a keypoint's weights: other ones than the heatmap's, and pale where there is next to none, as cloth is."""
WEIGHT_LIMITS = (1e-6, 1.0)
"""Of weights as shares of the largest, on a logarithmic scale: they fall off as an exponential does."""
WEIGHT_STYLE: dict[str, Any] = {
    "scalars": "weight", "cmap": WEIGHT_COLOURS, "clim": WEIGHT_LIMITS, "log_scale": True, "show_scalar_bar": False,
}  # fmt: skip


_ORDERS: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""Of actors, the order of their layers."""


class Layer:
    """Actors that are shown and hidden together.

    Args:
        plotter: where they are drawn.
        name: of the layer, unique in the plotter.
    """

    order = 9
    """What is translucent is blended in this order, whenever it was made: first the garment, then what is on it."""

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
        self._put_in_order(actor)
        return actor

    def _put_in_order(self, actor: Any) -> None:
        _ORDERS[actor] = self.order
        props = self._plotter.renderer.GetViewProps()
        props.RemoveItem(actor)
        later = [_ORDERS.get(props.GetItemAsObject(i), 9) > self.order for i in range(props.GetNumberOfItems())]
        if any(later):
            props.InsertItem(later.index(True) - 1, actor)
        else:
            props.AddItem(actor)


class _WeighedLayer(Layer):
    """One mesh, in one colour or coloured by weights of its points."""

    _mesh: Any
    _values: Floats | None = None

    def _make(self) -> None:
        raise NotImplementedError

    def _style(self, colour: str) -> dict[str, Any]:
        """How the mesh is coloured now."""
        if self._values is None:
            return {"color": colour}
        self._mesh.point_data["weight"] = self._values
        return WEIGHT_STYLE

    def colour(self, values: Floats | None) -> None:
        """Colour the points by values (N,) from 0 to 1, or all alike; values for other points are passed over."""
        if not self._actors or (values is not None and len(values) != self._mesh.n_points):
            return
        known, self._values = self._values, values
        if known is not None and values is not None:
            self._mesh.point_data["weight"] = values
        elif known is not values:
            self._make()


class SurfaceLayer(_WeighedLayer):
    """The garment's triangles, a little transparent so that keypoints between its sides are seen."""

    order = 0
    _actor: Any

    def __init__(self, plotter: pv.BasePlotter, name: str, opacity: float = 0.6) -> None:
        super().__init__(plotter, name)
        self._opacity = opacity

    @property
    def mesh(self) -> Any:
        """What is drawn, as VTK has it, its cells in the order of the garment's triangles; None if nothing is."""
        return self._mesh if self._actors else None

    def show(self, garment: Garment, vertices: Floats | None = None) -> None:
        """Draw a surface, its vertices at `vertices` (V, 3) if given; nothing for a cloud."""
        self.clear()
        self._values = None  # they were another garment's
        if garment.is_cloud:
            return
        mesh = pv.PolyData.from_regular_faces(garment.vertices, garment.faces)  # type: ignore[arg-type]
        # Triangles that are wound alike have normals that agree; how they are wound does not change as they move.
        self._mesh = mesh.compute_normals(cell_normals=False, split_vertices=False, consistent_normals=True)
        self._faces = self._mesh.regular_faces
        self._mesh.point_data.active_normals_name = "Normals"
        self._make()
        self.move(garment.vertices if vertices is None else vertices)

    def _make(self) -> None:
        self.clear()
        self._actor = self._add(self._mesh, opacity=self._opacity, ambient=0.15, **self._style(SURFACE_COLOUR))
        self._actor.prop.interpolation = "phong"

    def set_opacity(self, opacity: float) -> None:
        """From 0 to 1."""
        self._opacity = opacity
        if self._actors:
            self._actor.prop.opacity = opacity

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


class PointsLayer(_WeighedLayer):
    """A cloud."""

    def __init__(self, plotter: pv.BasePlotter, name: str, colour: str) -> None:
        super().__init__(plotter, name)
        self._colour, self._size = colour, 4.0

    def show(self, points: Floats) -> None:
        """Draw points (N, 3), file units; in place where there are as many as before."""
        if self._actors and self._mesh.n_points == len(points):
            self._mesh.points = points
            return
        self._mesh, self._values = pv.PolyData(points), None
        self._make()

    def _make(self) -> None:
        self.clear()
        style = self._style(self._colour)
        self._add(self._mesh, point_size=self._size, style="points", lighting=False, **style)

    def set_size(self, size: float) -> None:
        """Of a point, in device pixels."""
        self._size = size
        for actor in self._actors:
            actor.prop.point_size = size


class KeypointLayer(Layer):
    """Numbered spheres, a ring around the selected one, and a wider one around that to which it is measured."""

    _positions: Floats = np.empty((0, 3))
    _radius = 0.0
    _selected: int | None = None
    _other: int | None = None
    _hidden: frozenset[int] = frozenset()
    _colours: NDArray[np.uint8] | None = None
    _texts: Sequence[str] | None = None

    def show(self, shown: Skeleton, radius: float) -> None:
        """Draw keypoints as spheres of `radius`, file units; in place where there are as many as before."""
        positions = shown.keypoints
        if not self._actors or (len(positions), radius) != (len(self._positions), self._radius):
            self._make(positions, radius)
        self._positions = positions
        self._place()
        self.select(self._selected, self._other)

    def restyle(self, chosen: NDArray[np.uint8] | None, texts: Sequence[str] | None) -> None:
        """Give keypoints other colours (K, 3) and labels than their own, or None to give them back."""
        self._colours, self._texts = chosen, texts
        if self._actors:
            self._paint()

    def hide(self, hidden: frozenset[int]) -> None:
        """Show all keypoints but these."""
        if hidden != self._hidden:
            self._hidden = hidden
            if self._actors:
                self._place()
                self._apply_visibility()

    def shows(self, keypoint: int) -> bool:
        """Whether one is not hidden."""
        return keypoint not in self._hidden

    def select(self, keypoint: int | None, other: int | None = None) -> None:
        """Mark one keypoint, or none, and one to which it is measured."""
        if not self._actors:
            return
        # A preview may have fewer of them than the prediction in which it was selected.
        count = len(self._positions)
        self._selected = keypoint if keypoint is not None and keypoint < count else None
        self._other = other if other is not None and other < count else None
        for ring, index in ((self._halo, self._selected), (self._second, self._other)):
            if index is not None:
                ring.SetPosition(self._positions[index])
        self._apply_visibility()

    def set_label_style(self, size: int, colour: tuple[float, float, float]) -> None:
        """Font size in pixels, and the text's colour."""
        self._style = size, colour
        for label in getattr(self, "_labels", ()):
            self._apply_style(label)

    def _make(self, positions: Floats, radius: float) -> None:
        self.clear()
        self._radius, self._selected, self._other = radius, None, None
        points = pv.PolyData(positions)
        sphere = pv.Sphere(radius=radius, theta_resolution=20, phi_resolution=20)
        self._sphere = np.asarray(sphere.points, dtype=np.float64)
        points["colour"] = colours(len(positions))
        self._spheres = points.glyph(geom=sphere, scale=False, orient=False)
        draw_in_front(self._add(self._spheres, scalars="colour", rgb=True, ambient=0.35))
        self._labels = [self._label("") for _ in positions]
        self._halo = self._ring(1.7 * radius)
        self._second = self._ring(1.45 * radius)
        self._positions = positions
        self._paint()

    def _paint(self) -> None:
        count = len(self._positions)
        chosen = self._colours
        if chosen is None or len(chosen) != count:
            chosen = colours(count)
        self._spheres.point_data["colour"] = np.repeat(chosen, len(self._sphere), axis=0)
        for index, label in enumerate(self._labels):
            text = self._texts[index] if self._texts is not None and len(self._texts) == count else str(index)
            label.SetInput(f"  {text}")  # spaces keep it clear of its sphere

    def _place(self) -> None:
        # A sphere without a size is not seen, and the arrays stay as they are.
        sizes = np.array([float(self.shows(index)) for index in range(len(self._positions))])
        self._spheres.points = (self._positions[:, None] + sizes[:, None, None] * self._sphere).reshape(-1, 3)
        for label, position in zip(self._labels, self._positions, strict=True):
            label.GetPositionCoordinate().SetValue(position.tolist())

    def _apply_visibility(self) -> None:
        super()._apply_visibility()
        if not self._actors:
            return
        shown = self._visible and not self._blank
        for ring, index in ((self._halo, self._selected), (self._second, self._other)):
            ring.SetVisibility(shown and index is not None and self.shows(index))
        for index, label in enumerate(self._labels):
            label.SetVisibility(shown and self.shows(index))

    def _ring(self, radius: float) -> Any:
        ball = pv.Sphere(radius=radius, theta_resolution=32, phi_resolution=32)
        # Its near side, which would hide the keypoint, is left out: a ring is seen.
        ring = self._add(ball, color=SELECTION_COLOUR, lighting=False, culling="front")
        draw_in_front(ring)
        return ring

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
    """Segments between keypoints, as opaque as they are strong; the selected one is marked."""

    order = 3

    def show(
        self, shown: Skeleton, colour: tuple[float, float, float], width: float, gap: float,
        strongest: NDArray[np.bool_] | None = None,
    ) -> None:  # fmt: skip
        """Draw the skeleton.

        Args:
            shown: has its segments.
            colour: of the lines.
            width: of the lines, in pixels.
            gap: how long before the keypoints lines end, file units.
            strongest: (E,), whether a segment is drawn; all are if not given.
        """
        starts, ends = shown.keypoints[shown.edges.T]  # [E, 3]
        lengths = np.linalg.norm(ends - starts, axis=1, keepdims=True)
        inset = (ends - starts) * np.minimum(gap / np.maximum(lengths, 1e-30), 0.5)
        points = np.stack([starts + inset, ends - inset], axis=1)
        rgba = np.tile(np.append(np.multiply(colour, 255), 0), (len(shown.edges), 1)).astype(np.uint8)
        rgba[:, 3] = 255 * np.clip(shown.strengths, 0.06, 1)
        if strongest is not None:
            points[~strongest, 1] = points[~strongest, 0]  # without a length it is not seen
            rgba[~strongest, 3] = 0
        if not self._actors or self._lines.n_points != 2 * len(points):
            self._make(points.reshape(-1, 3), rgba, width)
        self._actors[0].prop.line_width, self._mark.prop.line_width = width, 2 * width
        self._lines.points = points.reshape(-1, 3)
        self._lines.cell_data["colour"] = rgba
        self._ends = np.stack([starts, ends], axis=1)
        self.select(self._selected)

    _selected: int | None = None
    _ends: Floats = np.empty((0, 2, 3))

    def select(self, segment: int | None) -> None:
        """Mark one segment, or none; a marked one is seen even if it is weak."""
        if not self._actors:
            return
        self._selected = segment if segment is not None and segment < len(self._ends) else None
        if self._selected is not None:
            self._marked.points = self._ends[self._selected]
        self._apply_visibility()

    def _apply_visibility(self) -> None:
        super()._apply_visibility()
        if self._actors and self._selected is None:
            self._mark.SetVisibility(False)

    def _make(self, points: Floats, rgba: NDArray[np.uint8], width: float) -> None:
        self.clear()
        self._selected = None
        self._lines = pv.PolyData(points, lines=np.insert(np.arange(len(points)), range(0, len(points), 2), 2))
        self._lines.cell_data["colour"] = rgba
        self._marked = pv.PolyData(np.zeros((2, 3)), lines=[2, 0, 1])
        draw_in_front(self._add(self._lines, scalars="colour", rgb=True, line_width=width, lighting=False))
        self._mark = self._add(self._marked, color=SELECTION_COLOUR, line_width=2 * width, lighting=False)
        draw_in_front(self._mark)


class MeasureLayer(Layer):
    """A dashed line between two keypoints, and how long it is."""

    _label: Any = None

    def show(self, start: Floats, end: Floats, text: str, style: tuple[int, tuple[float, float, float]]) -> None:
        """Draw the line from `start` to `end`, (3,) in file units, with a text of a size and a colour at its middle."""
        dashes = np.linspace(start, end, 2 * DASHES)
        if self._label is None:
            self._make(dashes)
        self._lines.points = dashes
        size, colour = style
        self._label.SetInput(text)
        self._label.GetPositionCoordinate().SetValue(((start + end) / 2).tolist())
        properties = self._label.GetTextProperty()
        properties.SetFontSize(size)
        properties.SetColor(colour)
        properties.SetBackgroundColor(tuple(1 - part for part in colour))

    def clear(self) -> None:
        super().clear()
        self._label = None

    def _make(self, dashes: Floats) -> None:
        self._lines = pv.PolyData(dashes, lines=np.insert(np.arange(len(dashes)), range(0, len(dashes), 2), 2))
        draw_in_front(self._add(self._lines, color=SELECTION_COLOUR, line_width=3, lighting=False))
        self._label = vtkTextActor()
        self._label.GetPositionCoordinate().SetCoordinateSystemToWorld()
        text = self._label.GetTextProperty()
        text.SetFontFamilyToArial()
        text.SetBold(True)
        text.SetJustificationToCentered()
        text.SetBackgroundOpacity(0.75)
        self._plotter.add_actor(self._label, reset_camera=False, render=False, pickable=False)
        self._keep(self._label)


class MarkLayer(Layer):
    """A small cross at the place that was picked."""

    def show(self, position: Floats | None, size: float) -> None:
        """Mark a position (3,), file units, with arms of length `size`; None for none."""
        if position is None:
            self.clear()
            return
        arms = np.concatenate([position - size * np.eye(3), position + size * np.eye(3)])
        if not self._actors:
            self._cross = pv.PolyData(arms, lines=[2, 0, 3, 2, 1, 4, 2, 2, 5])
            draw_in_front(self._add(self._cross, color=SELECTION_COLOUR, line_width=3, lighting=False))
        self._cross.points = arms
