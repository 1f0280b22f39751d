"""The common mesh type of all readers, and the checks that they share."""

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import LARGEST, Up
from keygrid.data.paint import Paint, joined
from keygrid.data.readers.blocks import compact

CUT_OFF = "ends too early, so it looks cut off; copy or export it again"
"""Message of `UnreadableError` for a truncated file."""


class UnreadableError(Exception):
    """A file's fault and its remedy, worded to follow the file's name, without a full stop."""


Kind = TypeVar("Kind", bound=np.generic)


class EmptyError(UnreadableError):
    """An empty file, such as the first frame of some exports."""


class Mesh(NamedTuple):
    """A file's contents before checking and welding.

    Attributes:
        vertices: (V, 3) numbers in file units.
        faces: (F, 3) integers; F is 0 for a cloud.
        notes: sentences on parts of the file that were ignored.
        colours: (V, 3) red, green, blue of the vertices; None if the file has none.
        up: the vertical axis, if the file states it.
        objects: names of the objects in the file; empty if it has only one or does not separate them.
        object_of: (F,) index of each face's object; None without objects.
        paint: colours and textures of the faces; None if the file has none.
    """

    vertices: NDArray[np.generic]
    faces: NDArray[np.generic]
    notes: tuple[str, ...] = ()
    colours: NDArray[np.uint8] | None = None
    up: Up = "y"
    objects: tuple[str, ...] = ()
    object_of: NDArray[np.int64] | None = None
    paint: Paint | None = None


def cloud(vertices: NDArray[np.generic], colours: NDArray[np.uint8] | None = None) -> Mesh:
    """Return vertices (V, 3) without a surface, optionally with colours (V, 3)."""
    return Mesh(vertices, np.empty((0, 3), np.int64), colours=colours)


