"""The heatmap in space: as an isosurface and as a volume."""

from typing import Any

import numpy as np
import pyvista as pv

from app.scene.layers.base import Floats, Layer
from app.scene.state import SceneState
from app.state.heat import Heat, colour_map_of, limits_of
from keygrid.prediction import Prediction

VOLUME_OPACITY = (0.0, 0.1, 0.3, 0.6, 0.9)
"""Opacities of the volume, from no heat to full heat."""


class IsosurfaceLayer(Layer):
    """The surface on which the heatmap has the chosen level; for a difference, both signs of it."""

    order = 1
    _mesh: pv.PolyData

    @property
    def mesh(self) -> pv.PolyData:
        """The drawn surface."""
        return self._mesh

    def _draw(self, state: SceneState) -> bool:
        heat = state.heat
        if heat is None:
            return False
        limits, colour_map = limits_of(heat, state.slices), colour_map_of(heat, state.slices)
        if self._changed("mesh", limits, colour_map):
            self._begin("mesh")
            self._mesh = pv.PolyData(np.zeros((3, 3)), [3, 0, 1, 2])
            self._mesh.point_data["heat"] = np.zeros(3)
            self._add(
                self._mesh, scalars="heat", cmap=colour_map, clim=limits, opacity=0.4, smooth_shading=False,
                show_scalar_bar=False, ambient=0.3,
            )  # fmt: skip
        if self._changed("level", heat, state.slices.level):
            level = state.slices.level * heat.most
            levels = [level] if heat.reference is None else [-level, level]
            found = as_image(heat.sampled, heat.prediction).contour(levels, scalars="heat")
            self._found = found.n_points > 0
            if self._found:
                self._mesh.copy_from(found)
        return self._found


class VolumeLayer(Layer):
    """The whole heatmap as a volume, denser where it is hotter."""

    order = 1
    _image: pv.ImageData

    def _draw(self, state: SceneState) -> bool:
        heat = state.heat
        if heat is None:
            return False
        limits, colour_map = limits_of(heat, state.slices), colour_map_of(heat, state.slices)
        if self._changed("volume", limits, colour_map, heat.reference is not None):
            self._begin("volume")
            self._make(heat, limits, colour_map)
        if self._changed("heat", heat):
            found = as_image(heat.sampled, heat.prediction)
            self._actors[0].prop.SetScalarOpacityUnitDistance(_unit(found))
            self._image.origin, self._image.spacing = found.origin, found.spacing
            self._image.point_data["heat"] = found.point_data["heat"]
            self._image.Modified()
        return True

    def _make(self, heat: Heat, limits: tuple[float, float], colour_map: str) -> None:
        found = as_image(heat.sampled, heat.prediction)
        opacity = VOLUME_OPACITY if heat.reference is None else (*VOLUME_OPACITY[:0:-1], *VOLUME_OPACITY)
        scale = np.linspace(0, 1, 256)
        actor: Any = self._plotter.add_volume(
            found, scalars="heat", cmap=colour_map, clim=limits, mapper="gpu", show_scalar_bar=False,
            opacity=np.interp(scale, np.linspace(0, 1, len(opacity)), opacity) * 255,
            opacity_unit_distance=_unit(found), reset_camera=False, render=False, pickable=False, name=self._name,
        )  # fmt: skip
        self._keep(actor).prop.interpolation_type = "linear"
        self._image = actor.mapper.dataset  # PyVista draws a copy


def _unit(volume: pv.ImageData) -> float:
    """Return the path length through the volume at which samples have their stated opacity: the sample spacing."""
    return float(np.mean(volume.spacing))


def as_image(grid: Floats, prediction: Prediction) -> pv.ImageData:
    """Return a grid (X, Y, Z) over the network's cube as a VTK image with float32 samples `heat`, in file units."""
    scale, origin = prediction.normalisation.scale, prediction.normalisation.invert(np.full(3, -1.0))
    spacing = tuple(2 * scale / max(count - 1, 1) for count in grid.shape)
    found = pv.ImageData(dimensions=grid.shape, spacing=spacing, origin=tuple(origin))
    found.point_data["heat"] = grid.ravel(order="F").astype(np.float32)
    return found
