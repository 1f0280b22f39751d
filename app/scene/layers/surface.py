"""The garment's triangles."""

from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers.base import Floats, Layer
from app.scene.layers.cloth import cloth_mesh, hems, make_cloth, make_depth_only, make_hem, set_opacity, vertex_normals
from app.scene.state import SceneState
from app.state.weights import Weights

SURFACE_COLOUR = "#9db4d0"
HEM_COLOUR = "#4c5d75"

HEM_WIDTH = 1.6
"""Width of the lines along the openings, in logical pixels."""

FAINT = 0.13
"""Opacity of the surface in the first frame."""

WEIGHT_COLOURS = "YlGnBu"
"""Colour map of a keypoint's weights; it differs from the heatmap's, and is pale for small weights, like cloth."""
WEIGHT_LIMITS = (1e-6, 1.0)
"""Limits of weights as shares of the largest, on a logarithmic scale, because weights fall off exponentially."""
WEIGHT_STYLE: dict[str, Any] = {
    "scalars": "weight", "cmap": WEIGHT_COLOURS, "clim": WEIGHT_LIMITS, "log_scale": True, "show_scalar_bar": False,
}  # fmt: skip


class WeighedLayer(Layer):
    """A mesh in one colour, in its own colours, or coloured by the weights of the selected keypoint."""

    _mesh: Any

    @property
    def weights(self) -> Floats | None:
        """Weights by which points are coloured; None if all have one colour."""
        return np.asarray(self._mesh.point_data["weight"]) if self._made_of["actor"][0] == "weights" else None

    def _paint(self, weighed: tuple[Weights, int] | None, colour: str, own: NDArray[np.uint8] | None = None) -> None:
        """Colour the actor, making one for this kind of colouring if necessary; `own` are the points' colours."""
        kind = "weights" if weighed is not None else "plain" if own is None else "own"
        if self._changed("actor", kind, *self._made_of["mesh"]):
            self._begin("mesh", "place", "actor")
            if kind == "plain":
                self._make({"color": colour})
            elif kind == "own":
                self._mesh.point_data["own"] = own
                self._make({"scalars": "own", "rgb": True})
            else:
                self._mesh.point_data["weight"] = np.zeros(self._mesh.n_points)
                self._make(WEIGHT_STYLE)
        if weighed is not None and self._changed("weights", weighed):
            self._mesh.point_data["weight"] = self._values(*weighed)

    def _make(self, style: dict[str, Any]) -> None:
        raise NotImplementedError

    def _values(self, weights: Weights, keypoint: int) -> Floats:
        return weights.of_vertices(keypoint)


class SurfaceLayer(WeighedLayer):
    """The garment's triangles, slightly transparent so that what is inside can be seen.

    Along each ray, only the nearest triangle seen from behind and the nearest seen from the front are blended, in this
    order: unsorted triangles speckle, and many layers would darken.
    """

    order = 0

    @property
    def points(self) -> Floats:
        """The drawn vertices (V, 3), file units."""
        return np.asarray(self._mesh.points, np.float64)

    @property
    def opacity(self) -> float:
        """Opacity, from 0 to 1."""
        return float(self._actors[-1].prop.opacity)

    def _draw(self, state: SceneState) -> bool:
        garment, weighed = state.garment, self._weighed(state)
        if garment is None or garment.is_cloud or self._is_elsewhere(state):
            return False
        if self._changed("mesh", garment):
            self._mesh = cloth_mesh(garment)
            self._faces = self._mesh.regular_faces
            edges = hems(self._faces)
            if not len(edges):  # a closed surface; nothing is seen of a line without length, and VTK wants one
                edges = np.zeros((1, 2), np.int64)
            self._on_hems, ends = np.unique(edges, return_inverse=True)
            lines = np.insert(ends.reshape(-1, 2), 0, 2, axis=1)
            self._hems = pv.PolyData(self._mesh.points[self._on_hems], lines=lines)
        if self._changed("place", garment, self._frame(state)):
            self._move(self._vertices(state))
        self._paint(weighed, SURFACE_COLOUR)
        if self._changed("opacity", self._opacity(state)):
            for actor in self._actors:
                set_opacity(actor, self._opacity(state))
        width = HEM_WIDTH * state.look.pixel_ratio
        if self._changed("width", width):
            self._actors[-1].prop.line_width = width
        return True

    def _is_elsewhere(self, state: SceneState) -> bool:
        """Return whether another layer draws the surface."""
        return state.painted

    def _make(self, style: dict[str, Any]) -> None:
        for culled in ("front", "back"):
            make_depth_only(self._add(self._mesh, color=SURFACE_COLOUR, culling=culled))
            make_cloth(self._add(self._mesh, culling=culled, **style))
        make_hem(self._add(self._hems, color=HEM_COLOUR, lighting=False))

    def _move(self, vertices: Floats) -> None:
        self._mesh.points, self._hems.points = vertices, vertices[self._on_hems]
        self._mesh.point_data["Normals"][:] = vertex_normals(vertices, self._faces)
        self._mesh.GetPointData().GetNormals().Modified()

    def _frame(self, state: SceneState) -> int:
        return state.frame

    def _vertices(self, state: SceneState) -> Floats:
        return state.vertices

    def _opacity(self, state: SceneState) -> float:
        return state.settings.surface_opacity

    def _weighed(self, state: SceneState) -> tuple[Weights, int] | None:
        return state.weighed


class FirstFrameLayer(SurfaceLayer):
    """The surface in the first frame."""

    order = 9

    def _frame(self, _state: SceneState) -> int:
        return 0

    def _vertices(self, state: SceneState) -> Floats:
        return state.garment.vertices_in(0) if state.garment is not None else state.vertices

    def _opacity(self, _state: SceneState) -> float:
        return FAINT

    def _weighed(self, _state: SceneState) -> None:
        return None

    def _is_elsewhere(self, _state: SceneState) -> bool:
        return False
