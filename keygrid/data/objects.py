"""One of several objects in a file, such as the shirt of a scene with an avatar."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError


def only_object(garment: Garment, name: str) -> Garment:
    """Return one object of a garment's file.

    Raises:
        KeygridError: there is none of that name.
    """
    if not garment.objects:
        raise KeygridError(
            f"{garment.name} is one object, or its file does not tell objects apart; leave out {name!r}."
        )
    chosen = next((own for known, own in garment.objects if known == name), None)
    if chosen is None:
        names = ", ".join(known for known, _ in garment.objects)
        raise KeygridError(f"{garment.name} has no object {name!r}; it has {names}.")
    faces = garment.faces[chosen]
    kept = np.unique(faces)
    place = np.full(len(garment.vertices), -1)
    place[kept] = np.arange(len(kept))
    colours = None if garment.colours is None else garment.colours[kept]
    paint = None if garment.paint is None else garment.paint.of(chosen)
    vertices, faces = garment.vertices[kept], place[faces]
    for array in (vertices, faces):
        array.setflags(write=False)
    return replace(
        garment,
        vertices=vertices,
        faces=faces,
        colours=colours,
        paint=paint,
        objects=(),
        siblings=garment.object_names,
        name=f"{garment.name} {name}",
    )


def the_worn(garment: Garment) -> Garment:
    """Return the largest open object where others are closed, as an avatar and furniture are, and note it.

    Where all objects are open, or none is, they may be the parts of one garment, and all are kept.
    """
    if not garment.objects or garment.is_cloud:
        return garment
    areas = {name: _open_area(garment, own) for name, own in garment.objects}
    largest = max(areas, key=lambda name: areas[name])
    names = ", ".join(name for name, _ in garment.objects)
    if areas[largest] == 0 or min(areas.values()) > 0:
        return replace(garment, notes=(*garment.notes, f"{len(areas)} objects: {names}."))
    note = f"{len(areas)} objects: {names}. {largest} is taken, the largest open one; another one can be named."
    chosen = only_object(garment, largest)
    return replace(chosen, name=garment.name, notes=(*garment.notes, note))


def _open_area(garment: Garment, own: NDArray[np.int64]) -> float:
    """Area of an object's faces; 0 if it is closed."""
    faces = garment.faces[own]
    ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, counts = np.unique(ends, axis=0, return_counts=True)
    if not (counts == 1).any():
        return 0.0
    a, b, c = (garment.vertices[faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2
