"""glTF, which trimesh reads well."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from keygrid.data.readers.mesh import Mesh, UnreadableError, join

# Without a handler of its own, what a library logs about a broken file is printed.
logging.getLogger("trimesh").addHandler(logging.NullHandler())


def read_gltf(path: Path) -> Mesh:
    """All meshes and clouds of a glTF or GLB scene where its nodes put them.

    Raises:
        UnreadableError: a file it refers to is missing, or it is compressed in a way that cannot be read.
        Exception: the file is damaged.
    """
    with path.open("rb") as file:
        kind = "glb" if file.read(4) == b"glTF" else "gltf"
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


def _scene(path: Path, kind: str) -> Mesh:
    import trimesh

    scene: Any = trimesh.load_scene(path, file_type=kind, process=False, skip_materials=True)
    rank = {name: index for index, name in enumerate(scene.geometry)}
    placed = sorted((scene.graph[node] for node in scene.graph.nodes_geometry), key=lambda place: rank[place[1]])
    parts = []
    for transform, name in placed:
        geometry = scene.geometry[name]
        if isinstance(geometry, trimesh.Trimesh | trimesh.PointCloud):
            vertices = np.asarray(geometry.vertices)
            if not np.array_equal(transform, np.eye(4)):
                vertices = trimesh.transform_points(vertices, transform)
            faces = np.asarray(getattr(geometry, "faces", ()), np.int64).reshape(-1, 3)
            is_mirrored = np.linalg.det(transform[:3, :3]) < 0
            parts.append(Mesh(vertices, faces[:, ::-1] if is_mirrored else faces))
    return join(parts)
