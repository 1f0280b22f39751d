"""The base of all layers: actors that are shown and hidden together, and redrawn only where something changed."""

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
"""The order of its layer for each actor."""


class Drawn:
    """Something whose parts are drawn again only when what they are made of has changed.

    Attributes:
        drawn: how often each part was drawn.
    """

    def __init__(self) -> None:
        self.drawn: Counter[str] = Counter()
        self._made_of: dict[str, tuple[object, ...]] = {}

    def _changed(self, part: str, *values: object) -> bool:
        """Return whether a part was not drawn from these values yet; it is taken to be drawn now."""
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

    A layer that is off costs nothing: it is drawn when it is switched on. What it draws is of one garment; another one
    clears it. As that garment moves, or a camera sees it anew, arrays change in place.

    Args:
        plotter: where they are drawn.
        name: of the layer, unique in the plotter.
    """

    order = 9
    """Place in the order in which translucent layers are blended: first the garment, then what is on it."""

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
        """Show what it shows of a state."""
        if state.garment is not self._garment:
            if not _follows(state.garment, self._garment):
                self.clear()
            self._garment = state.garment
        self._visible = state.garment is not None and self._is_on(state) and self._draw(state)
        self._apply_visibility(state)

    def lay_out(self, screen: Screen, state: SceneState) -> None:
        """Put what has its place in the picture, such as text, where it belongs before each frame is drawn."""

    def clear(self) -> None:
        """Remove what is drawn."""
        self._remove_actors()
        self._made_of = {}

    def _is_on(self, state: SceneState) -> bool:
        return self._name in state.layers

    def _draw(self, state: SceneState) -> bool:
        """Draw the parts that changed; return whether there is anything to see."""
        raise NotImplementedError

    def _apply_visibility(self, _state: SceneState) -> None:
        for actor in self._actors:
            actor.SetVisibility(self._visible)

    def _begin(self, *kept: str) -> None:
        """Remove all actors, because they are to be made anew, and with them all parts but those that are kept."""
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
    """Return whether a cloud comes from where the one before it came from, as those of a followed folder do."""
    if garment is None or before is None or garment.source is None or garment.source != before.source:
        return False
    return all(one.is_cloud and not one.frame_count and one.landmarks is None for one in (garment, before))


def draw_in_front(actor: Any) -> None:
    """Let nothing but its like hide the actor: most keypoints lie between the sides of a garment."""
    # All depths shrink towards the eye but keep their order, so that near spheres and lines still hide far ones.
    set_depths(actor, "  gl_Position.z = 0.01 * gl_Position.z - 0.99 * gl_Position.w;\n")


def set_depths(actor: Any, code: str) -> None:
    """Let GLSL say where vertices are in depth; fragments that write their own could not be thrown away early."""
    shader, tag = actor.GetShaderProperty(), "//VTK::PositionVC::Impl"
    shader.AddVertexShaderReplacement(tag, True, f"{tag}\n{code}", False)
