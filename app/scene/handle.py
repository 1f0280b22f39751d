"""A handle for turning and moving the free plane in the view."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyvista as pv
from vtkmodules.vtkInteractionWidgets import vtkImplicitPlaneRepresentation, vtkImplicitPlaneWidget2
from vtkmodules.vtkRenderingCore import vtkPropCollection

from app.scene.layers.base import Drawn
from app.state.slices import SliceSettings, Vector
from keygrid.prediction import Prediction

COLOUR = (1.0, 0.18, 0.55)

EDGES = 2
"""Index of the plane's edges among the handle's actors."""


class PlaneHandle(Drawn):
    """An arrow that turns the plane, and a ball that moves it.

    Args:
        plotter: an interactive plotter.
        moved: called with the unit normal, and the normalised distance of the plane from the centre.
    """

    def __init__(self, plotter: pv.BasePlotter, moved: Callable[[Vector, float], object]) -> None:
        super().__init__()
        self._plotter: Any = plotter
        self._moved = moved
        self._widget: Any = None
        self._prediction: Prediction | None = None
        self._moving = False

    @property
    def representation(self) -> Any:
        """VTK's representation of the handle, while the free plane is visible."""
        return self._widget.GetRepresentation()

    def show(self, prediction: Prediction | None, slices: SliceSettings) -> None:
        """Put the handle on the free plane, in the box of a prediction with an explanation; hide it if None."""
        self._prediction = prediction
        if prediction is None:
            if self._widget is not None:
                self._widget.Off()
            return
        if self._widget is None:
            self._make()
        if self._moving:  # it shows the plane's position
            return
        if not self._changed("place", prediction, slices.normal, slices.free) and self._widget.GetEnabled():
            return
        shape, invert = self._widget.GetRepresentation(), prediction.normalisation.invert
        low, high = invert(np.full(3, -1.0)), invert(np.full(3, 1.0))
        shape.PlaceWidget([bound for pair in zip(low, high, strict=True) for bound in pair])
        shape.SetNormal(slices.normal)
        # On the plane, but near the garment, which not every normalisation puts at the origin.
        normal, middle = (
            np.array(slices.normal),
            prediction.normalisation.apply(prediction.explain().sample.points).mean(axis=0),
        )
        shape.SetOrigin(invert(middle + (slices.free - normal @ middle) * normal))
        if not self._widget.GetEnabled():
            self._widget.On()

    def shut(self) -> None:
        """Remove it permanently."""
        if self._widget is not None:
            self._widget.Off()
            self._widget.RemoveAllObservers()
            self._widget.SetInteractor(None)
            self._widget = None

    def _make(self) -> None:
        shape = vtkImplicitPlaneRepresentation()
        shape.SetPlaceFactor(1.0)
        shape.SetOutlineTranslation(False)
        shape.SetScaleEnabled(False)
        shape.SetDrawPlane(False)
        shape.SetDrawOutline(False)
        shape.SetConstrainToWidgetBounds(True)
        for properties in (shape.GetNormalProperty(), shape.GetSelectedNormalProperty()):
            properties.SetColor(COLOUR)
        _hide_edges(shape)
        self._widget = vtkImplicitPlaneWidget2()
        self._widget.SetInteractor(self._plotter.iren.interactor)
        self._widget.SetCurrentRenderer(self._plotter.renderer)
        self._widget.SetRepresentation(shape)
        self._widget.AddObserver("InteractionEvent", self._tell)

    def _tell(self, *_: object) -> None:
        if self._prediction is None:
            return
        shape = self._widget.GetRepresentation()
        normal = np.array(shape.GetNormal())
        origin = self._prediction.normalisation.apply(np.array(shape.GetOrigin()))
        self._moving = True
        try:
            self._moved((float(normal[0]), float(normal[1]), float(normal[2])), float(normal @ origin))
        finally:
            self._moving = False


def _hide_edges(shape: Any) -> None:
    """Draw no edges, because the slice has its own outline. VTK ignores the property meant for them."""
    props = vtkPropCollection()
    shape.GetActors(props)
    edges: Any = props.GetItemAsObject(EDGES)
    edges.GetMapper().ScalarVisibilityOff()
    edges.GetProperty().SetOpacity(0)
