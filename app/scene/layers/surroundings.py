"""The surroundings of a garment: the ground with a shadow, and the directions of the axes."""

from typing import Any

import numpy as np
import pyvista as pv
from vtkmodules.vtkRenderingCore import vtkTextActor

from app.scene.layers.base import Floats, Layer, draw_in_front, set_depths
from app.scene.screen import Screen
from app.scene.state import SceneState

CELLS = 40
"""Cells along each side of the shadow."""

SPREAD = 1.5
"""Minimum ratio of the shadow's side to the garment's, seen from above."""

BLUR = 1.7
"""Standard deviation of the shadow's edge, in cells."""

HIGH = 0.25
"""Height above the ground at which cloth casts a third of the shadow, as a share of the garment's diagonal."""

DARKEST = 0.2
"""Opacity of the shadow where most of the cloth is close to the ground."""

SHADOW = {"light": (40, 48, 62), "dark": (0, 0, 0)}


class GroundLayer(Layer):
    """A soft shadow on the ground below all frames; it is hidden from below."""

    order = -1

    def _draw(self, state: SceneState) -> bool:
        garment = state.garment
        if garment is None:
            return False
        if self._changed("sheet"):
            self._make()
        if self._changed("ground", garment):
            self._lay(garment.bounds)
        dark = sum(state.background) < 1.5
        if self._changed("shadow", garment, state.frame, dark):
            self._shade(state.vertices, garment.diagonal, dark)
        return True

    @property
    def height(self) -> float:
        """Height of the ground along Y, file units."""
        return float(self._sheet.points[0, 1])

    def _lay(self, bounds: Floats) -> None:
        """Put the sheet under bounds (2, 3)."""
        low, high = bounds
        self._middle, self._side = (low + high)[[0, 2]] / 2, SPREAD * float(np.ptp(bounds, axis=0)[[0, 2]].max())
        self._side = max(self._side, 0.3 * float(np.linalg.norm(high - low)), 1e-30)
        # In single precision, cells far from the origin would coincide.
        self._sheet.points = self._unit * self._side + np.array([self._middle[0], low[1], self._middle[1]])

    def _make(self) -> None:
        self._begin("sheet")
        self._sheet: Any = pv.Plane(direction=(0, 1, 0), i_resolution=CELLS - 1, j_resolution=CELLS - 1)
        self._unit = self._sheet.points.astype(np.float64)
        self._cells = np.round((self._unit[:, [0, 2]] + 0.5) * (CELLS - 1)).astype(int)
        self._sheet.point_data["colour"] = np.zeros((CELLS**2, 4), np.uint8)
        actor = self._add(self._sheet, scalars="colour", rgb=True, lighting=False, culling="back")
        # As far as can be, and among what is opaque, so that all else is drawn over it.
        set_depths(actor, "  gl_Position.z = 0.9999999 * gl_Position.w;\n")
        actor.ForceOpaqueOn()

    def _shade(self, vertices: Floats, diagonal: float, dark: bool) -> None:
        near = np.exp(-(vertices[:, 1] - self.height) / (HIGH * diagonal + 1e-30))
        places = np.rint(((vertices[:, [0, 2]] - self._middle) / self._side + 0.5) * (CELLS - 1)).astype(int)
        flat = np.clip(places, 0, CELLS - 1) @ (CELLS, 1)
        found = np.bincount(flat, near, CELLS**2).reshape(CELLS, CELLS)
        steps = np.arange(CELLS)
        blur = np.exp(-0.5 * np.square((steps[:, None] - steps) / BLUR))
        blur /= blur.sum(axis=1, keepdims=True)
        found = blur @ found @ blur.T
        opacity = 255 * DARKEST * (1 - np.exp(-4 * found / max(float(found.max()), 1e-30)))
        rim = np.minimum(np.minimum(steps, steps[::-1]) / 3, 1)  # fades before its square ends
        opacity = opacity * rim[:, None] * rim
        colour = np.empty((CELLS**2, 4), np.uint8)
        colour[:, :3] = SHADOW["dark" if dark else "light"]
        colour[:, 3] = opacity[self._cells[:, 0], self._cells[:, 1]]
        self._sheet.point_data["colour"] = colour


AXIS_COLOURS = ((208, 62, 62), (58, 148, 66), (56, 110, 214))
"""Colours of X, Y and Z: red, green and blue, as usual."""

ARM, INSET = 26, 40
"""Length of an axis, and distance of their origin from the corner, in logical pixels."""


ROOMY = 480
"""Shorter side of a picture below which axes are smaller, in logical pixels."""

NEAR = -0.99
"""Depth of the axes, from -1 to 1."""


class AxesLayer(Layer):
    """Small arrows for the directions of X, Y and Z, in the lower left corner."""

    order = 9
    _ends: Floats = np.zeros((3, 2))

    def _draw(self, state: SceneState) -> bool:
        if self._changed("axes"):
            self._make()
        if self._changed("letters", state.foreground):
            for letter in self._letters:
                letter.GetTextProperty().SetColor(state.foreground)
        return state.garment is not None

    @property
    def ends(self) -> Floats:
        """Ends of X, Y and Z in the picture, (3, 2), device pixels."""
        return self._ends

    def lay_out(self, screen: Screen, state: SceneState) -> None:
        """Turn the axes with the camera."""
        if not self._visible:
            return
        look = self._plotter.camera.GetViewTransformMatrix()
        towards = np.array([[look.GetElement(row, column) for row in range(3)] for column in range(3)])  # [axis, x y z]
        ratio = state.look.pixel_ratio * state.look.text_scale
        ratio *= float(np.clip(screen.size.min() / (ratio * ROOMY), 0.55, 1))
        middle = np.full(2, INSET * ratio)
        self._ends = middle + ARM * ratio * towards[:, :2]
        order = np.argsort(towards[:, 2])  # the nearest is drawn last
        flat = np.stack([np.tile(middle, (3, 1)), self._ends[order]], axis=1).reshape(6, 2)
        self._lines.points = screen.unproject(np.column_stack([flat, np.full(6, NEAR)]))
        self._lines.cell_data["colour"] = np.array(AXIS_COLOURS, np.uint8)[order]
        self._actors[0].prop.line_width = 2.5 * state.look.pixel_ratio
        beyond = np.column_stack([self._ends + 0.35 * (self._ends - middle), np.full(3, NEAR)])
        for letter, place in zip(self._letters, screen.unproject(beyond).tolist(), strict=True):
            letter.GetPositionCoordinate().SetValue(place)

    def _make(self) -> None:
        self._begin("axes")
        self._lines: Any = pv.PolyData(np.zeros((6, 3)), lines=[2, 0, 1, 2, 2, 3, 2, 4, 5])
        self._lines.cell_data["colour"] = np.zeros((3, 3), np.uint8)
        actor = self._add(self._lines, scalars="colour", rgb=True, lighting=False)
        draw_in_front(actor)
        actor.UseBoundsOff()  # its place follows the camera's, which must not follow its
        self._letters = [vtkTextActor() for _ in "XYZ"]
        for letter, name in zip(self._letters, "XYZ", strict=True):
            letter.GetPositionCoordinate().SetCoordinateSystemToWorld()
            letter.SetInput(name)
            text = letter.GetTextProperty()
            text.SetFontFamilyToArial()
            text.SetFontSize(11)
            text.SetBold(True)
            text.SetJustificationToCentered()
            text.SetVerticalJustificationToCentered()
            self._plotter.add_actor(letter, reset_camera=False, render=False, pickable=False)
            self._keep(letter)
