"""glTF scenes.

Read here instead of by trimesh, which silently ignores sparse and normalised numbers, skins, weights and instances, and
leaves zeros if it lacks a decoder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.accessors import Document
from keygrid.data.readers.mesh import Mesh, UnreadableError, check, cloud, join, without_unused
from keygrid.data.readers.scene_paint import ScenePaint

Matrix = NDArray[np.float64]

_POINTS, _TRIANGLES, _STRIP, _FAN = 0, 4, 5, 6
_DRACO = "KHR_draco_mesh_compression"
_INSTANCES = "EXT_mesh_gpu_instancing"


def read_gltf(path: Path) -> Mesh:
    """Read all meshes and clouds of a glTF or GLB scene, placed by its nodes, skins, weights and instances.

    Raises:
        UnreadableError: a referenced file is missing, or the scene is compressed in an unsupported way.
        Exception: the file is damaged.
    """
    document = Document(path)
    looks = ScenePaint(document)
    parts = list(_parts(document, looks))
    mesh = join([part for _, part in parts])
    mesh = mesh._replace(notes=(*mesh.notes, *looks.pictures.notes))
    names = list(dict.fromkeys(name for name, _ in parts))
    if len(names) < 2:
        return mesh
    object_of = np.repeat([names.index(name) for name, _ in parts], [len(part.faces) for _, part in parts])
    return mesh._replace(objects=tuple(names), object_of=object_of)


def _parts(document: Document, looks: ScenePaint) -> Iterator[tuple[str, Mesh]]:
    """Yield primitives as placed in the scene, with the names of their nodes."""
    content = document.content
    nodes = content.get("nodes", [])
    placed = dict(_placed(content))
    for index in sorted(placed, key=lambda index: (nodes[index].get("mesh", -1), index)):
        node = nodes[index]
        if "mesh" not in node:
            continue
        mesh = content["meshes"][node["mesh"]]
        weights = node.get("weights", mesh.get("weights", []))
        for primitive in mesh["primitives"]:
            part = _part(document, primitive, weights, looks)
            if part is None:
                continue
            attributes = primitive["attributes"]
            if "skin" in node and "JOINTS_0" in attributes:
                parts = iter([_skinned(document, part, attributes, content["skins"][node["skin"]], placed)])
            else:
                parts = (_moved(part, placed[index] @ instance) for instance in _instances(document, node))
            for one in parts:
                document.budget.spend(one.vertices.nbytes + one.faces.nbytes)
                check(one)
                # Primitives often share their vertices, and each uses some.
                whole = without_unused(one)._replace(notes=()) if len(mesh["primitives"]) > 1 else one
                yield str(node.get("name") or mesh.get("name") or f"object {index}"), whole


def _placed(content: dict[str, Any]) -> Iterator[tuple[int, Matrix]]:
    """Yield the nodes of the scene with their positions in it, (4, 4)."""
    nodes = content.get("nodes", [])
    children = {child for node in nodes for child in node.get("children", [])}
    scenes = content.get("scenes", [])
    roots = scenes[content.get("scene", 0)].get("nodes", []) if scenes else set(range(len(nodes))) - children
    waiting = [(root, np.eye(4)) for root in roots]
    seen: set[int] = set()
    while waiting:
        index, above = waiting.pop()
        if index in seen:
            raise ValueError("A node is its own descendant, or has two parents.")
        seen.add(index)
        matrix = above @ _local(nodes[index])
        yield index, matrix
        waiting += [(child, matrix) for child in nodes[index].get("children", [])]


def _local(node: dict[str, Any]) -> Matrix:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    return _composed(
        np.array(node.get("translation", (0, 0, 0)), np.float64),
        np.array(node.get("rotation", (0, 0, 0, 1)), np.float64),
        np.array(node.get("scale", (1, 1, 1)), np.float64),
    )


def _composed(translation: Matrix, rotation: Matrix, scale: Matrix) -> Matrix:
    """Return the matrix (4, 4) that scales, then rotates by a quaternion x, y, z, w, then translates."""
    x, y, z, w = rotation / (np.linalg.norm(rotation) or 1.0)
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= scale
    matrix[:3, 3] = translation
    return matrix


def _part(document: Document, primitive: dict[str, Any], weights: list[float], looks: ScenePaint) -> Mesh | None:
    """Return a primitive before placement; None for lines."""
    position = document.content["accessors"][primitive["attributes"]["POSITION"]]
    if _DRACO in primitive.get("extensions", {}) and "bufferView" not in position:
        raise UnreadableError("is compressed with Draco, which cannot be read; export it without compression")
    vertices = document.array(primitive["attributes"]["POSITION"])
    for weight, target in zip(weights, primitive.get("targets", []), strict=False):
        if weight and "POSITION" in target:
            vertices = vertices + weight * document.array(target["POSITION"])
    mode = primitive.get("mode", _TRIANGLES)
    if mode == _POINTS:
        return cloud(vertices, looks.of_points(primitive))
    if mode not in (_TRIANGLES, _STRIP, _FAN):
        return None
    indices = primitive.get("indices")
    corners = np.arange(len(vertices)) if indices is None else document.array(indices).astype(np.int64)
    faces = _faces(corners, mode)
    return Mesh(vertices, faces, paint=looks.of_faces(primitive, faces))


def _faces(corners: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    if mode == _TRIANGLES:
        return corners.reshape(-1, 3)
    if mode == _FAN:
        return np.column_stack([corners[1:-1], corners[2:], np.full(max(len(corners) - 2, 0), corners[0])])
    faces = np.column_stack([corners[:-2], corners[1:-1], corners[2:]])
    faces[1::2] = faces[1::2, [1, 0, 2]]
    return faces


def _instances(document: Document, node: dict[str, Any]) -> list[Matrix]:
    extension = node.get("extensions", {}).get(_INSTANCES)
    if extension is None:
        return [np.eye(4)]
    arrays = {name: document.array(index) for name, index in extension["attributes"].items()}
    count = len(next(iter(arrays.values())))
    translations = arrays.get("TRANSLATION", np.zeros((count, 3)))
    rotations = arrays.get("ROTATION", np.tile([0.0, 0, 0, 1], (count, 1)))
    scales = arrays.get("SCALE", np.ones((count, 3)))
    return [_composed(*one) for one in zip(translations, rotations, scales, strict=True)]


def _moved(part: Mesh, matrix: Matrix) -> Mesh:
    if np.array_equal(matrix, np.eye(4)):
        return part
    is_mirrored = np.linalg.det(matrix[:3, :3]) < 0
    vertices = part.vertices.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    if not is_mirrored:
        return part._replace(vertices=vertices)
    paint = None if part.paint is None else part.paint.turned_around()
    return part._replace(vertices=vertices, faces=part.faces[:, ::-1], paint=paint)


def _skinned(
    document: Document, part: Mesh, attributes: dict[str, int], skin: dict[str, Any], placed: dict[int, Matrix]
) -> Mesh:
    """Return a part as placed by its joints, regardless of its node's position."""
    bones = np.stack([placed.get(joint, np.eye(4)) for joint in skin["joints"]])
    if "inverseBindMatrices" in skin:
        bones = bones @ document.array(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)[: len(bones)]
    total = np.zeros((len(part.vertices), 4, 4))
    weight = np.zeros(len(part.vertices))
    for number in range(len(attributes)):
        if f"JOINTS_{number}" not in attributes:
            break
        joints = document.array(attributes[f"JOINTS_{number}"]).astype(np.int64)
        shares = document.array(attributes[f"WEIGHTS_{number}"])
        total += np.einsum("vj,vjab->vab", shares, bones[joints])
        weight += shares.sum(axis=1)
    total /= np.where(weight > 0, weight, 1)[:, None, None]
    vertices = np.einsum("vab,vb->va", total[:, :3, :3], part.vertices.astype(np.float64)) + total[:, :3, 3]
    return part._replace(vertices=vertices)
