"""Rendering a scene to a picture without a display."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyvista as pv
from vtkmodules.vtkCommonCore import vtkLogger

from app.scene.scene import Scene
from app.scene.state import LIGHT, Look, SceneState, Theme
from app.state.document import Subject
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from app.state.view import View
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
    """Draw a garment, with its prediction for one frame, into a PNG of `size` pixels."""
    _quieten()
    pixel_ratio = size[1] / 800
    plotter = _plotter(size)
    plotter.render_window.SetDPI(round(72 * pixel_ratio))
    try:
        view = View(Subject(garment=garment, frame=frame, prediction=prediction), settings, slices)
        scene = Scene(plotter)  # kept until the picture is taken, when it places the labels that follow the camera
        scene.draw(SceneState.of(view, Look(theme, pixel_ratio, bars=True)))
        with atomic(path) as temporary:
            plotter.screenshot(temporary)
    finally:
        plotter.close()


SAMPLES = 8
"""Number of samples per pixel."""

THUMBNAIL_POINT = 2
"""Size of a cloud's points in a thumbnail, in pixels."""


def render_thumbnail(garment: Garment, path: Path, side: int) -> None:
    """Draw a garment at rest into a square PNG with a transparent background, which suits any theme."""
    _quieten()
    plotter = _plotter((side, side))
    try:
        scene = Scene(plotter)
        settings = ViewSettings({"ground": False, "axes": False}, point_size=THUMBNAIL_POINT)
        still = Subject(garment=replace(garment, frames=None, landmarks=None))
        scene.draw(SceneState.of(View(still, settings)))
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as temporary:
            plotter.screenshot(temporary, transparent_background=True)
    finally:
        plotter.close()


def _plotter(size: tuple[int, int]) -> Any:
    """Return an off-screen plotter of a size in pixels, with smooth edges."""
    plotter: Any = pv.Plotter(off_screen=True, window_size=list(size), line_smoothing=True)
    plotter.render_window.SetMultiSamples(SAMPLES)
    return plotter


def _quieten() -> None:
    # VTK reports an error for each display it tries before it renders without one.
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
