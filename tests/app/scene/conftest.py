"""A scene on a plotter without any display, and what is shown in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkLogger

from app.scene.scene import Scene
from app.scene.state import Look, Overlay, SceneState
from app.state.document import Subject
from app.state.view import View
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.sampling import Normalisation, sample
from keygrid.model.config import HeatmapConfig
from keygrid.prediction import Explanation, MethodId, Prediction

SMALL = (320, 240)


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    # VTK complains of every display it tries before it renders without one.
    before = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    yield
    vtkLogger.SetStderrVerbosity(before)


def predicted(garment: Garment, count: int = 5, seed: int = 0, **changes: Any) -> Prediction:
    """Random keypoints inside a garment's cube."""
    rng = np.random.default_rng(seed)
    drawn = sample(garment, 200)
    normalisation = Normalisation.fit(drawn.points, "centred")
    edges = np.array([(i, j) for i in range(count) for j in range(i + 1, count)])
    prediction = Prediction(
        method=MethodId.of_file(Path("random.safetensors"), "0"),
        normalisation=normalisation,
        normalised=rng.uniform(-0.6, 0.6, (count, 3)),
        vertices=np.zeros(count, np.int64),
        edges=edges,
        strengths=rng.uniform(0.3, 0.9, len(edges)),
        seconds=0.1,
        explanation=Explanation(
            sample=drawn,
            weights=np.full((count, 200), 1 / 200, np.float32),
            normalised_reconstruction=rng.uniform(-1, 1, (200, 3)),
            heatmap=HeatmapConfig("nearest", 0.05, (6, 5, 4)),
        ),
    )
    return replace(prediction, **changes)


@dataclass
class Stage:
    """A scene with the view that it draws, which `draw` takes in."""

    scene: Scene
    view: View = field(default_factory=View)
    look: Look = field(default_factory=lambda: Look(bars=True))
    overlay: Overlay = field(default_factory=Overlay)

    @property
    def subject(self) -> Subject:
        return self.view.subject

    def show(self, garment: Garment | None, prediction: Prediction | None = None, **layers: bool) -> None:
        """Show a garment with a prediction as a new view does, but for some layers."""
        self.view = View(Subject(garment=garment, prediction=prediction))
        self.switch(**layers)

    def switch(self, **layers: bool) -> None:
        """Switch layers on or off."""
        for name, on in layers.items():
            self.view.settings.switch(name, on=on)
        self.draw()

    def go_to(self, frame: int, prediction: Prediction | None) -> None:
        """Show another frame, and what is predicted for it."""
        self.subject.frame, self.subject.prediction = frame, prediction
        self.draw()

    def draw(self) -> None:
        self.scene.draw(SceneState.of(self.view, self.look, self.overlay))

    def pixels(self) -> NDArray[np.int64]:
        """The picture (H, W, 3) of what is shown now."""
        self.draw()
        self.scene.plotter.render_window.Render()
        return np.asarray(self.scene.plotter.screenshot(return_img=True)).astype(int)

    @property
    def props(self) -> list[Any]:
        """VTK's actors, in the order of drawing."""
        found = self.scene.plotter.renderer.GetViewProps()
        return [found.GetItemAsObject(index) for index in range(found.GetNumberOfItems())]

    def display(self, position: NDArray[np.float64]) -> tuple[float, float]:
        """Return the position in the picture of a place (3,)."""
        renderer = self.scene.plotter.renderer
        renderer.SetWorldPoint(*position, 1)
        renderer.WorldToDisplay()
        x, y, _ = renderer.GetDisplayPoint()
        return x, y


@pytest.fixture(scope="module")
def plotter() -> Iterator[pv.Plotter]:
    plotter = pv.Plotter(off_screen=True, window_size=list(SMALL))
    yield plotter
    plotter.close()


@pytest.fixture
def stage(plotter: pv.Plotter) -> Iterator[Stage]:
    stage = Stage(Scene(plotter))
    yield stage
    stage.show(None)
    plotter.remove_actor(list(plotter.actors), render=False)


@pytest.fixture(scope="module")
def moving(shirt: Garment) -> Garment:
    """The shirt, twisted more and more over four frames, with three landmarks."""
    height = np.ptp(shirt.vertices[:, 1])
    frames = []
    for step in range(4):
        angle = 0.4 * step * (shirt.vertices[:, 1] - shirt.vertices[:, 1].mean()) / height
        x, y, z = shirt.vertices.T
        frames.append(
            np.stack([x * np.cos(angle) - z * np.sin(angle) + 4 * step, y, x * np.sin(angle) + z * np.cos(angle)], 1)
        )
    corners = np.tile([[1.0, 0.0, 0.0]], (3, 1))
    landmarks = Landmarks(np.array([10, 900, 4000]), corners, ("collar", "left hem", "right hem"))
    return replace(shirt, frames=np.array(frames, np.float32), landmarks=landmarks)


@pytest.fixture(scope="module")
def cloud(shirt: Garment) -> Garment:
    """The shirt's vertices without its triangles."""
    return Garment("cloud", shirt.vertices, np.empty((0, 3), np.int64))
