"""STL, OFF and glTF, which trimesh reads well."""

import io
import json
import logging
import re
from pathlib import Path
from typing import Any

import numpy as np

from keygrid.data.readers.mesh import CUT_OFF, Mesh, UnreadableError, join
from keygrid.data.readers.text import refuse_cut_number

# Without a handler of its own, what a library logs about a broken file is printed.
logging.getLogger("trimesh").addHandler(logging.NullHandler())

_STL_HEADER = 84  # bytes; the last four are the number of triangles
_FACET = re.compile(rb"^\s*facet\b", re.MULTILINE | re.IGNORECASE)


def read_stl(path: Path) -> Mesh:
    """Triangles that share no vertex yet, of all solids, text or binary.

    Raises:
        UnreadableError: fewer triangles than there should be.
        Exception: the file is damaged.
    """
    data = path.read_bytes()
    is_binary = b"\0" in data
    mesh = _scene(io.BytesIO(data) if is_binary else _ascii(data), "stl")
    begun = int.from_bytes(data[80:84], "little") if is_binary else len(_FACET.findall(data))
    if len(mesh.faces) < begun or (is_binary and len(data) < _STL_HEADER):
        raise UnreadableError(CUT_OFF)
    return mesh


def read_off(path: Path) -> Mesh:
    """A mesh or a cloud in any of the variants of OFF as text.

    Raises:
        UnreadableError: fewer faces or corners than announced.
        Exception: the file is damaged.
    """
    data = re.sub(rb"#.*", b"", path.read_bytes())
    mesh = _scene(_ascii(data), "off")
    announced = re.search(rb"OFF\s*\d+\s+(\d+)", data)
    unfinished = data.rsplit(b"\n", 1)[-1].split()  # [number of corners, corners ...], without a line end
    lacks_corners = len(mesh.faces) > 0 and len(unfinished) > 0 and len(unfinished) <= int(unfinished[0])
    if lacks_corners or (announced and len(mesh.faces) < int(announced[1])):
        raise UnreadableError(CUT_OFF)
    refuse_cut_number(data, mesh)
    return mesh


def read_gltf(path: Path) -> Mesh:
    """All meshes and clouds of a glTF or GLB scene where its nodes put them.

    Raises:
        UnreadableError: a file it refers to is missing, or it is compressed in a way that cannot be read.
        Exception: the file is damaged.
    """
    kind = path.suffix[1:].lower()
    if kind == "gltf":
        json.loads(path.read_text("utf-8"))  # From a broken one, trimesh turns to any model.gltf in the same folder.
    try:
        mesh = _scene(path, kind)
    except FileNotFoundError as error:
        raise UnreadableError(f"needs {error} beside it; keep the files of a glTF scene together") from error
    # trimesh leaves zeros where it lacks the decoder.
    if not mesh.vertices.astype(bool).any() and b"KHR_draco_mesh_compression" in path.read_bytes():
        raise UnreadableError("is compressed with Draco, which cannot be read here; export it without compression")
    return mesh


def _ascii(data: bytes) -> io.BytesIO:
    return io.BytesIO(data.decode("ascii", "replace").encode("ascii", "replace"))


def _scene(file: Path | io.BytesIO, kind: str) -> Mesh:
    import trimesh

    scene: Any = trimesh.load_scene(file, file_type=kind, process=False, skip_materials=True)
    rank = {name: index for index, name in enumerate(scene.geometry)}
    placed = sorted((scene.graph[node] for node in scene.graph.nodes_geometry), key=lambda place: rank[place[1]])
    parts = []
    for transform, name in placed:
        geometry = scene.geometry[name]
        if isinstance(geometry, trimesh.Trimesh | trimesh.PointCloud):
            vertices = trimesh.transform_points(geometry.vertices, transform)
            faces = np.asarray(getattr(geometry, "faces", ()), np.int64).reshape(-1, 3)
            is_mirrored = np.linalg.det(transform[:3, :3]) < 0
            parts.append(Mesh(vertices, faces[:, ::-1] if is_mirrored else faces))
    return join(parts)
