"""Colours and textures of glTF scenes."""

from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from keygrid.data.paint import Paint, plain_paint
from keygrid.data.readers.accessors import Document
from keygrid.data.readers.mesh import UnreadableError
from keygrid.data.readers.pictures import Pictures

_OLD_MATERIAL = "KHR_materials_pbrSpecularGlossiness"
_TRANSFORM = "KHR_texture_transform"
_IMAGES = ("EXT_texture_webp", "KHR_texture_basisu")
"""Extensions that name an alternative image; images of the second one can't be decoded."""


class ScenePaint:
    """Reads colours and textures of a scene's primitives.

    For any fault, a note is added to `pictures`, and the primitive is drawn without its texture.

    Args:
        document: the scene.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self.pictures = Pictures(document.folder, document.budget)

    def of_points(self, primitive: dict[str, Any]) -> NDArray[np.uint8] | None:
        """Return the colours (V, 3) of a primitive's vertices; None if they have none."""
        colours = self._vertex_colours(primitive)
        return None if colours is None else _displayed(colours)

    def of_faces(self, primitive: dict[str, Any], faces: NDArray[np.int64]) -> Paint | None:
        """Return the paint of a primitive's triangles (F, 3); None if its file defines none."""
        colours = self._vertex_colours(primitive)
        factor, texture = np.ones(3), None
        with suppress(LookupError, TypeError, ValueError):
            factor, texture = self._material(primitive)
        image, places = -1, None
        if texture is not None:
            with suppress(LookupError, TypeError, ValueError, UnreadableError):
                image, places = self._texture(texture, primitive)
        if colours is None and image < 0 and (factor == 1).all():
            return None
        if colours is not None and len(faces) and faces.max() < len(colours):
            of_corners = _displayed(colours[faces] * factor)
        else:
            of_corners = np.tile(_displayed(factor), (len(faces), 3, 1))
        if image < 0 or places is None or (len(faces) and faces.max() >= len(places)):
            return plain_paint(of_corners)
        own = self.pictures.images[image]
        return Paint(of_corners, places[faces].astype(np.float32), np.zeros(len(faces), np.int64), (own,))

    def _vertex_colours(self, primitive: dict[str, Any]) -> NDArray[np.float64] | None:
        """Return the vertices' red, green and blue (V, 3) as linear values from 0 to 1."""
        accessor = primitive["attributes"].get("COLOR_0")
        if accessor is None:
            return None
        try:
            colours = self._document.array(accessor)
        except (LookupError, TypeError, ValueError, UnreadableError):
            return None
        if colours.ndim != 2 or colours.shape[1] < 3:
            return None
        largest = colours.max(initial=0)
        scale = 1 if largest <= 1 else 255 if largest <= 255 else 65535  # integers that nobody declared as shares
        return np.nan_to_num(colours[:, :3] / scale)

    def _material(self, primitive: dict[str, Any]) -> tuple[NDArray[np.float64], dict[str, Any] | None]:
        """Return the base colour, (3,) linear, and the reference to a texture, if there is one."""
        if "material" not in primitive:
            return np.ones(3), None
        material = self._document.content["materials"][primitive["material"]]
        old = material.get("extensions", {}).get(_OLD_MATERIAL)
        usual = material.get("pbrMetallicRoughness", {})
        factor = usual.get("baseColorFactor", [1, 1, 1]) if old is None else old.get("diffuseFactor", [1, 1, 1])
        texture = usual.get("baseColorTexture") if old is None else old.get("diffuseTexture")
        return np.array(factor[:3], np.float64).reshape(3), texture

    def _texture(self, texture: dict[str, Any], primitive: dict[str, Any]) -> tuple[int, NDArray[np.float64]]:
        """Return the index of a texture's image, -1 for none, and the vertices' coordinates in it, (V, 2)."""
        content = self._document.content
        moved = texture.get("extensions", {}).get(_TRANSFORM, {})
        known = content["textures"][texture["index"]]
        others = [known["extensions"][name]["source"] for name in _IMAGES if name in known.get("extensions", {})]
        image = self._image(known.get("source", (others or [None])[0]))
        name = f"TEXCOORD_{moved.get('texCoord', texture.get('texCoord', 0))}"
        places = self._document.array(primitive["attributes"][name])
        places = places * np.array(moved.get("scale", (1, 1)), np.float64)
        angle = float(moved.get("rotation", 0))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        places = places @ turn.T + np.array(moved.get("offset", (0, 0)), np.float64)
        return image, np.column_stack([places[:, 0], 1 - places[:, 1]])  # there, they count downwards

    def _image(self, index: int | None) -> int:
        if index is None:
            return -1
        image = self._document.content["images"][index]
        name = str(image.get("name") or f"number {index}")
        uri = image.get("uri")
        if uri is not None and not uri.startswith("data:"):
            return self.pictures.beside(unquote(uri))
        data = self._document.view(image["bufferView"]) if uri is None else self._document.fetched(uri)
        return self.pictures.within(data, f"{name} in the file")


def _displayed(linear: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Convert linear colours from 0 to 1 to display colours in bytes (IEC 61966-2-1)."""
    shares = np.clip(linear, 0, 1)
    curved = np.where(shares <= 0.0031308, 12.92 * shares, 1.055 * np.power(shares, 1 / 2.4) - 0.055)
    return np.round(255 * curved).astype(np.uint8)
