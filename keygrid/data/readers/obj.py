"""Wavefront OBJ.

Read here rather than by trimesh, which splits vertices along texture seams, drops unused ones at the end, skips
incomplete faces in silence and counts relative indices from the end of the file.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.blocks import line_blocks
from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, counted
from keygrid.data.readers.polygons import Polygons
from keygrid.data.readers.text import numbers, opened, refuse_cut_number

_VERTEX = re.compile(rb"^[ \t]*v[ \t]+(\S+[ \t]+\S+[ \t]+\S+)", re.MULTILINE)
_VERTEX_START = re.compile(rb"^[ \t]*v(?!\S)", re.MULTILINE)
_OBJECT = re.compile(rb"^[ \t]*o[ \t]+(\S[^\n]*)", re.MULTILINE)
_FACE = re.compile(rb"^[ \t]*f(?!\S)(.*)", re.MULTILINE)
_SURFACE_AHEAD = re.compile(rb"^[ \t]*(?:vt|usemtl)\s", re.MULTILINE)
_ANNOUNCED = re.compile(rb"^#[^\n]*\b(vertices|faces|triangles):[ \t]*(\d+)", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(rb"#.*")
_CONTINUED = re.compile(rb"\\\n")
_FREEFORM = re.compile(rb"^[ \t]*(?:curv2?|surf)\s", re.MULTILINE)
_OTHER_INDICES = re.compile(rb"/\S*")
_FEWEST_CORNERS = 3
_FEW_UNUSED = 3
"""Most vertices without a face that some exporters leave; with more, and no line end, a file is cut off."""


def read_obj(path: Path) -> Mesh:
    """All objects and groups of a file as one mesh, with the file's own vertex order; seams do not split it.

    Raises:
        UnreadableError: incomplete vertices or faces, or other signs that the file was cut off.
        ValueError: something that should be a number is not.
    """
    blocks, announced, polygons = [np.empty((0, 3))], [], Polygons()
    begins: list[tuple[str, int]] = []
    seen, freeform, surface_ahead, text = 0, 0, False, b""
    with opened(path) as file:
        for block in line_blocks(file):
            announced += _ANNOUNCED.findall(block) if b"#" in block else []
            text = _plain(block)
            begins += _objects(text, seen)
            blocks.append(_vertices(text))
            corners, sizes = _faces(text, seen)
            polygons.add(corners, sizes)
            seen += len(blocks[-1])
            freeform += len(_FREEFORM.findall(text))
            surface_ahead = surface_ahead or (not len(sizes) and _SURFACE_AHEAD.search(text) is not None)
    vertices = np.concatenate(blocks)
    del blocks
    left_out = counted(freeform, "free-form curve or surface left out", "free-form curves or surfaces left out")
    mesh = Mesh(vertices, polygons.triangles(vertices), (*polygons.notes, *left_out))
    mesh = _with_objects(mesh, begins)
    if seen:
        if freeform and not len(mesh.faces):
            raise UnreadableError(
                "holds only free-form curves and surfaces, which cannot be read; export it as a mesh of polygons"
            )
        _refuse_fewer_than_announced(announced, mesh)
        _refuse_missing_faces(text, surface_ahead, mesh)
        refuse_cut_number(text, mesh)
    return mesh


def _objects(text: bytes, seen: int) -> list[tuple[str, int]]:
    """Names of objects that begin in a part of the file that `seen` vertices precede, and the vertices before each."""
    found = list(_OBJECT.finditer(text))
    if not found:
        return []
    vertices = np.array([match.start() for match in _VERTEX.finditer(text)])
    before = seen + np.searchsorted(vertices, [match.start() for match in found])
    return [(match[1].decode("utf-8", "replace").strip(), int(n)) for match, n in zip(found, before, strict=True)]


def _with_objects(mesh: Mesh, begins: list[tuple[str, int]]) -> Mesh:
    """Say which faces are whose, if several objects have vertices of their own."""
    names = list(dict.fromkeys(name for name, _ in begins))
    if len(names) < 2 or begins[0][1] > 0 or not len(mesh.faces):
        return mesh
    starts = np.array([start for _, start in begins])
    place = np.searchsorted(starts, np.arange(len(mesh.vertices)), side="right") - 1
    of_vertex = np.array([names.index(name) for name, _ in begins])[place]
    object_of = of_vertex[np.clip(mesh.faces[:, 0].astype(np.int64), 0, len(of_vertex) - 1)]
    if len(np.unique(object_of)) < len(names):
        return mesh
    return mesh._replace(objects=tuple(names), object_of=object_of)


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


def _faces(text: bytes, seen: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corners (sum of sizes,) and sizes (P,) of the faces of a part of the file that `seen` vertices precede."""
    rows = _FACE.findall(text)
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
    """(P,): how many vertices precede each face, from where relative indices count back."""
    vertices = np.array([match.start() for match in _VERTEX.finditer(text)])
    faces = np.array([match.start() for match in _FACE.finditer(text)])
    return np.searchsorted(vertices, faces)


def _refuse_fewer_than_announced(announced: list[tuple[bytes, bytes]], mesh: Mesh) -> None:
    """Refuse fewer vertices or faces than the comments of MeshLab and Open3D announce."""
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