def as_colours(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return red, green, blue (V, 3) in bytes from floats up to 1, or from numbers up to 255."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
        if len(values) and values.max() <= 1:
            values = values * 255
    elif values.dtype.itemsize == 2 and len(values) and values.max() > 255:
        values = values / 257
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def colours_among(columns: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Return colours (N, 3) if the last three of columns (N, C) can be nothing else; otherwise None."""
    last = columns[:, -3:]
    if last.shape[1] < 3 or not len(last) or last.dtype.kind not in "fiu":
        return None
    is_whole = bool(((last >= 0) & (last <= 255) & (last == np.round(last))).all())  # which NaN is not
    return last.astype(np.uint8) if is_whole and last.max() > 1 else None


def check(mesh: Mesh) -> None:
    """Refuse an invalid mesh.

    Raises:
        UnreadableError: wrong shape or type, no vertices, coordinates that are not finite where a face or a cloud needs
            them, or too large to compute with, or a face that refers to a vertex that is not there.
    """
    vertices, faces = mesh.vertices, mesh.faces
    if vertices.dtype.kind not in "fiu" or vertices.ndim != 2 or vertices.shape[1] != 3:
        raise UnreadableError(f"needs vertices of 3 numbers each, but has {_described(vertices)}; export it again")
    if faces.dtype.kind not in "iu" or faces.ndim != 2 or faces.shape[1] != 3:
        raise UnreadableError(f"needs faces of 3 whole numbers each, but has {_described(faces)}; export it again")
    if len(vertices) == 0:
        raise EmptyError("has no vertices; export it again and check that something is selected")
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise UnreadableError("has faces that refer to missing vertices; export it again")
    is_broken = ~np.isfinite(vertices).all(axis=1)
    broken = int((is_broken & used(mesh) if len(faces) and is_broken.any() else is_broken).sum())
    if broken:
        raise UnreadableError(
            f"has {broken} of its {len(vertices)} vertices at NaN or infinity; repair it and export it again"
        )
    if (np.less(vertices, -LARGEST) | np.greater(vertices, LARGEST)).any():
        raise UnreadableError(f"has coordinates beyond {LARGEST:g}, so it is damaged; export it again")


def used(mesh: Mesh) -> NDArray[np.bool_]:
    """Return whether any face uses each vertex, (V,)."""
    found = np.zeros(len(mesh.vertices), np.bool_)
    for column in mesh.faces.T:  # one at a time, for the memory's sake
        found[column] = True
    return found


def without_unused(mesh: Mesh) -> Mesh:
    """Return a surface without unused vertices, which would affect its size; clouds are unchanged."""
    if len(mesh.faces) == 0:
        return mesh
    is_used = used(mesh)
    if is_used.all():
        return mesh
    faces = np.require(mesh.faces, np.int64, ["C", "W"])
    _renumber(faces, np.cumsum(is_used) - 1)
    note = counted((~is_used).sum(), "vertex that no face uses left out", "vertices that no face uses left out")
    return mesh._replace(
        vertices=mesh.vertices[is_used],
        faces=faces,
        notes=(*mesh.notes, *note),
        colours=_of(mesh.colours, is_used),
    )


def _of(values: NDArray[Kind] | None, chosen: NDArray[np.generic]) -> NDArray[Kind] | None:
    """Return the entries of some vertices."""
    return None if values is None else values[chosen]


def counted(count: int | np.integer, one: str, many: str) -> tuple[str, ...]:
    """Return a note such as `2 points left out.`, in singular or plural; none for a count of 0."""
    return (f"{count} {one if count == 1 else many}.",) if count else ()


def _described(array: NDArray[np.generic]) -> str:
    return f"{array.dtype} of shape {array.shape}"


def join(parts: list[Mesh]) -> Mesh:
    """Join several meshes, in order.

    Raises:
        UnreadableError: a part is invalid; see `check`.
    """
    # Checked one by one: an index beyond one part would silently mean a vertex of the next.
    for part in parts:
        check(part)
    if not parts:
        return cloud(np.empty((0, 3)))
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    faces = [part.faces.astype(np.int64) + offset for part, offset in zip(parts, offsets, strict=True)]
    notes = tuple(note for part in parts for note in part.notes)
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate(faces),
        notes,
        _all_colours(parts),
        paint=joined([(part.paint, len(part.faces)) for part in parts]),
    )


def _all_colours(parts: list[Mesh]) -> NDArray[np.uint8] | None:
    """Return the colours of several meshes, white for those without; None if none has any."""
    if all(part.colours is None for part in parts):
        return None
    white = (np.full((len(part.vertices), 3), 255, np.uint8) for part in parts)
    return np.concatenate(
        [plain if part.colours is None else part.colours for part, plain in zip(parts, white, strict=True)]
    )


def weld(mesh: Mesh) -> Mesh:
    """Return a mesh with vertices (V, 3) float64 and faces (F, 3) int64, merging vertices at the same position.

    Clouds are unchanged, because labels refer to their points by index. Arrays are reused where possible.

    Raises:
        UnreadableError: there were faces, but none is left.
    """
    vertices, corners = mesh.vertices, mesh.faces
    mesh = mesh._replace(
        vertices=vertices[:0], faces=corners[:0]
    )  # A large one is in memory once, if nobody else holds it.
    first, place = coinciding(vertices if len(corners) else vertices[:0])
    faces = np.require(corners, np.int64, ["C", "W"])
    del corners
    if len(faces):
        if len(first) < len(vertices):
            vertices = vertices[first]
            mesh = mesh._replace(colours=_of(mesh.colours, first))
            _renumber(faces, place)
        a, b, c = faces.T
        is_triangle = (a != b) & (b != c) & (c != a)
        if not is_triangle.any():
            raise UnreadableError("has no area: the corners of each triangle coincide; check the export")
        if not is_triangle.all():
            faces = faces[is_triangle]
            paint = None if mesh.paint is None else mesh.paint.of(is_triangle)
            mesh = mesh._replace(object_of=_of(mesh.object_of, is_triangle), paint=paint)
    return mesh._replace(vertices=np.require(vertices, np.float64, "C"), faces=faces)


def _renumber(faces: NDArray[np.int64], place: NDArray[np.int64], step: int = 2**16) -> None:
    """Map the vertex indices in faces (F, 3) through an array (V,), in blocks to save memory."""
    for begin in range(0, len(faces), step):
        faces[begin : begin + step] = place[faces[begin : begin + step]]


def coinciding(rows: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find identical rows in an array (V, D).

    Returns:
        First occurrences (U,) in order, and for each row (V,) the index of its own among them.
    """
    order = np.lexsort(rows.T)  # stable: the first of equal rows is the first in the file
    is_new = np.arange(len(rows)) == 0
    for column in rows.T:  # one at a time, because there may be many
        ordered = column[order]
        is_new[1:] |= ordered[1:] != ordered[:-1]
        del ordered
    if is_new.all():
        return np.arange(len(rows)), np.arange(len(rows))
    begins = np.flatnonzero(is_new)
    first = np.sort(order[begins])
    place = np.empty_like(order)
    place[order] = np.repeat(compact(np.searchsorted(first, order[begins])), np.diff(begins, append=len(rows)))
    return first, place
