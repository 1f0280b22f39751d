"""The heatmap in the scene: on planes, where it has one value, and as a cloud of light."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pyvista as pv

from app.scene.layers import Floats, Layer
from app.state.slices import Axis, Plane, SliceSettings
from keygrid.prediction import Prediction, heatmap, heatmap_grid

OPACITY = (0.07, 0.6, 0.8, 0.88, 0.92)
"""Of a slice, from no heat to full heat, so that the garment shows through where there is none."""

DIVERGING = "coolwarm"
DIVERGING_OPACITY = (0.92, 0.85, 0.07, 0.85, 0.92)
"""Of a slice that shows a difference, from less to more heat."""

_AROUND = [0, 1, 3, 3, 2, 2]
"""A square's corners in the order of its outline, which has six."""

VOLUME_OPACITY = (0.0, 0.1, 0.3, 0.6, 0.9)

VOLUME_RESOLUTION = 48
"""Samples along each side of the cube: finer, and software takes longer than a frame may to draw them."""


@dataclass(frozen=True, eq=False)
class Heat:
    """The heatmap that is shown. E segments.

    Attributes:
        prediction: whose it is; it has an explanation, and so has the reference.
        reference: the prediction whose heatmap is subtracted, if any.
        segments: indices of those that contribute; None for all.
        sigma: width of the heatmap, normalised; None for the one that the model used.
    """

    prediction: Prediction
    reference: Prediction | None = None
    segments: tuple[int, ...] | None = None
    sigma: float | None = None

    @classmethod
    def of(
        cls,
        prediction: Prediction,
        slices: SliceSettings,
        segment: int | None = None,
        reference: Prediction | None = None,
    ) -> "Heat":
        """What is to be shown of a prediction, one of whose segments may be selected."""
        single = (segment,) if slices.single and segment is not None and reference is None else None
        return cls(prediction, reference, single, slices.sigma)

    def same(self, other: "Heat") -> bool:
        """Whether both are of the same predictions, in the same way."""
        predictions = self.prediction is other.prediction and self.reference is other.reference
        return predictions and (self.segments, self.sigma) == (other.segments, other.sigma)

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The least and the most that there can be, wherever one looks."""
        high = self.prediction.most_heat
        if self.reference is None:
            return 0.0, high
        high = max(high, self.reference.most_heat)
        return -high, high

    @cached_property
    def most(self) -> float:
        """The largest value of this heatmap; for nearest segments, the strength of the strongest that contributes."""
        if self.prediction.explain().heatmap.distance != "nearest":
            return self.limits[1]
        strengths = [self.prediction.strengths[list(self.segments)] if self.segments else self.prediction.strengths]
        if self.reference is not None:
            strengths.append(self.reference.strengths)
        return float(max(found.max(initial=0) for found in strengths))

    def at(self, points: Floats) -> Floats:
        """(P,): at points (P, 3), normalised."""
        found = heatmap(points, self.prediction, segments=self.segments, sigma_squared=self._sigma_squared)
        if self.reference is not None:
            theirs = self.reference.normalisation.apply(self.prediction.normalisation.invert(points))
            found -= heatmap(theirs, self.reference, sigma_squared=self._sigma_squared)
        return found

    def on_grid(self, shape: tuple[int, int, int]) -> Floats:
        """(X, Y, Z): on a regular grid over [-1, 1] on each axis."""
        if self.reference is not None:
            axes = [np.linspace(-1, 1, count) for count in shape]
            return self.at(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)).reshape(shape)
        return heatmap_grid(self.prediction, shape, segments=self.segments, sigma_squared=self._sigma_squared)

    @cached_property
    def cells(self) -> Floats:
        """(X, Y, Z): in the cells of the decoder's grid."""
        return self.on_grid(self.prediction.explain().heatmap.grid)

    def in_cells(self, points: Floats) -> Floats:
        """(P,): of the cell that each of some points (P, 3), normalised, is in."""
        last = np.array(self.cells.shape) - 1
        x, y, z = np.clip(np.rint((points + 1) / 2 * last), 0, last).astype(np.int64).T
        return self.cells[x, y, z]

    def on_plane(self, points: Floats, slices: SliceSettings) -> Floats:
        """(P,): as slices show it, continuous or in cells; NaN beyond the cube, where a free plane may reach."""
        values = self.in_cells(points) if slices.cells else self.at(points)
        values[(np.abs(points) > 1 + 1e-9).any(axis=1)] = np.nan
        return values

    @property
    def _sigma_squared(self) -> float | None:
        return None if self.sigma is None else self.sigma**2


