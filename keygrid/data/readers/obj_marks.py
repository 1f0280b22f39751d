"""Objects, groups, materials and texture coordinates of a Wavefront OBJ, read block by block with its faces."""

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from keygrid.data.paint import PLAIN, Paint
from keygrid.data.readers.materials import Materials
from keygrid.data.readers.mesh import Mesh, as_colours
from keygrid.data.readers.polygons import Marks
from keygrid.data.readers.text import numbers

FACE = re.compile(rb"^[ \t]*f(?!\S)(.*)", re.MULTILINE)
_STATEMENT = re.compile(rb"^[ \t]*(o|g|usemtl|mtllib)[ \t]+(\S[^\n]*)", re.MULTILINE)
_PLACE = re.compile(rb"^[ \t]*vt[ \t]+(\S+[ \t]+\S+)", re.MULTILINE)
_PLACE_START = re.compile(rb"^[ \t]*vt(?!\S)", re.MULTILINE)
_PLACE_OF_CORNER = re.compile(rb"-?\d+/(-?\d+)(?:/-?\d*)?")
_COLOURED = re.compile(
    rb"^[ \t]*v[ \t]+\S+[ \t]+\S+[ \t]+\S+[ \t]+(\S+[ \t]+\S+[ \t]+\S+)(?:[ \t]+\S+)?[ \t]*$", re.MULTILINE
)
_KINDS = (b"o", b"g", b"usemtl")
_OBJECT, _GROUP, _MATERIAL = range(3)
_NONE = -1


