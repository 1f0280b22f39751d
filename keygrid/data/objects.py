"""One of several objects in a file, such as the shirt of a scene with an avatar."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError

_MANY = 4
"""Number of open pieces above which the largest one need not be the garment."""
_MOST_NAMES = 12
"""Maximum number of objects' names in a sentence."""
_ESCAPED = {"%": "%25", "#": "%23", "/": "%2F", "\\": "%5C"}
"""Characters in objects' names that have a meaning in a path."""


def object_paths(garment: Garment) -> list[tuple[str, Path]]:
    """Return the names of the objects in a garment's file, and the path that opens each: `FILE#NAME`."""
    source = garment.source
    if source is None:
        return []
    name, mark, _ = source.name.rpartition("#")
    file = source.with_name(name) if mark and name and not source.exists() else source
    return [(known, file.with_name(f"{file.name}#{escaped(known)}")) for known in garment.object_names]


def escaped(name: str) -> str:
    """Return an object's name for a path, with characters that separate paths percent-encoded."""
    return "".join(_ESCAPED.get(letter, letter) for letter in name)


def object_named(garment: Garment, item: str) -> str:
    """Return the name of the object that a path calls `item`: unchanged, or escaped."""
    plain = item
    for letter, code in reversed(_ESCAPED.items()):
        plain = plain.replace(code, letter)
    return item if item in garment.object_names else plain


def only_object(garment: Garment, name: str) -> Garment:
    """Return one object of a garment's file.

    Raises:
        KeygridError: there is no object of this name.
    """
    if not garment.objects:
        raise KeygridError(
            f"{garment.name} has only one object, or its file does not separate its objects; leave out {name!r}."
        )
    chosen = next((own for known, own in garment.objects if known == name), None)
    if chosen is None:
        names = _listed([known for known, _ in garment.objects])
        raise KeygridError(f"{garment.name} has no object {name!r}; its objects are {names}.")
    return _part(garment, chosen, f"{garment.name} {name}")


def _part(garment: Garment, chosen: NDArray[np.int64], name: str) -> Garment:
    """Return some faces of a garment, given by index, as a garment of this name."""
    faces = garment.faces[chosen]
    kept = np.unique(faces)
    place = np.full(len(garment.vertices), -1)
    place[kept] = np.arange(len(kept))
    vertices, faces = garment.vertices[kept], place[faces]
    for array in (vertices, faces):
        array.setflags(write=False)
    return replace(
        garment,
        vertices=vertices,
        faces=faces,
        colours=None if garment.colours is None else garment.colours[kept],
        paint=None if garment.paint is None else garment.paint.of(chosen),
        objects=(),
        siblings=garment.object_names,
        name=name,
    )


def the_worn(garment: Garment) -> Garment:
    """Return the largest open object if others are closed, as avatars and furniture are, and add a note about it.

    Open objects that share vertices, as sewn panels do, count as one. If all objects are open, or none is, they may be
    parts of one garment, and all are kept. If there are many open pieces of which none dominates, such as panels with
    buttons, all open pieces are kept.
    """
    if not garment.objects or garment.is_cloud:
        return garment
    areas = np.array([_open_area(garment, own) for _, own in garment.objects])
    said = f"{len(areas)} objects: {_listed([name for name, _ in garment.objects])}."
    are_open = np.flatnonzero(areas > 0)
    if len(are_open) in (0, len(areas)):
        return replace(garment, notes=(*garment.notes, said))
    piece_of = _pieces(garment, are_open)
    sizes = np.bincount(piece_of, areas[are_open])
    if len(sizes) >= _MANY and sizes.max() < sizes.sum() / 2:
        taken, what = are_open, "the open ones"
    else:
        taken = are_open[piece_of == sizes.argmax()]
        what = "the largest open one" if len(taken) == 1 else "the largest open ones that are joined"
    names = _listed([garment.objects[index][0] for index in taken])
    chosen = np.sort(np.concatenate([garment.objects[index][1] for index in taken]))
    note = f"{said} {names} {'is' if len(taken) == 1 else 'are'} taken, {what}; another one can be named."
    return replace(_part(garment, chosen, garment.name), notes=(*garment.notes, note))


def _listed(names: list[str]) -> str:
    """Return names separated by commas, with the number of names left out if there are too many for a sentence."""
    left = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {left} more" if left > 0 else "")


def _pieces(garment: Garment, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the connected groups of some objects, (len(chosen),); objects that share a vertex are in one group."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    corners = [np.unique(garment.faces[garment.objects[index][1]]) for index in chosen]
    rows = np.repeat(np.arange(len(chosen)), [len(own) for own in corners])
    has = coo_matrix((np.ones(len(rows)), (rows, np.concatenate(corners)))).tocsr()
    return np.asarray(connected_components(has @ has.T, directed=False)[1], np.int64)


def _open_area(garment: Garment, own: NDArray[np.int64]) -> float:
    """Return the area of an object's faces; 0 if it is closed."""
    faces = garment.faces[own]
    ends = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, counts = np.unique(ends, axis=0, return_counts=True)
    if not (counts == 1).any():
        return 0.0
    a, b, c = (garment.vertices[faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2