def limits_of(heat: Heat, slices: SliceSettings) -> tuple[float, float]:
    """The colours' ends: those that were chosen, or those of the whole heatmap, wherever the planes are.

    Those of a difference are as far from zero as each other, so that its middle colour is where there is none.
    """
    if heat.reference is None:
        return slices.limits or slices.whole or heat.limits
    high = heat.limits[1] if slices.limits is None else max(abs(limit) for limit in slices.limits)
    return -high, high


def colour_map_of(heat: Heat, slices: SliceSettings) -> str:
    """A difference has two directions, so its colours have, too."""
    return slices.colour_map if heat.reference is None else DIVERGING


class _Sheet:
    """One plane's square and its outline."""

    def __init__(self, resolution: int) -> None:
        self.resolution = resolution
        self.mesh = pv.Plane(i_resolution=resolution - 1, j_resolution=resolution - 1)
        self.mesh.point_data["heat"] = np.zeros(resolution**2)
        self.outline = pv.PolyData(np.zeros((6, 3)), lines=[7, 0, 1, 2, 3, 4, 5, 0])
        self.actors: list[Any] = []


class _HeatLayer(Layer):
    """Something that is made of the heatmap, and evaluated only while the layer is switched on."""

    order = 1
    _heat: Heat | None = None
    _slices: SliceSettings

    def show(self, heat: Heat, slices: SliceSettings) -> None:
        """Draw it: now, or when the layer is switched on."""
        self._heat, self._slices = heat, replace(slices)
        if self._visible:
            self._draw(heat, slices)

    def clear(self) -> None:
        super().clear()
        self._heat = None

    def _draw(self, heat: Heat, slices: SliceSettings) -> None:
        raise NotImplementedError

    @property
    def visible(self) -> bool:
        """Whether the layer is switched on."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        was, self._visible = self._visible, visible
        if visible and not was and self._heat is not None:
            self._draw(self._heat, self._slices)
        self._apply_visibility()


class SliceLayer(_HeatLayer):
    """The heatmap on planes across the network's cube, in place where colours stay."""

    _style: tuple[object, ...] = ()

    def __init__(self, plotter: pv.BasePlotter, name: str) -> None:
        super().__init__(plotter, name)
        self._sheets: dict[Plane, _Sheet] = {}

    def _draw(self, heat: Heat, slices: SliceSettings) -> None:
        style = limits_of(heat, slices), colour_map_of(heat, slices), slices.resolution
        if style != self._style:
            self.clear()
            self._heat, self._style = heat, style
        for plane in slices.planes:
            if plane not in self._sheets:
                self._make(plane, heat, slices)
            self._cut(plane, self._sheets[plane], heat, slices)
        self._apply_visibility()

    def clear(self) -> None:
        super().clear()
        self._sheets, self._style = {}, ()

    def _make(self, plane: Plane, heat: Heat, slices: SliceSettings) -> None:
        sheet = self._sheets[plane] = _Sheet(slices.resolution)
        opacity = OPACITY if heat.reference is None else DIVERGING_OPACITY
        surface = self._add(
            sheet.mesh, scalars="heat", cmap=colour_map_of(heat, slices), clim=limits_of(heat, slices),
            opacity=list(opacity), lighting=False, show_scalar_bar=False, interpolate_before_map=True, nan_opacity=0,
        )  # fmt: skip
        sheet.actors = [surface, self._add(sheet.outline, color="#888888", line_width=1, lighting=False)]

    def _cut(self, plane: Plane, sheet: _Sheet, heat: Heat, slices: SliceSettings) -> None:
        points = plane_points(plane, slices)
        corners = free_corners(slices) if plane == "free" else slice_points(plane, getattr(slices, plane), 2)[_AROUND]
        values = heat.on_plane(points, slices)
        invert = heat.prediction.normalisation.invert
        sheet.mesh.points = invert(points)
        sheet.mesh.point_data["heat"] = values
        sheet.outline.points = invert(corners)

    def _apply_visibility(self) -> None:
        shown = self._visible and not self._blank
        for plane, sheet in self._sheets.items():
            for actor in sheet.actors:
                actor.SetVisibility(shown and plane in self._slices.planes)


