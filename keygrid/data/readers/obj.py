"""Wavefront OBJ.

Read here instead of by trimesh, which splits vertices along texture seams, drops unused ones at the end, silently skips
incomplete faces and counts relative indices from the end of the file.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.blocks import line_blocks
from keygrid.data.readers.limits import Budget
from keygrid.data.readers.materials import Materials
from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, counted
from keygrid.data.readers.obj_marks import FACE, ObjMarks, starts_of_faces
from keygrid.data.readers.pictures import Pictures
from keygrid.data.readers.polygons import Polygons
from keygrid.data.readers.text import numbers, opened, refuse_cut_number

_VERTEX = re.compile(rb"^[ \t]*v[ \t]+(\S+[ \t]+\S+[ \t]+\S+)", re.MULTILINE)
_VERTEX_START = re.compile(rb"^[ \t]*v(?!\S)", re.MULTILINE)
_SURFACE_AHEAD = re.compile(rb"^[ \t]*(?:vt|usemtl)\s", re.MULTILINE)
_ANNOUNCED = re.compile(rb"^#[^\n]*\b(vertices|faces|triangles):[ \t]*(\d+)", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(rb"#.*")
_CONTINUED = re.compile(rb"\\\n")
_FREEFORM = re.compile(rb"^[ \t]*(?:curv2?|surf)\s", re.MULTILINE)
_OTHER_INDICES = re.compile(rb"/\S*")
_FEWEST_CORNERS = 3
_FEW_UNUSED = 3
"""Maximum number of trailing unused vertices that some exporters leave; with more, a file without line end is cut off.
"""


def read_obj(path: Path) -> Mesh:
    """Read all objects and groups of a file as one mesh in the file's own vertex order, without splits at seams.

    Raises:
        UnreadableError: vertices or faces are incomplete, or there are other signs that the file was cut off.
        ValueError: a number is malformed.
    """
    blocks, announced, polygons = [np.empty((0, 3))], [], Polygons()
    marks = ObjMarks(Materials(path.parent, Pictures(path.parent, Budget(path))))
    seen, freeform, surface_ahead, text = 0, 0, False, b""
    with opened(path) as file:
        for block in line_blocks(file):
            announced += _ANNOUNCED.findall(block) if b"#" in block else []
            text = _plain(block)
            blocks.append(_vertices(text))
            marks.read_colours(text, len(blocks[-1]))
            rows = FACE.findall(text)
            corners, sizes = _faces(text, rows, seen)
            polygons.add(corners, sizes, marks.read(text, rows, sizes))
            seen += len(blocks[-1])
            freeform += len(_FREEFORM.findall(text))
            surface_ahead = surface_ahead or (not len(sizes) and _SURFACE_AHEAD.search(text) is not None)
    vertices = np.concatenate(blocks)
    del blocks
    left_out = counted(freeform, "free-form curve or surface left out", "free-form curves or surfaces left out")
    mesh = Mesh(vertices, polygons.triangles(vertices), (*polygons.notes, *left_out))
    mesh = marks.applied(mesh, polygons.marks)
    if seen:
        if freeform and not len(mesh.faces):
            raise UnreadableError(
                "holds only free-form curves and surfaces, which cannot be read; export it as a mesh of polygons"
            )
        _refuse_fewer_than_announced(announced, mesh)
        _refuse_missing_faces(text, surface_ahead, mesh)
        refuse_cut_number(text, mesh)
    return mesh


def _plain(text: bytes) -> bytes:
    """Remove comments, and join continued lines."""
    # Comments first: one that ends in a Windows folder would swallow the next line as its continuation.
    if b"#" in text:
        text = _COMMENT.sub(b"", text)
    return _CONTINUED.sub(b" ", text) if b"\\" in text else text


def _vertices(text: bytes) -> NDArray[np.float64]:
    rows = _VERTEX.findall(text)
    if len(rows) < len(_VERTEX_START.findall(text)):
        raise UnreadableError("has a vertex with fewer than three coordinates, so it looks cut off; export it again")
    return numbers(b" ".join(rows), np.float64).reshape(-1, 3)


def _faces(text: bytes, rows: list[bytes], seen: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return corners (sum of sizes,) and sizes (P,) of the faces in a block that `seen` vertices precede."""
    if not rows:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    # OBJ counts from 1, so that 0 can mark the end of each face.
    corners_of_faces = b" 0 ".join(rows) + b" 0"
    if b"/" in corners_of_faces:
        corners_of_faces = _OTHER_INDICES.sub(b"", corners_of_faces)
    indices = numbers(corners_of_faces, np.int64)
    ends = np.flatnonzero(indices == 0)
    if len(ends) != len(rows):
        raise UnreadableError("has a face that refers to vertex 0, but OBJ counts from 1; export it again")
    sizes = np.diff(ends, prepend=-1) - 1
    corners = indices[indices != 0]
    if (corners < 0).any():
        before = seen + np.repeat(_vertices_before_faces(text), sizes)
        corners = np.where(corners < 0, corners + before + 1, corners)
    return corners - 1, sizes


def _vertices_before_faces(text: bytes) -> NDArray[np.int64]:
    """Return the number of vertices before each face, (P,), from which relative indices count back."""
    vertices = np.array([match.start() for match in _VERTEX.finditer(text)])
    return np.searchsorted(vertices, starts_of_faces(text))


def _refuse_fewer_than_announced(announced: list[tuple[bytes, bytes]], mesh: Mesh) -> None:
    """Refuse fewer vertices or faces than comments of MeshLab and Open3D announce."""
    found = {b"vertices": len(mesh.vertices), b"faces": len(mesh.faces), b"triangles": len(mesh.faces)}
    if any(found[what.lower()] < int(count) for what, count in announced):
        raise UnreadableError(CUT_OFF)


def _refuse_missing_faces(end: bytes, surface_ahead: bool, mesh: Mesh) -> None:
    has_line_end = end.endswith((b"\n", b"\r"))
    if len(mesh.faces) == 0:
        is_cut = not has_line_end or surface_ahead
    elif has_line_end:
        is_cut = False
    else:
        keyword, *last_corners = end.rpartition(b"\n")[2].split() or [b""]
        layouts = {re.sub(rb"-?\d+", b"", corner) for corner in last_corners}  # such as "//"
        is_short = keyword == b"f" and len(last_corners) < _FEWEST_CORNERS
        unused = len(mesh.vertices) - len(np.unique(mesh.faces))
        is_cut = len(layouts) > 1 or unused > _FEW_UNUSED or is_short
    if is_cut:
        raise UnreadableError(CUT_OFF)
