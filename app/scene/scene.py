"""A scene: a garment with its prediction, drawn on any plotter."""

from typing import Any
from weakref import WeakMethod

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.bars import ScalarBars
from app.scene.framing import SIDES, UP, Frustum, first_look, fitted, outline
from app.scene.layers import ANNOTATIONS, MAKERS
from app.scene.layers.base import Drawn, Layer
from app.scene.picking import Picker
from app.scene.screen import Screen
from app.scene.state import SceneState
from app.state.camera import Camera
from keygrid.data.garment import Garment

BARS_WIDTH = 84
"""Width of the strip for bars at the right, in logical pixels."""

Floats = NDArray[np.float64]


class Scene(Drawn):
    """Draws states, and decides nothing. The camera moves only for a new garment or on request.

    Args:
        plotter: a PyVista plotter of any kind.

    Attributes:
        layers: layers by name: those of `MAKERS` and those without a switch.
        bars: colour bars.
        picker: finds objects at a place in the picture.
        state: the current state.
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
        scene = WeakMethod(self._lay_out)  # a renderer may outlive its scene
        self.plotter.renderer.AddObserver("StartEvent", lambda *_: (scene() or _nothing)())
        self._looked_at: Garment | None = None
        self.draw(self.state)

    def draw(self, state: SceneState) -> None:
        """Draw a state, updating only what differs from the last one; point the camera at a new garment."""
        self.state = state
        self.picker.show(state)
        if self._changed("background", state.background):
            self.plotter.set_background(state.background)
        for layer in self.layers.values():
            layer.update(state)
        self.bars.update(state)
        if bool(self.plotter.camera.GetParallelProjection()) != state.settings.orthographic:
            self._change_projection(state.settings.orthographic)
        if self._changed("garment", state.garment):
            if not self._is_in_view(state.garment):
                self.look_first()
            self._looked_at = state.garment

    def _is_in_view(self, garment: Garment | None) -> bool:
        """Return whether a garment replaces a nearby earlier one of the same source, such as a camera's next cloud."""
        before = self._looked_at
        if garment is None or before is None or garment.source is None or garment.source != before.source:
            return False
        middle, size = garment.bounds.mean(axis=0), np.ptp(before.bounds, axis=0)
        is_inside = ((middle >= before.bounds[0]) & (middle <= before.bounds[1])).all()
        return bool(is_inside and (np.abs(np.ptp(garment.bounds, axis=0) - size) <= size.max() / 3).all())

    def _lay_out(self) -> None:
        window = self.plotter.render_window
        if window is None or window.GetTileScale() != (1, 1):  # a tile of a large picture is laid out as the whole is
            return
        screen = Screen.of(self.plotter)
        for layer in self.layers.values():
            layer.lay_out(screen, self.state)

    def look_first(self) -> None:
        """Look at the whole garment, at its broad side and slightly from above."""
        garment = self.state.garment
        if garment is not None:
            self._look(first_look(garment, self.state.frame), UP)

    def fit(self) -> None:
        """Fit the whole garment into the picture without turning the camera."""
        camera = self.plotter.camera
        self._look(np.subtract(camera.GetPosition(), camera.GetFocalPoint()), np.array(camera.GetViewUp()))

    def look_from(self, side: str) -> None:
        """Look at the whole garment from a side, one of `app.scene.framing.SIDES`."""
        self._look(*SIDES[side])

    def _look(self, towards: Floats, up: Floats) -> None:
        garment, camera = self.state.garment, self.plotter.camera
        if garment is None:
            return
        if self._changed("outline", garment):
            self._outline = outline(garment)
        width, height = (max(side, 1) for side in self.plotter.renderer.GetSize())  # 0 before it is shown
        tangent = float(np.tan(np.radians(camera.GetViewAngle()) / 2))
        margin = BARS_WIDTH * self.state.look.pixel_ratio / width if self.bars.shown else 0.0
        frustum = Frustum((tangent * width / height, tangent), self.state.settings.orthographic, margin)
        eye, focal, scale = fitted(self._outline, towards, up, frustum)
        camera.SetPosition(eye)
        camera.SetFocalPoint(focal)
        camera.SetViewUp(up)
        camera.SetParallelScale(scale)
        self.plotter.renderer.ResetCameraClippingRange()

    @property
    def camera(self) -> Camera:
        """The camera that looks at the scene."""
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


def _nothing() -> None:
    """Do nothing."""
