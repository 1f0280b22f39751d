"""Wavefront OBJ.

Read here rather than by trimesh, which splits vertices along texture seams, drops unused ones at the end, skips
incomplete faces in silence and counts relative indices from the end of the file.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, triangulate
from keygrid.data.readers.text import numbers, refuse_cut_number

_VERTEX = re.compile(rb"^[ \t]*v[ \t]+(\S+[ \t]+\S+[ \t]+\S+)", re.MULTILINE)
_VERTEX_START = re.compile(rb"^[ \t]*v(?!\S)", re.MULTILINE)
_FACE = re.compile(rb"^[ \t]*f(?!\S)(.*)", re.MULTILINE)
_SURFACE_AHEAD = re.compile(rb"^[ \t]*(?:vt|usemtl)\s", re.MULTILINE)
_ANNOUNCED = re.compile(rb"^#[^\n]*\b(vertices|faces|triangles):[ \t]*(\d+)", re.MULTILINE | re.IGNORECASE)
_FEW_UNUSED = 3
"""As many vertices without a face are a habit of some exporters; more of them, and no line end, are a cut."""


def read_obj(path: Path) -> Mesh:
    """All objects and groups of a file as one mesh, with the file's own vertex order; seams do not split it.

    Raises:
        UnreadableError: incomplete vertices or faces, or other signs that the file was cut off.
        ValueError: something that should be a number is not.
    """
    data = path.read_bytes()
    # Without comments first: one that ends in a Windows folder would swallow the next line as its continuation.
    text = re.sub(rb"\\\r?\n", b" ", re.sub(rb"#.*", b"", data))
    mesh = Mesh(_vertices(text), _faces(text))
    if len(mesh.vertices):
        _refuse_fewer_than_announced(data, mesh)
        _refuse_missing_faces(text, mesh)
        refuse_cut_number(text, mesh)
    return mesh


def _vertices(text: bytes) -> NDArray[np.float64]:
    rows = _VERTEX.findall(text)
    if len(rows) < len(_VERTEX_START.findall(text)):
        raise UnreadableError("has a vertex with fewer than three coordinates, so it looks cut off; export it again")
    return numbers(b" ".join(rows), np.float64).reshape(-1, 3)


def _faces(text: bytes) -> NDArray[np.int64]:
    rows = _FACE.findall(text)
    if not rows:
        return np.empty((0, 3), np.int64)
    # OBJ counts from 1, so that 0 can mark the end of each face.
    indices = numbers(re.sub(rb"/\S*", b"", b" 0 ".join(rows) + b" 0"), np.int64)
    ends = np.flatnonzero(indices == 0)
    if len(ends) != len(rows):
        raise UnreadableError("has a face that refers to vertex 0, but OBJ counts from 1; export it again")
    sizes = np.diff(ends, prepend=-1) - 1
    corners = indices[indices != 0]
    if (corners < 0).any():
        corners = np.where(corners < 0, corners + np.repeat(_vertices_before_faces(text), sizes) + 1, corners)
    return triangulate(corners - 1, sizes)


def _vertices_before_faces(text: bytes) -> NDArray[np.int64]:
    """(P,): how many vertices precede each face, from where relative indices count back."""
    vertices = np.array([match.start() for match in _VERTEX.finditer(text)])
    faces = np.array([match.start() for match in _FACE.finditer(text)])
    return np.searchsorted(vertices, faces)


def _refuse_fewer_than_announced(data: bytes, mesh: Mesh) -> None:
    """MeshLab and Open3D begin with comments that count what follows."""
    found = {b"vertices": len(mesh.vertices), b"faces": len(mesh.faces), b"triangles": len(mesh.faces)}
    if any(found[what.lower()] < int(count) for what, count in _ANNOUNCED.findall(data)):
        raise UnreadableError(CUT_OFF)


def _refuse_missing_faces(text: bytes, mesh: Mesh) -> None:
    has_line_end = text.endswith((b"\n", b"\r"))
    if len(mesh.faces) == 0:
        is_cut = not has_line_end or _SURFACE_AHEAD.search(text) is not None
    else:
        last_corners = text[text.rfind(b"\n") :].split()[1:]
        layouts = {re.sub(rb"-?\d+", b"", corner) for corner in last_corners}  # such as "//"
        unused = len(mesh.vertices) - len(np.unique(mesh.faces))
        is_cut = not has_line_end and (len(layouts) > 1 or unused > _FEW_UNUSED)
    if is_cut:
        raise UnreadableError(CUT_OFF)