class _GridLayer(_HeatLayer):
    """Something that is made of the heatmap on a regular grid: moving a plane changes nothing in it."""

    _drawn: tuple[object, ...] = ()

    def clear(self) -> None:
        super().clear()
        self._drawn = ()

    def _draw(self, heat: Heat, slices: SliceSettings) -> None:
        drawn = heat, slices.limits, slices.whole, slices.colour_map, slices.level
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw_anew(heat, slices)
        self._apply_visibility()

    def _draw_anew(self, heat: Heat, slices: SliceSettings) -> None:
        raise NotImplementedError


class IsosurfaceLayer(_GridLayer):
    """Where the heatmap has the chosen level; of a difference, where it is as much more and as much less."""

    _mesh: pv.PolyData
    _style: tuple[object, ...] = ()
    _known: tuple[Heat, pv.ImageData] | None = None

    def clear(self) -> None:
        super().clear()
        self._style, self._known = (), None

    def _draw_anew(self, heat: Heat, slices: SliceSettings) -> None:
        if self._known is None or self._known[0] is not heat:
            self._known = heat, image(heat)
        low, high = limits_of(heat, slices)
        level = slices.level * heat.most
        levels = [level] if heat.reference is None else [-level, level]
        found = self._known[1].contour(levels, scalars="heat")
        style = (low, high), colour_map_of(heat, slices)
        if style != self._style:
            for actor in self._actors:
                self._plotter.remove_actor(actor, render=False)
            self._actors, self._style = [], style
            self._mesh = pv.PolyData(np.zeros((3, 3)), [3, 0, 1, 2])
            self._mesh.point_data["heat"] = np.zeros(3)
            self._add(
                self._mesh, scalars="heat", cmap=style[1], clim=style[0], opacity=0.4, smooth_shading=False,
                show_scalar_bar=False, ambient=0.3,
            )  # fmt: skip
        self.blank = found.n_points == 0
        if found.n_points:
            self._mesh.copy_from(found)


class VolumeLayer(_GridLayer):
    """The heatmap everywhere at once, the denser the hotter."""

    _image: pv.ImageData
    _style: tuple[object, ...] = ()

    def clear(self) -> None:
        super().clear()
        self._style = ()

    def _draw_anew(self, heat: Heat, slices: SliceSettings) -> None:
        found = image(heat)
        style = limits_of(heat, slices), colour_map_of(heat, slices)
        if style != self._style:
            for actor in self._actors:
                self._plotter.remove_actor(actor, render=False)
            self._actors, self._style = [], style
            opacity = VOLUME_OPACITY if heat.reference is None else (*VOLUME_OPACITY[:0:-1], *VOLUME_OPACITY)
            scale = np.linspace(0, 1, 256)
            self._keep(
                self._plotter.add_volume(
                    found, scalars="heat", cmap=style[1], clim=style[0], mapper="gpu", show_scalar_bar=False,
                    opacity=np.interp(scale, np.linspace(0, 1, len(opacity)), opacity) * 255,
                    opacity_unit_distance=_unit(found), reset_camera=False, render=False,
                    pickable=False, name=self._name,
                )
            )  # fmt: skip
            self._actors[0].prop.interpolation_type = "linear"
            self._image = self._actors[0].mapper.dataset  # PyVista draws a copy
            return
        self._actors[0].prop.SetScalarOpacityUnitDistance(_unit(found))
        self._image.origin, self._image.spacing = found.origin, found.spacing
        self._image.point_data["heat"] = found.point_data["heat"]
        self._image.Modified()


