"""The scene as a picture, without any display."""

from dataclasses import replace
from pathlib import Path

import pyvista as pv
from vtkmodules.vtkCommonCore import vtkLogger

from app.scene.scene import LIGHT, Scene, Theme
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from keygrid.data.garment import Garment
from keygrid.files import atomic
from keygrid.prediction import Prediction


def render(
    garment: Garment,
    prediction: Prediction,
    settings: ViewSettings,
    slices: SliceSettings,
    path: Path,
    *,
    size: tuple[int, int] = (1280, 800),
    theme: Theme = LIGHT,
    frame: int = 0,
) -> None:
    """Draw a garment with its prediction for one of its frames into a PNG of `size` pixels."""
    _quieten()
    pixel_ratio = size[1] / 800
    plotter = pv.Plotter(off_screen=True, window_size=list(size))
    assert plotter.render_window is not None
    plotter.render_window.SetDPI(round(72 * pixel_ratio))
    try:
        scene = Scene(plotter, theme, pixel_ratio)
        scene.show_garment(garment, frame)
        scene.show_prediction(prediction, slices)
        scene.apply(settings)
        with atomic(path) as temporary:
            plotter.screenshot(temporary)
    finally:
        plotter.close()


def render_thumbnail(garment: Garment, path: Path, side: int) -> None:
    """Draw a garment at rest into a PNG of so many pixels a side, on nothing, so that it suits any theme."""
    _quieten()
    plotter = pv.Plotter(off_screen=True, window_size=[side, side])
    try:
        scene = Scene(plotter)
        scene.show_garment(replace(garment, frames=None, landmarks=None))
        scene.plotter.camera.zoom(1.25)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as temporary:
            plotter.screenshot(temporary, transparent_background=True)
    finally:
        plotter.close()


def _quieten() -> None:
    # VTK complains of every display it tries before it renders without one.
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
