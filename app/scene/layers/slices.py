"""The heatmap on planes."""

from typing import Any

import numpy as np
import pyvista as pv

from app.scene.layers.base import Floats, Layer
from app.scene.planes import free_corners, plane_points, slice_points
from app.scene.state import SceneState
from app.state.heat import Heat, colour_map_of, limits_of
from app.state.slices import Plane, SliceSettings

OPACITY = (0.0, 0.6, 0.8, 0.88, 0.92)
"""Opacities of a slice from no heat to full heat; where there is none, the garment shows through."""

DIVERGING_OPACITY = (0.92, 0.85, 0.0, 0.85, 0.92)
"""Opacities of a slice of a difference, from less to more heat."""

_AROUND = [0, 1, 3, 3, 2, 2]
"""Corners of a square in the order of its outline, which has six points."""


class _Sheet:
    """The square of one plane, with its outline."""

    def __init__(self, resolution: int) -> None:
        self.mesh = pv.Plane(i_resolution=resolution - 1, j_resolution=resolution - 1)
        self.mesh.point_data["heat"] = np.zeros(resolution**2)
        self.outline = pv.PolyData(np.zeros((6, 3)), lines=[7, 0, 1, 2, 3, 4, 5, 0])
        self.actors: list[Any] = []


class SliceLayer(Layer):
    """The heatmap on planes across the network's cube, updated in place while its colours stay the same."""

    order = 1

    def __init__(self, plotter: pv.BasePlotter, name: str) -> None:
        super().__init__(plotter, name)
        self._sheets: dict[Plane, _Sheet] = {}

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The planes that have been drawn."""
        return tuple(self._sheets)

    def points(self, plane: Plane) -> Floats:
        """Return the places (R^2, 3) at which a plane was evaluated, file units."""
        return np.asarray(self._sheets[plane].mesh.points, np.float64)

    def values(self, plane: Plane) -> Floats:
        """Return the heatmap (R^2,) at these places."""
        return np.asarray(self._sheets[plane].mesh.point_data["heat"])

    def limits(self, plane: Plane) -> tuple[float, float]:
        """Return the limits of a plane's colours."""
        low, high = self._sheets[plane].actors[0].mapper.scalar_range
        return low, high

    def _draw(self, state: SceneState) -> bool:
        heat, slices = state.heat, state.slices
        if heat is None:
            return False
        look = limits_of(heat, slices), colour_map_of(heat, slices), heat.reference is not None
        if self._changed("sheets", *look, slices.resolution):
            self._begin("sheets")
            self._sheets = {}
        for plane in slices.planes:
            turned = slices.normal if plane == "free" else None
            if self._changed(f"plane {plane}", heat, getattr(slices, plane), turned, slices.cells):
                if plane not in self._sheets:
                    self._make(plane, heat, slices)
                self._cut(plane, heat, slices)
        return True

    def clear(self) -> None:
        super().clear()
        self._sheets = {}

    def _make(self, plane: Plane, heat: Heat, slices: SliceSettings) -> None:
        sheet = self._sheets[plane] = _Sheet(slices.resolution)
        opacity = OPACITY if heat.reference is None else DIVERGING_OPACITY
        surface = self._add(
            sheet.mesh, scalars="heat", cmap=colour_map_of(heat, slices), clim=limits_of(heat, slices),
            opacity=list(opacity), lighting=False, show_scalar_bar=False, interpolate_before_map=True, nan_opacity=0,
        )  # fmt: skip
        sheet.actors = [surface, self._add(sheet.outline, color="#888888", line_width=1, lighting=False)]

    def _cut(self, plane: Plane, heat: Heat, slices: SliceSettings) -> None:
        sheet, points = self._sheets[plane], plane_points(plane, slices)
        corners = free_corners(slices) if plane == "free" else slice_points(plane, getattr(slices, plane), 2)[_AROUND]
        invert = heat.prediction.normalisation.invert
        sheet.mesh.points = invert(points)
        sheet.mesh.point_data["heat"] = heat.on_plane(points, slices)
        sheet.outline.points = invert(corners)

    def _apply_visibility(self, state: SceneState) -> None:
        for plane, sheet in self._sheets.items():
            for actor in sheet.actors:
                actor.SetVisibility(self._visible and plane in state.slices.planes)
