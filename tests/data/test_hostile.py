"""Files that are made to take a machine's time or memory: each is read, or refused in a sentence, at once."""

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.collection import Collection
from keygrid.data.readers import limits
from keygrid.errors import KeygridError

DIGITS = b"1" * 500_000
"""Anything that takes time with the square of its length takes hours."""

PCD = b"VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 2\nDATA ascii\n"
PLY = b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("continued.obj", b"v 0 0 0\n" + b"\\\n" * 2**20),
        ("continued_lines.obj", b"v 0 0 0\n" + b"\\\r" * 2**20),
        ("number.xyz", b"0 0 0\n0 " + DIGITS + b" 0\n0 0 0"),
        ("word.xyz", DIGITS + b"x 0 0\n0 0 0\n"),
        ("comma.xyz", b"0,1 0,2 0,3\n" + DIGITS + b"x, 0 0\n"),
        ("units.xyz", b"# x" + b"(" * len(DIGITS) + b"\n0 0 0\n"),
        ("blanks.xyz", b"# x" + b" " * len(DIGITS) + b"\n0 0 0\n"),
        ("number.off", b"OFF\n2 0 0\n0 0 " + DIGITS + b" 5\n0 0 0"),
        ("number.pcd", PCD + b"0 0 " + DIGITS + b"\n0 " + DIGITS + b" 0"),
        ("number.ply", PLY + b"0 0 " + DIGITS + b"\n0 " + DIGITS + b" 0"),
        ("number.obj", b"v 0 0 " + DIGITS + b"\nv 0 1 " + DIGITS),
    ],
)
def test_endless_words_and_lines(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    try:
        opened = open_path(tmp_path / name)
    except KeygridError as error:
        assert str(error).startswith(name)  # noqa: PT017
    else:
        assert not isinstance(opened, Collection)


def test_faces_of_too_many_corners(tmp_path: Path) -> None:
    angles = np.linspace(0, 2 * np.pi, 200_001)[1:]
    radii = np.random.default_rng(0).random(len(angles))
    ring = np.column_stack([radii * np.cos(angles), radii * np.sin(angles), 0 * angles])
    with (tmp_path / "star.obj").open("w") as file:
        np.savetxt(file, ring, "v %.6f %.6f %.6f")
        file.write("f " + " ".join(str(corner) for corner in range(1, len(ring) + 1)) + "\n")
    with pytest.raises(KeygridError, match="concave face of 200000 corners"):
        open_path(tmp_path / "star.obj")


def test_manifests_of_many_missing_files(tmp_path: Path) -> None:
    rows = [{"file": f"{number}.npz"} for number in range(20_000)]
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "keygrid-garments 1", "sequences": rows}))
    for row in rows[:50]:
        (tmp_path / row["file"]).touch()
    opened = open_path(tmp_path)
    assert isinstance(opened, Collection)
    assert len(opened.entries) == 50
    assert opened.missing[-1] == "19947 others that it names are missing, too."


def write_h5(path: Path, shape: tuple[int, ...], chunks: tuple[int, ...], labels: int = 0) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("data", shape, "f4", chunks=chunks, compression=1)
        if labels:
            file.create_dataset("label", (labels, 1), "i8", chunks=(1000, 1))


def write_gltf(path: Path, count: int, primitives: int = 1, nodes: int = 1, stride: int | None = None) -> None:
    """Points that no bytes stand for, or all the same ones."""
    content = {
        "asset": {"version": "2.0"},
        "accessors": [{"componentType": 5126, "count": count, "type": "VEC3"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "mode": 0}] * primitives}],
        "nodes": [{"mesh": 0}] * nodes,
    }
    if stride is not None:
        content["buffers"] = [{"uri": "data:;base64,AAAAAAAAAAAAAAAA"}]
        content["bufferViews"] = [{"buffer": 0, "byteStride": stride}]
        content["accessors"][0]["bufferView"] = 0  # type: ignore[index]
    path.write_text(json.dumps(content))


def write_npz(path: Path, shape: tuple[int, ...], kind: str = "u1") -> None:
    """Zeros, which are compressed to a thousandth, without making them all."""
    head = BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": kind, "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("points.npy", "w") as member:
        member.write(head.getvalue())
        for _ in range(np.prod(shape) // 2**20 + 1):
            member.write(bytes(2**20))


def write_lzf(path: Path, points: int) -> None:
    """Copies of 264 bytes, each from three."""
    packed = bytes([31]) + bytes(32) + b"\xe0\xff\x00" * (points * 12 // 264)
    header = PCD.replace(b"ascii", b"binary_compressed").replace(b"POINTS 2", b"POINTS %d" % points)
    path.write_bytes(header + np.array([len(packed), points * 12], "<u4").tobytes() + packed)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("clouds.h5", lambda path: write_h5(path, (10**9, 2, 3), (1, 2, 3))),
        ("cloud.h5", lambda path: write_h5(path, (1, 10**9, 3), (1, 1000, 3))),
        ("chunk.h5", lambda path: write_h5(path, (1, 3 * 10**8, 3), (1, 3 * 10**8, 3))),
        ("labels.h5", lambda path: write_h5(path, (1, 4, 3), (1, 4, 3), labels=10**9)),
        ("accessor.gltf", lambda path: write_gltf(path, 10**9)),
        ("primitives.gltf", lambda path: write_gltf(path, 10**5, primitives=100)),
        ("nodes.gltf", lambda path: write_gltf(path, 10**5, nodes=100)),
        ("stride.gltf", lambda path: write_gltf(path, 10**9, stride=0)),
        ("zeros.npz", lambda path: write_npz(path, (5_000_000, 3))),
        ("points.pcd", lambda path: write_lzf(path, 5_000_000)),
    ],
)
def test_small_files_that_claim_much(
    name: str, write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SMALL", 10**8)
    write(tmp_path / name)
    with pytest.raises(KeygridError, match=r"claims to hold|cut off|clouds, but labels"):
        open_path(tmp_path / name)


def test_more_numbers_than_there_are(tmp_path: Path) -> None:
    head = BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 3)})
    (tmp_path / "a.npy").write_bytes(head.getvalue() + bytes(1000))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.write(tmp_path / "a.npy", "points.npy")
    for name in ("a.npy", "a.npz"):
        with pytest.raises(KeygridError, match=f"{name} ends too early"):
            open_path(tmp_path / name)


def test_scenes_whose_nodes_multiply(tmp_path: Path) -> None:
    write_gltf(tmp_path / "a.gltf", 1)
    content = json.loads((tmp_path / "a.gltf").read_text())
    content["nodes"] = [{"children": [below, below]} for below in range(1, 61)] + [{"mesh": 0}]
    (tmp_path / "a.gltf").write_text(json.dumps(content))
    with pytest.raises(KeygridError, match="could not be read"):
        open_path(tmp_path / "a.gltf")


def test_still_cloth_and_equal_numbers_are_no_attack(tmp_path: Path) -> None:
    write_npz(tmp_path / "zeros.npz", (3_000_000, 3))
    with pytest.raises(KeygridError, match="no point with a position"):
        open_path(tmp_path / "zeros.npz")
