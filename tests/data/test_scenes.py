"""Features of glTF, each in a scene that the test makes."""

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError

KINDS = {"f4": 5126, "u4": 5125, "u2": 5123, "i2": 5122, "u1": 5121}
TYPES = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
BALL = trimesh.creation.icosphere(subdivisions=1)
VERTICES, FACES = np.asarray(BALL.vertices, np.float32), np.asarray(BALL.faces, np.uint32)


class Scene:
    """A scene in the making; `content` is its JSON."""

    def __init__(self) -> None:
        self.data = b""
        self.content: dict[str, Any] = {
            "asset": {"version": "2.0"}, "bufferViews": [], "accessors": [], "meshes": [], "nodes": [{"mesh": 0}],
            "scenes": [{"nodes": [0]}], "scene": 0,
        }  # fmt: skip

    def view(self, array: NDArray[Any]) -> int:
        self.content["bufferViews"].append({"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes})
        self.data += array.tobytes() + bytes(-array.nbytes % 4)
        return len(self.content["bufferViews"]) - 1

    def add(self, array: NDArray[Any], **known: Any) -> int:
        kind = array.dtype.str[1:]
        self.content["accessors"].append(
            {"bufferView": self.view(array), "componentType": KINDS[kind], "count": len(array),
             "type": TYPES[array.shape[1:]], **known}
        )  # fmt: skip
        return len(self.content["accessors"]) - 1

    def add_mesh(self, position: int, faces: NDArray[Any] = FACES, **known: Any) -> dict[str, Any]:
        primitive = {"attributes": {"POSITION": position}, "indices": self.add(faces.reshape(-1)), **known}
        self.content["meshes"].append({"primitives": [primitive]})
        return primitive

    def written(self, folder: Path) -> Path:
        self.content["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.content).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(self.data), 0x004E4942)
        size = 12 + len(chunks) + len(self.data)
        (folder / "a.glb").write_bytes(struct.pack("<4sII", b"glTF", 2, size) + chunks + self.data)
        return folder / "a.glb"


def assert_reads(path: Path, vertices: NDArray[Any], tolerance: float = 1e-6) -> None:
    garment = read_garment(path)
    np.testing.assert_allclose(garment.vertices[garment.faces], vertices[FACES], atol=tolerance)
    assert garment.notes == ()


def test_sparse_numbers_replace_others(tmp_path: Path) -> None:
    scene, moved = Scene(), VERTICES.copy()
    moved[[3, 7]] = 0
    indices, values = scene.view(np.array([3, 7], np.uint16)), scene.view(VERTICES[[3, 7]])
    sparse = {
        "count": 2, "indices": {"bufferView": indices, "componentType": KINDS["u2"]}, "values": {"bufferView": values}
    }  # fmt: skip
    scene.add_mesh(scene.add(moved, sparse=sparse))
    assert_reads(scene.written(tmp_path), VERTICES)


def test_normalised_integers_are_shares(tmp_path: Path) -> None:
    scene = Scene()
    scene.add_mesh(scene.add(np.round(VERTICES * 32767).astype(np.int16), normalized=True))
    scene.content["nodes"][0] |= {"scale": [2, 2, 2]}
    assert_reads(scene.written(tmp_path), VERTICES * 2, 4e-5)


def test_joints_place_a_skin_and_its_node_does_not(tmp_path: Path) -> None:
    scene = Scene()
    primitive = scene.add_mesh(scene.add(VERTICES))
    upper = (VERTICES[:, 1] > 0).astype(np.float32)
    weights = np.stack([1 - upper, upper, 0 * upper, 0 * upper], axis=1).astype(np.float32)
    joints = np.tile(np.array([0, 1, 0, 0], np.uint8), (len(VERTICES), 1))
    primitive["attributes"] |= {"JOINTS_0": scene.add(joints), "WEIGHTS_0": scene.add(weights)}
    bind = np.tile(np.diag([100.0, 100, 100, 1]).astype(np.float32), (2, 1, 1))
    scene.content["skins"] = [{"joints": [1, 2], "inverseBindMatrices": scene.add(bind)}]
    scene.content["nodes"] = [
        {"scale": [0.01, 0.01, 0.01], "children": [1, 2, 3]}, {}, {"translation": [0, 500, 0]}, {"mesh": 0, "skin": 0}
    ]  # fmt: skip
    assert_reads(scene.written(tmp_path), VERTICES + upper[:, None] * [0, 5, 0], 1e-5)


def test_weights_move_what_they_are_weights_of(tmp_path: Path) -> None:
    scene = Scene()
    target = scene.add(np.ascontiguousarray(VERTICES[:, ::-1]))
    scene.add_mesh(scene.add(VERTICES), targets=[{"POSITION": target}])
    scene.content["meshes"][0]["weights"] = [0.5]
    assert_reads(scene.written(tmp_path), VERTICES + VERTICES[:, ::-1] / 2)


def test_every_instance_is_there(tmp_path: Path) -> None:
    scene = Scene()
    scene.add_mesh(scene.add(VERTICES))
    attributes = {
        "TRANSLATION": scene.add(np.array([[0, 0, 0], [5, 0, 0]], np.float32)),
        "SCALE": scene.add(np.array([[1, 1, 1], [2, 2, 2]], np.float32)),
    }
    scene.content["nodes"][0]["extensions"] = {"EXT_mesh_gpu_instancing": {"attributes": attributes}}
    garment = read_garment(scene.written(tmp_path))
    assert (len(garment.vertices), len(garment.faces)) == (2 * len(VERTICES), 2 * len(FACES))
    np.testing.assert_allclose(garment.bounds, [[-1, -2, -2], [7, 2, 2]], atol=1e-6)


def test_primitives_may_share_their_vertices(tmp_path: Path) -> None:
    scene = Scene()
    position = scene.add(VERTICES)
    scene.add_mesh(position, FACES[:30])
    scene.content["meshes"][0]["primitives"].append(
        {"attributes": {"POSITION": position}, "indices": scene.add(FACES[30:].reshape(-1))}
    )
    assert_reads(scene.written(tmp_path), VERTICES)


@pytest.mark.parametrize("mode", [5, 6])
def test_strips_and_fans_are_triangles(mode: int, tmp_path: Path) -> None:
    scene = Scene()
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]] if mode == 5 else
                       [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)  # fmt: skip
    scene.add_mesh(scene.add(corners), np.arange(4, dtype=np.uint32), mode=mode)
    garment = read_garment(scene.written(tmp_path))
    a, b, c = garment.vertices[garment.faces].transpose(1, 0, 2)
    np.testing.assert_allclose(np.cross(b - a, c - a), [[0, 0, 1], [0, 0, 1]])


@pytest.mark.parametrize("name", ["my shirt.bin", "袖.bin", "100%.bin"])
def test_names_of_files_are_percent_encoded(name: str, tmp_path: Path) -> None:
    from urllib.parse import quote

    scene = Scene()
    scene.add_mesh(scene.add(VERTICES))
    scene.content["buffers"] = [{"byteLength": len(scene.data), "uri": quote(name)}]
    (tmp_path / name).write_bytes(scene.data)
    (tmp_path / "a.gltf").write_text(json.dumps(scene.content), "utf-8-sig")
    assert_reads(tmp_path / "a.gltf", VERTICES)
    (tmp_path / name).unlink()
    with pytest.raises(KeygridError, match=f"needs {name} beside it"):
        read_garment(tmp_path / "a.gltf")


@pytest.mark.parametrize(
    "uri", ["../a.bin", "b/..%2F../a.bin", "..%5Ca.bin", "{folder}/a.bin", "C:%5Ca.bin", "/dev/zero"]
)
def test_files_outside_the_folder_are_not_read(uri: str, tmp_path: Path) -> None:
    scene = Scene()
    scene.add_mesh(scene.add(VERTICES))
    (tmp_path / "a.bin").write_bytes(scene.data)
    (tmp_path / "inside").mkdir()
    scene.content["buffers"] = [{"uri": uri.format(folder=tmp_path), "byteLength": len(scene.data)}]
    (tmp_path / "inside" / "a.gltf").write_text(json.dumps(scene.content))
    with pytest.raises(KeygridError, match="outside its folder"):
        read_garment(tmp_path / "inside" / "a.gltf")


@pytest.mark.parametrize("uri", ["pipe.bin", "file:///etc/passwd", "http://127.0.0.1/a.bin"])
def test_what_is_no_file_is_not_opened(uri: str, tmp_path: Path) -> None:
    scene = Scene()
    scene.add_mesh(scene.add(VERTICES))
    os.mkfifo(tmp_path / "pipe.bin")
    scene.content["buffers"] = [{"uri": uri, "byteLength": len(scene.data)}]
    (tmp_path / "a.gltf").write_text(json.dumps(scene.content))
    with pytest.raises(KeygridError, match="beside it"):
        read_garment(tmp_path / "a.gltf")


def test_what_is_compressed_is_refused_by_name(tmp_path: Path) -> None:
    scene = Scene()
    position = scene.add(VERTICES)
    scene.add_mesh(position)
    half = scene.add_mesh(position)  # all of it counts, however much of it is compressed
    scene.content["nodes"].append({"mesh": 1})
    scene.content["scenes"][0]["nodes"] = [0, 1]
    half["extensions"] = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    assert len(read_garment(scene.written(tmp_path)).vertices) == len(VERTICES)  # beside it, the same uncompressed
    half["attributes"] = {"POSITION": len(scene.content["accessors"])}
    scene.content["accessors"].append({"componentType": 5126, "count": len(VERTICES), "type": "VEC3"})
    with pytest.raises(KeygridError, match="Draco"):
        read_garment(scene.written(tmp_path))
    scene.content["bufferViews"][0]["extensions"] = {"EXT_meshopt_compression": {"buffer": 0}}
    with pytest.raises(KeygridError, match="meshopt"):
        read_garment(scene.written(tmp_path))


def test_what_is_compressed_is_read_where_there_is_a_plain_copy(tmp_path: Path) -> None:
    scene = Scene()
    scene.add_mesh(scene.add(VERTICES))
    for view in scene.content["bufferViews"]:
        view["extensions"] = {"EXT_meshopt_compression": {"buffer": 1, "byteLength": 9, "byteStride": 12, "count": 3}}
    assert_reads(scene.written(tmp_path), VERTICES)


def test_scenes_of_the_first_version_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.gltf").write_text(json.dumps({"asset": {"version": "1.0"}, "meshes": {"m": {}}}))
    (tmp_path / "b.glb").write_bytes(b"glTF\1\0\0\0" + bytes(12))
    for name in ("a.gltf", "b.glb"):
        with pytest.raises(KeygridError, match="is glTF 1,"):
            read_garment(tmp_path / name)


def test_nodes_below_themselves_are_refused(tmp_path: Path) -> None:
    scene = Scene()
    scene.add_mesh(scene.add(VERTICES))
    scene.content["nodes"][0]["children"] = [0]
    with pytest.raises(KeygridError, match="could not be read"):
        read_garment(scene.written(tmp_path))
