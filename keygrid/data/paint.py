"""Colours and textures of surfaces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

PLAIN = (204, 204, 204)
"""Colour of faces without a material, as in modelling programs."""


@dataclass(frozen=True, eq=False)
class Paint:
    """Colours and textures of a surface of F faces; images are multiplied by the colours.

    Attributes:
        colours: (F, 3, 3) red, green, blue at the corners of each face.
        places: (F, 3, 2) texture coordinates of the corners, to the right and upwards, in units of the image, which
            repeats beyond 1; zeros for faces without an image.
        image_of: (F,) index of each face's image; -1 for none.
        images: images (H, W, 3) red, green, blue, top row first.
    """

    colours: NDArray[np.uint8]
    places: NDArray[np.float32]
    image_of: NDArray[np.int64]
    images: tuple[NDArray[np.uint8], ...] = ()

    def of(self, faces: NDArray[np.generic]) -> "Paint":
        """Return the paint of some faces, given by indices or a mask."""
        return replace(self, colours=self.colours[faces], places=self.places[faces], image_of=self.image_of[faces])

    def turned_around(self) -> "Paint":
        """Return the paint of the same faces with their corners in reverse order."""
        return replace(self, colours=self.colours[:, ::-1], places=self.places[:, ::-1])


def plain_paint(colours: NDArray[np.uint8]) -> Paint:
    """Return paint for faces with colours (F, 3, 3) and no images."""
    count = len(colours)
    return Paint(colours, np.zeros((count, 3, 2), np.float32), np.full(count, -1))


def joined(parts: Sequence[tuple[Paint | None, int]]) -> Paint | None:
    """Return the paint of several surfaces as one; each has paint, or None, and a number of faces."""
    if all(paint is None for paint, _ in parts):
        return None
    whole = [
        plain_paint(np.tile(np.array(PLAIN, np.uint8), (count, 3, 1))) if paint is None else paint
        for paint, count in parts
    ]
    images: list[NDArray[np.uint8]] = []
    image_of = []
    for paint in whole:
        own = [next((n for n, known in enumerate(images) if known is image), -1) for image in paint.images]
        for place, image in enumerate(paint.images):
            if own[place] < 0:
                own[place] = len(images)
                images.append(image)
        image_of.append(np.array([*own, -1])[paint.image_of])
    return Paint(
        np.concatenate([paint.colours for paint in whole]),
        np.concatenate([paint.places for paint in whole]),
        np.concatenate(image_of),
        tuple(images),
    )
