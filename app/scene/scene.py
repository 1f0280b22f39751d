"""A garment with its prediction, drawn on any plotter."""

from typing import Any

import numpy as np
import pyvista as pv

from app.scene.bars import ScalarBars
from app.scene.layers import ANNOTATIONS, MAKERS
from app.scene.layers.base import Drawn, Layer
from app.scene.picking import Picker
from app.scene.state import SceneState
from app.state.camera import Camera
from keygrid.data.garment import Garment

LYING = 0.6
"""A garment whose height is below this share of its depth lies."""


class Scene(Drawn):
    """Draws states; it decides nothing. The camera moves only when another garment is shown or fit.

    Args:
        plotter: a PyVista plotter of any kind.

    Attributes:
        layers: by name, those of `MAKERS` and those without a switch.
        bars: say what colours mean.
        picker: finds what is at a place of the picture.
        state: what is shown.
    """

    def __init__(self, plotter: pv.BasePlotter) -> None:
        super().__init__()
        self.plotter: Any = plotter  # its methods are wrapped, which hides their signatures
        # Sorting what is translucent takes a fifth of a frame in software, and dims heat and segments. Layers have an
        # order instead.
        self.plotter.renderer.SetUseOIT(False)
        self.layers: dict[str, Layer] = {name: make(plotter, name) for name, make in (MAKERS | ANNOTATIONS).items()}
        self.bars = ScalarBars(plotter)
        self.picker = Picker(plotter)
        self.state = SceneState()
        self._looked_at: Garment | None = None
        self.draw(self.state)

    def draw(self, state: SceneState) -> None:
        """Show a state, drawing only what differs from the last one; look at a garment that is new."""
        self.state = state
        self.picker.show(state)
        if self._changed("background", state.background):
            self.plotter.set_background(state.background)
        for layer in self.layers.values():
            layer.update(state)
        self.bars.update(state)
        if self._changed("garment", state.garment):
            if not self._is_in_view(state.garment):
                self.fit()
            self._looked_at = state.garment
        if bool(self.plotter.camera.GetParallelProjection()) != state.settings.orthographic:
            self._change_projection(state.settings.orthographic)

    def _is_in_view(self, garment: Garment | None) -> bool:
        """Whether it takes the place of another state of itself, such as the next cloud of a camera, about there."""
        before = self._looked_at
        if garment is None or before is None or garment.source is None or garment.source != before.source:
            return False
        middle, size = garment.bounds.mean(axis=0), np.ptp(before.bounds, axis=0)
        is_inside = ((middle >= before.bounds[0]) & (middle <= before.bounds[1])).all()
        return bool(is_inside and (np.abs(np.ptp(garment.bounds, axis=0) - size) <= size.max() / 3).all())

    def fit(self) -> None:
        """Look at the garment from the front, as a whole."""
        garment = self.state.garment
        if garment is None:
            return
        self.plotter.camera_position = "xy"
        extent = np.ptp(garment.bounds, axis=0)
        # What lies on the ground is seen best from above.
        lies = extent[1] < LYING * extent[2]
        self.plotter.camera.azimuth, self.plotter.camera.elevation = 20, 55 if lies else 12
        self.reframe()
        self.plotter.renderer.reset_camera_clipping_range()

    def reframe(self) -> None:
        """Look at the garment as a whole from the side from which it is looked at."""
        garment = self.state.garment
        if garment is not None:
            self.plotter.reset_camera(bounds=tuple(garment.bounds.T.ravel()), render=False)

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