class ObjMarks:
    """Object, group and material of each face of an OBJ file.

    Args:
        materials: materials, which read the files that the OBJ names.
    """

    def __init__(self, materials: Materials) -> None:
        self.materials = materials
        self._names: list[dict[str, int]] = [{}, {}, {}]
        self._now = [_NONE] * len(_KINDS)
        self._places: list[NDArray[np.float64]] = []
        self._colours: list[NDArray[np.float64]] = []
        self._seen = 0
        self._has_places = True

    def read(self, text: bytes, rows: list[bytes], sizes: NDArray[np.int64]) -> Marks:
        """Return the marks of the faces in the next block of the file.

        Args:
            text: the block, without comments.
            rows: rows of its faces, without their first letter.
            sizes: numbers of the faces' corners, (P,).
        """
        of_faces = self._of_faces(text, len(rows))
        before = self._seen
        self._take_places(text)
        return Marks(of_faces, self._of_corners(text, rows, sizes, before) if rows else None)

    def read_colours(self, text: bytes, count: int) -> None:
        """Read the colours of the vertices in a block, if all of them have one."""
        found = _COLOURED.findall(text) if self._colours is not None and count else []
        if len(found) == count:
            self._colours.append(numbers(b" ".join(found), np.float64).reshape(-1, 3))

    def _of_faces(self, text: bytes, count: int) -> NDArray[np.int64] | None:
        """Return object, group and material of each face as indices of names, (P, 3); None while all are the same."""
        # For each of the three, the faces from which on another name counts, and that name.
        found: list[list[tuple[int, int]]] = [[(-1, now)] for now in self._now]
        for statement in _STATEMENT.finditer(text):
            name = statement[2].decode("utf-8", "surrogateescape").strip()
            if statement[1] == b"mtllib":
                self.materials.read(name)
                continue
            kind = _KINDS.index(statement[1])
            found[kind].append((statement.start(), self._names[kind].setdefault(name, len(self._names[kind]))))
        self._now = [of_kind[-1][1] for of_kind in found]
        if not any(self._names):
            return None
        if all(len(of_kind) == 1 for of_kind in found):
            return np.tile(self._now, (count, 1))
        starts = starts_of_faces(text)
        columns = [np.array(of_kind) for of_kind in found]
        return np.column_stack([column[np.searchsorted(column[:, 0], starts) - 1, 1] for column in columns])

    def _take_places(self, text: bytes) -> None:
        if not self.materials.images or not self._has_places:
            return
        found = _PLACE.findall(text)
        if len(found) < len(_PLACE_START.findall(text)):
            self._has_places = False  # of one dimension
            return
        self._places.append(numbers(b" ".join(found), np.float64).reshape(-1, 2))
        self._seen += len(found)

    def _of_corners(
        self, text: bytes, rows: list[bytes], sizes: NDArray[np.int64], before: int
    ) -> NDArray[np.int64] | None:
        """Return the corners' indices of texture coordinates in the file, (sum of sizes,); -1 for none."""
        if not self.materials.images or not self._has_places:
            return None
        has_place = np.array([_PLACE_OF_CORNER.search(row) is not None for row in rows])
        joined = b" ".join(row for row, on in zip(rows, has_place, strict=True) if on)
        found = numbers(_PLACE_OF_CORNER.sub(rb"\1", joined), np.int64)
        corner_has = np.repeat(has_place, sizes)
        if len(found) != corner_has.sum():
            return None  # some corners of a face have one and others do not
        if (found < 0).any():
            places = np.array([match.start() for match in _PLACE.finditer(text)])
            until = before + np.searchsorted(places, starts_of_faces(text)[has_place])
            until = np.repeat(until, sizes[has_place])
            found = np.where(found < 0, found + until + 1, found)
        corners = np.full(len(corner_has), _NONE)
        corners[corner_has] = found - 1
        return corners

    def applied(self, mesh: Mesh, marks: Marks) -> Mesh:
        """Return a mesh with the objects, colours and textures given by the marks of its triangles."""
        colours = None
        if self._colours and sum(map(len, self._colours)) == len(mesh.vertices):
            colours = as_colours(np.concatenate(self._colours))
        mesh = mesh._replace(notes=(*mesh.notes, *self.materials.notes, *self.materials.pictures.notes))
        if not len(mesh.faces):
            return mesh._replace(colours=colours)
        if marks.faces is not None:
            mesh = self._with_objects(mesh, marks.faces)
        return mesh._replace(colours=colours, paint=self._paint(mesh, marks))

    def _with_objects(self, mesh: Mesh, of_faces: NDArray[np.int64]) -> Mesh:
        """Assign faces to objects, if there are several, or to groups, if there are several and no objects."""
        kind = _OBJECT if self._names[_OBJECT] else _GROUP
        used, object_of = np.unique(of_faces[:, kind], return_inverse=True)
        if len(used) < 2 or used[0] == _NONE:
            return mesh
        names = [name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name in self._names[kind]]
        return mesh._replace(objects=tuple(names[place] for place in used), object_of=object_of)

    def _paint(self, mesh: Mesh, marks: Marks) -> Paint | None:
        names, pictures = self._names[_MATERIAL], self.materials.pictures
        if marks.faces is None or not self.materials or not names:
            return None
        white = (255, 255, 255)
        images = [self.materials.images.get(name, _NONE) for name in names]
        image_of = np.array([*images, _NONE])[marks.faces[:, _MATERIAL]]
        plain = [
            white if image >= 0 else self.materials.colours.get(name, PLAIN)
            for name, image in zip(names, images, strict=True)
        ]  # a texture has its own colours: what programs write beside it is often black
        colours = np.array([*plain, PLAIN], np.uint8)[marks.faces[:, _MATERIAL]]
        places = np.zeros((len(mesh.faces), 3, 2), np.float32)
        if marks.corners is not None and self._seen:
            inside = (marks.corners >= 0) & (marks.corners < self._seen)
            known = np.concatenate(self._places)
            places = known[np.where(inside, marks.corners, 0)].astype(np.float32)
            image_of = np.where(inside.all(axis=1) & np.isfinite(places).all(axis=(1, 2)), image_of, _NONE)
        else:
            image_of = np.full(len(mesh.faces), _NONE)
        paint = Paint(np.repeat(colours[:, None], 3, axis=1), places, image_of, tuple(pictures.images))
        return paint if (image_of >= 0).any() else replace(paint, images=())


def starts_of_faces(text: bytes) -> NDArray[np.int64]:
    """Return the positions at which faces begin in a block of an OBJ file, (P,)."""
    return np.array([match.start() for match in FACE.finditer(text)], np.int64)
