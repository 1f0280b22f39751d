"""The garment's triangles with the colours and textures of its file."""

from typing import Any

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from app.scene.layers.base import Floats
from app.scene.layers.cloth import make_cloth, make_depth_only, make_hem
from app.scene.layers.surface import HEM_COLOUR, SURFACE_COLOUR, SurfaceLayer
from app.scene.state import SceneState
from keygrid.data.garment import Garment
from keygrid.data.paint import Paint, plain_paint


class PaintLayer(SurfaceLayer):
    """The surface with the file's colours and textures, which replaces the plain surface.

    Triangles have separate corners, because shared corners may have different texture coordinates; they take the
    surface's normals, so that it still looks smooth.
    """

    def __init__(self, plotter: pv.BasePlotter, name: str) -> None:
        super().__init__(plotter, name)
        self._parts: list[tuple[Any, NDArray[np.int64]]] = []

    @property
    def images(self) -> int:
        """Number of drawn textures."""
        return sum("places" in part.point_data for part, _ in self._parts)

    def clear(self) -> None:
        super().clear()
        self._parts = []

    def _is_elsewhere(self, state: SceneState) -> bool:
        return not state.painted or "surface" not in state.layers

    def _weighed(self, _state: SceneState) -> None:
        return None

    def _move(self, vertices: Floats) -> None:
        super()._move(vertices)
        for part, corners in self._parts:
            self._place(part, corners)

    def _place(self, part: Any, corners: NDArray[np.int64]) -> None:
        """Move a part to the surface's current position; its points are the surface's vertices `corners`."""
        part.points = np.asarray(self._mesh.points)[corners]
        part.point_data["Normals"] = np.asarray(self._mesh.point_data["Normals"])[corners]
        part.point_data.active_normals_name = "Normals"

    def _make(self, _style: dict[str, Any]) -> None:
        garment = self._garment
        if garment is None:
            return
        paint, own = self._matched(garment)
        self._parts = []
        textures: list[Any] = []
        for image in np.unique(paint.image_of):
            chosen = paint.image_of == image
            corners = self._faces[chosen].ravel()
            part = pv.PolyData.from_regular_faces(np.zeros((len(corners), 3)), np.arange(len(corners)).reshape(-1, 3))  # type: ignore[arg-type]
            self._place(part, corners)
            part.point_data["colour"] = paint.colours[chosen].reshape(-1, 3)
            if image >= 0:
                part.point_data["places"] = paint.places[chosen].reshape(-1, 2)
                part.active_texture_coordinates = np.asarray(part.point_data["places"])
            self._parts.append((part, corners))
            textures.append(_texture(own[image]) if image >= 0 else None)
        for culled in ("front", "back"):
            make_depth_only(self._add(self._mesh, color=SURFACE_COLOUR, culling=culled))
            for (part, _), texture in zip(self._parts, textures, strict=True):
                actor = self._add(part, culling=culled, scalars="colour", rgb=True)
                actor.texture = texture
                make_cloth(actor)
        make_hem(self._add(self._hems, color=HEM_COLOUR, lighting=False))

    def _matched(self, garment: Garment) -> tuple[Paint, tuple[NDArray[np.uint8], ...]]:
        """Return the paint of the triangles as drawn, whose corners may be in a different order, and its images."""
        if garment.paint is not None:
            paint = garment.paint
        else:
            assert garment.colours is not None
            paint = plain_paint(garment.colours[garment.faces])
        order = (self._faces[:, :, None] == garment.faces[:, None, :]).argmax(axis=2)  # [F, 3]
        rows = np.arange(len(order))[:, None]
        matched = Paint(paint.colours[rows, order], paint.places[rows, order], paint.image_of)
        return matched, paint.images


def _texture(image: NDArray[np.uint8]) -> Any:
    """Return an image (H, W, 3) as a texture that repeats beyond its edges."""
    texture: Any = pv.Texture(image)  # type: ignore[no-untyped-call]
    texture.repeat = True
    texture.mipmap = True
    texture.interpolate = True
    return texture