def _unit(volume: pv.ImageData) -> float:
    """The way through a volume after which it is as opaque as its samples say: that of one sample."""
    return float(np.mean(volume.spacing))


def image(heat: Heat, resolution: int = VOLUME_RESOLUTION) -> pv.ImageData:
    """The heatmap as samples on a regular grid of `resolution` points on each axis, in file units."""
    grid = heat.on_grid((resolution, resolution, resolution))
    return as_image(grid, heat.prediction)


def as_image(grid: Floats, prediction: Prediction) -> pv.ImageData:
    """A grid (X, Y, Z) over the network's cube as VTK's samples `heat`, float32, at their places in file units."""
    scale, origin = prediction.normalisation.scale, prediction.normalisation.invert(np.full(3, -1.0))
    spacing = tuple(2 * scale / max(count - 1, 1) for count in grid.shape)
    found = pv.ImageData(dimensions=grid.shape, spacing=spacing, origin=tuple(origin))
    found.point_data["heat"] = grid.ravel(order="F").astype(np.float32)
    return found


def slice_points(axis: Axis, position: float, resolution: int) -> Floats:
    """(resolution^2, 3) positions on the plane across [-1, 1]^3, normalised; the axis after `axis` runs fastest."""
    normal = "xyz".index(axis)
    steps = np.linspace(-1, 1, resolution)
    points = np.empty((resolution**2, 3))
    points[:, normal] = position
    points[:, (normal + 1) % 3] = np.tile(steps, resolution)
    points[:, (normal + 2) % 3] = np.repeat(steps, resolution)
    return points


def plane_points(plane: Plane, slices: SliceSettings) -> Floats:
    """(resolution^2, 3) positions on one of the planes, normalised, as many as the settings say."""
    if plane == "free":
        return free_points(slices, slices.resolution)
    return slice_points(plane, getattr(slices, plane), slices.resolution)


def free_axes(slices: SliceSettings) -> tuple[Floats, Floats, Floats]:
    """The free plane's normal, and two directions in it, (3,) each, of length 1 and at right angles."""
    normal = np.array(slices.normal)
    across = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    across /= np.linalg.norm(across)
    return normal, across, np.cross(normal, across)


def free_points(slices: SliceSettings, resolution: int) -> Floats:
    """(resolution^2, 3) positions on the free plane, normalised: the least square that holds its part of the cube."""
    normal, across, along = free_axes(slices)
    corners = free_corners(slices) - slices.free * normal
    (left, right), (low, high) = _span(corners @ across), _span(corners @ along)
    u, v = np.meshgrid(np.linspace(left, right, resolution), np.linspace(low, high, resolution))
    return slices.free * normal + u.reshape(-1, 1) * across + v.reshape(-1, 1) * along


def _span(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def free_corners(slices: SliceSettings) -> Floats:
    """(6, 3): the polygon in which the free plane cuts [-1, 1]^3, normalised; with fewer corners, the last repeats."""
    normal, across, along = free_axes(slices)
    corners = []
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        for signs in product((-1.0, 1.0), repeat=2):
            if abs(normal[axis]) < 1e-9:
                continue
            corner = np.zeros(3)
            corner[others] = signs
            corner[axis] = (slices.free - normal @ corner) / normal[axis]
            if abs(corner[axis]) <= 1 + 1e-9:
                corners.append(corner)
    found = np.array(corners) if corners else np.zeros((1, 3)) + slices.free * normal
    around = found - found.mean(axis=0)
    found = found[np.argsort(np.arctan2(around @ along, around @ across))]
    # Where the plane goes through a corner of the cube, three edges give the same point.
    keep = [i for i in range(len(found)) if i == 0 or np.linalg.norm(found[i] - found[i - 1]) > 1e-6]
    found = found[keep][:6]
    return np.concatenate([found, np.repeat(found[-1:], 6 - len(found), axis=0)])
