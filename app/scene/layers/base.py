"""The base of all layers: actors that are shown and hidden together, and redrawn only after a change."""

from collections import Counter
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.screen import Screen
from app.scene.state import SceneState
from keygrid.data.garment import Garment

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SELECTION_COLOUR = "#ff2d8b"

_ORDERS: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""The layer's order, for each actor."""


class Drawn:
    """An object that redraws its parts only when their inputs have changed.

    Attributes:
        drawn: how often each part has been drawn.
    """

    def __init__(self) -> None:
        self.drawn: Counter[str] = Counter()
        self._made_of: dict[str, tuple[object, ...]] = {}

    def _changed(self, part: str, *values: object) -> bool:
        """Return whether a part's inputs differ from those at its last drawing, and record them."""
        known = self._made_of.get(part)
        if known is not None and len(known) == len(values) and all(map(_same, known, values)):
            return False
        self._made_of[part] = values
        self.drawn[part] += 1
        return True


def _same(one: object, another: object) -> bool:
    if one is another:
        return True
    if isinstance(one, np.ndarray) and isinstance(another, np.ndarray):
        return np.array_equal(one, another)
    return type(one) is type(another) and bool(one == another)


class Layer(Drawn):
    """Actors that are shown and hidden together.

    A layer that is off costs nothing; it is drawn when it is switched on. It shows one garment, and another garment
    clears it. When the garment moves, or a camera sees it again, arrays change in place.

    Args:
        plotter: plotter to draw with.
        name: name of the layer, unique in the plotter.
    """

    order = 9
    """Order in which translucent layers are blended: first the garment, then the layers on it."""

    def __init__(self, plotter: pv.BasePlotter, name: str) -> None:
        super().__init__()
        self._plotter: Any = plotter
        self._name = name
        self._actors: list[Any] = []
        self._garment: Garment | None = None
        self._visible = False

    @property
    def visible(self) -> bool:
        """True if the layer is on and has something to show."""
        return self._visible

    def update(self, state: SceneState) -> None:
        """Draw a state, as far as this layer shows it."""
        if state.garment is not self._garment:
            if not _follows(state.garment, self._garment):
                self.clear()
            self._garment = state.garment
        self._visible = state.garment is not None and self._is_on(state) and self._draw(state)
        self._apply_visibility(state)

    def lay_out(self, screen: Screen, state: SceneState) -> None:
        """Place text and other parts with positions in the picture, before each frame is drawn."""

    def clear(self) -> None:
        """Remove all actors."""
        self._remove_actors()
        self._made_of = {}

    def _is_on(self, state: SceneState) -> bool:
        return self._name in state.layers

    def _draw(self, state: SceneState) -> bool:
        """Draw the parts that changed; return whether there is anything to show."""
        raise NotImplementedError

    def _apply_visibility(self, _state: SceneState) -> None:
        for actor in self._actors:
            actor.SetVisibility(self._visible)

    def _begin(self, *kept: str) -> None:
        """Remove all actors for a fresh start, and all parts except those to keep."""
        self._remove_actors()
        self._made_of = {part: self._made_of[part] for part in kept}

    def _remove_actors(self) -> None:
        for actor in self._actors:
            self._plotter.remove_actor(actor, render=False)
        self._actors = []

    def _add(self, mesh: pv.DataSet, **style: Any) -> Any:
        return self._keep(self._plotter.add_mesh(mesh, reset_camera=False, render=False, pickable=False, **style))

    def _keep(self, actor: Any) -> Any:
        self._actors.append(actor)
        self._put_in_order(actor)
        return actor

    def _put_in_order(self, actor: Any) -> None:
        _ORDERS[actor] = self.order
        props = self._plotter.renderer.GetViewProps()
        props.RemoveItem(actor)
        later = [_ORDERS.get(props.GetItemAsObject(i), 9) > self.order for i in range(props.GetNumberOfItems())]
        if any(later):
            props.InsertItem(later.index(True) - 1, actor)
        else:
            props.AddItem(actor)


def _follows(garment: Garment | None, before: Garment | None) -> bool:
    """Return whether a cloud has the same source as the previous one, as in a followed folder."""
    if garment is None or before is None or garment.source is None or garment.source != before.source:
        return False
    return all(one.is_cloud and not one.frame_count and one.landmarks is None for one in (garment, before))


def draw_in_front(actor: Any) -> None:
    """Draw an actor in front of all others except those drawn likewise: most keypoints lie inside a garment."""
    # All depths shrink towards the eye but keep their order, so that near spheres and lines still hide far ones.
    set_depths(actor, "  gl_Position.z = 0.01 * gl_Position.z - 0.99 * gl_Position.w;\n")


def set_depths(actor: Any, code: str) -> None:
    """Set the depth of vertices by GLSL; fragments with their own depth could not be discarded early."""
    shader, tag = actor.GetShaderProperty(), "//VTK::PositionVC::Impl"
    shader.AddVertexShaderReplacement(tag, True, f"{tag}\n{code}", False)
