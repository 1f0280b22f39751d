"""Every format in its own layout, and everything that can be wrong with a file."""

import io
import json
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.readers import SUFFIXES, read_garment
from keygrid.errors import KeygridError

Vertices = NDArray[np.float64]
Faces = NDArray[np.int64]

SHIRT = Path(__file__).parents[2] / "assets" / "garments" / "unisex_shirt.ply"
TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float)


@pytest.fixture(autouse=True)
def prints_nothing(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def shirt() -> trimesh.Trimesh:
    """Read by trimesh, so that no reader of ours is compared with itself."""
    return trimesh.load_mesh(SHIRT, process=False)


@pytest.fixture(scope="module")
def ball() -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=2)


def refusal(path: Path) -> str:
    """The one sentence that a file is refused with."""
    with pytest.raises(KeygridError) as caught:
        read_garment(path)
    message = str(caught.value)
    assert message.startswith(path.name)
    assert message.endswith(".")
    assert "\n" not in message
    assert caught.value.__cause__ is not None
    return message


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(form: str, rows: NDArray[np.generic]) -> str:
    return "".join(form % tuple(row) + "\n" for row in rows.tolist())


# Files as programs write them, each from vertices and faces.


def obj(v: Vertices, f: Faces) -> bytes:
    return ("o garment\n" + lines("v %r %r %r", v) + "s off\n" + lines("f %d %d %d", f + 1)).encode()


def obj_with_seams(v: Vertices, f: Faces) -> bytes:
    corners = lines("f %d/%d/%d %d/%d/%d %d/%d/%d", np.stack([f + 1, f * 2 + 1, f + 1], axis=2).reshape(-1, 9))
    texture = lines("vt %.4f %.4f", np.repeat(v[:, :2], 2, axis=0))
    return ("mtllib a.mtl\n" + lines("v %r %r %r", v) + texture + lines("vn %r %r %r", v) + corners).encode()


def ply_header(form: str, v: Vertices, f: Faces, comment: str = "made by a test") -> str:
    return (
        f"ply\nformat {form} 1.0\ncomment {comment}\nelement vertex {len(v)}\n"
        "property double x\nproperty double y\nproperty double z\nproperty uchar red\n"
        f"element face {len(f)}\nproperty list uchar int vertex_indices\nend_header\n"
    )


def ply_text(v: Vertices, f: Faces) -> bytes:
    return (ply_header("ascii", v, f) + lines("%r %r %r 255", v) + lines("3 %d %d %d", f)).encode()


def ply_binary(v: Vertices, f: Faces, order: str = "<") -> bytes:
    vertices = np.zeros(len(v), [("position", f"{order}f8", (3,)), ("red", "u1")])
    vertices["position"] = v
    faces = np.zeros(len(f), [("count", "u1"), ("corners", f"{order}i4", (3,))])
    faces["count"], faces["corners"] = 3, f
    form = "binary_little_endian" if order == "<" else "binary_big_endian"
    return ply_header(form, v, f).encode() + vertices.tobytes() + faces.tobytes()


def ply_big_endian(v: Vertices, f: Faces) -> bytes:
    return ply_binary(v, f, ">")


def stl_binary(v: Vertices, f: Faces) -> bytes:
    facets = np.zeros(len(f), [("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    facets["corners"] = v[f]
    return b"binary".ljust(80) + struct.pack("<I", len(f)) + facets.tobytes()


def stl_text(v: Vertices, f: Faces) -> bytes:
    corners = lines(
        "facet normal 0 0 1\n outer loop\n  vertex %r %r %r\n  vertex %r %r %r\n  vertex %r %r %r\n endloop\nendfacet",
        v[f].reshape(-1, 9),
    )
    return f"solid shirt\n{corners}endsolid shirt\n".encode()


def off(v: Vertices, f: Faces) -> bytes:
    return f"OFF # counts\n{len(v)} {len(f)} 0\n{lines('%r %r %r', v)}{lines('3 %d %d %d', f)}".encode()


def glb(v: Vertices, f: Faces) -> bytes:
    return bytes(trimesh.Trimesh(v, f, process=False).export(file_type="glb"))


def npz(v: Vertices, f: Faces) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, vertices=v, faces=f)
    return buffer.getvalue()


def npy(v: Vertices, _f: Faces) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, v)
    return buffer.getvalue()


def xyz(v: Vertices, _f: Faces) -> bytes:
    buffer = io.BytesIO()
    np.savetxt(buffer, v)
    return buffer.getvalue()


def pts(v: Vertices, _f: Faces) -> bytes:
    return f"{len(v)}\n{lines('%.6f %.6f %.6f 12 255 255 255', v)}".encode()


def pcd_header(v: Vertices, kind: str) -> str:
    return (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS normal x y z rgb\nSIZE 4 8 8 8 4\n"
        f"TYPE F F F F U\nCOUNT 3 1 1 1 1\nWIDTH {len(v)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\n"
        f"POINTS {len(v)}\nDATA {kind}\n"
    )


def pcd_text(v: Vertices, _f: Faces) -> bytes:
    return (pcd_header(v, "ascii") + lines("0.1 0.2 nan %r %r %r 4294967295", v)).encode()


def pcd_binary(v: Vertices, _f: Faces) -> bytes:
    rows = np.zeros(len(v), [("normal", "<f4", (3,)), ("xyz", "<f8", (3,)), ("rgb", "<u4")])
    rows["xyz"] = v
    return pcd_header(v, "binary").encode() + rows.tobytes()


def pcd_compressed(v: Vertices, _f: Faces) -> bytes:
    """Fields one after the other, packed as literal runs only, which is a valid LZF stream."""
    fields = np.zeros((len(v), 3), "<f4").tobytes() + v.T.astype("<f8").tobytes() + np.zeros(len(v), "<u4").tobytes()
    runs = [fields[start : start + 32] for start in range(0, len(fields), 32)]
    packed = b"".join(bytes([len(run) - 1]) + run for run in runs)
    return pcd_header(v, "binary_compressed").encode() + struct.pack("<II", len(packed), len(fields)) + packed


MESHES: dict[str, Callable[[Vertices, Faces], bytes]] = {
    "plain.obj": obj,
    "seams.obj": obj_with_seams,
    "text.ply": ply_text,
    "little.ply": ply_binary,
    "big.ply": ply_big_endian,
    "binary.stl": stl_binary,
    "text.stl": stl_text,
    "text.off": off,
    "scene.glb": glb,
    "arrays.npz": npz,
}
CLOUDS: dict[str, Callable[[Vertices, Faces], bytes]] = {
    "array.npy": npy,
    "list.xyz": xyz,
    "list.txt": xyz,
    "scan.pts": pts,
    "text.pcd": pcd_text,
    "binary.pcd": pcd_binary,
    "compressed.pcd": pcd_compressed,
}
ALL = MESHES | CLOUDS


def test_importing_the_readers_imports_nothing_heavy() -> None:
    code = "import sys, keygrid.data.readers; print({'open3d', 'torch', 'trimesh'} & set(sys.modules) or 'light')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "light\n"


def test_every_suffix_is_lower_case_and_has_a_test() -> None:
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES)
    assert {Path(name).suffix for name in ALL} | {".gltf"} == set(SUFFIXES)


# Round trips


@pytest.mark.parametrize("name", MESHES)
def test_shirt_survives_each_mesh_format(name: str, shirt: trimesh.Trimesh, tmp_path: Path) -> None:
    garment = read_garment(written(tmp_path / name, MESHES[name](shirt.vertices, shirt.faces)))
    assert garment.vertices.shape == (6436, 3)
    np.testing.assert_allclose(garment.vertices[garment.faces], shirt.vertices[shirt.faces], atol=1e-5)
    if not name.endswith(".stl"):
        np.testing.assert_array_equal(garment.faces, shirt.faces)


@pytest.mark.parametrize("name", CLOUDS)
def test_shirt_survives_each_cloud_format(name: str, shirt: trimesh.Trimesh, tmp_path: Path) -> None:
    garment = read_garment(written(tmp_path / name, CLOUDS[name](shirt.vertices, shirt.faces)))
    assert garment.is_cloud
    np.testing.assert_allclose(garment.vertices, shirt.vertices, atol=1e-6)


@pytest.mark.parametrize("name", ["plain.obj", "text.ply", "little.ply", "big.ply", "text.off", "arrays.npz"])
def test_mesh_formats_without_faces_are_clouds(name: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    garment = read_garment(written(tmp_path / name, MESHES[name](ball.vertices, np.empty((0, 3), int))))
    assert garment.is_cloud
    np.testing.assert_allclose(garment.vertices, ball.vertices)


def test_pcd_as_open3d_writes_it(shirt: trimesh.Trimesh, tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        import open3d as o3d
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(shirt.vertices))
    for kind in ({"write_ascii": True}, {"compressed": False}, {"compressed": True}):
        path = tmp_path / "cloud.pcd"
        assert o3d.io.write_point_cloud(str(path), cloud, **kind)
        np.testing.assert_allclose(read_garment(path).vertices, shirt.vertices, atol=1e-4)


def test_a_compressed_pcd_repeats_what_came_before(tmp_path: Path) -> None:
    header = (
        "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 80\nHEIGHT 1\nPOINTS 80\nDATA binary_compressed\n"
    )
    one = struct.pack("<f", 1.0)
    # One literal float, then a copy of the last 4 bytes, 956 long in four runs of at most 264.
    copies = b"".join(bytes([7 << 5, length - 9, 3]) for length in (264, 264, 264, 164))
    packed = bytes([3]) + one + copies
    path = written(tmp_path / "ones.pcd", header.encode() + struct.pack("<II", len(packed), 960) + packed)
    np.testing.assert_array_equal(read_garment(path).vertices, np.ones((80, 3)))


def test_what_a_garment_says_of_itself(tmp_path: Path, ball: trimesh.Trimesh) -> None:
    path = written(tmp_path / "My Ball.v2.OBJ", obj(ball.vertices * 100 + 7, ball.faces))
    garment = read_garment(path)
    assert (garment.name, garment.source) == ("My Ball.v2", path)
    assert (garment.vertices.dtype, garment.faces.dtype) == (np.float64, np.int64)
    assert type(garment.vertices) is type(garment.faces) is np.ndarray
    assert not garment.vertices.flags.writeable
    assert not garment.faces.flags.writeable
    np.testing.assert_array_equal(garment.vertices, ball.vertices * 100 + 7)  # file units, neither scaled nor centred


# Welding


@pytest.mark.parametrize("name", ["plain.obj", "text.ply", "little.ply", "text.off", "scene.glb", "arrays.npz"])
def test_copies_are_welded_in_order_of_first_occurrence(name: str, tmp_path: Path) -> None:
    v = np.array([[9, 9, 9], [0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, -0.0], [1, 1, 0]])
    f = np.array([[1, 2, 3], [4, 6, 5], [2, 4, 6]])
    garment = read_garment(written(tmp_path / name, MESHES[name](v, f)))
    np.testing.assert_array_equal(garment.vertices, v[[1, 2, 3, 6]])
    np.testing.assert_array_equal(garment.faces, [[0, 1, 2], [1, 3, 2]])  # the third had two equal corners


@pytest.mark.parametrize("name", ["plain.obj", "text.ply", "little.ply", "text.off", "arrays.npz"])
def test_vertices_that_no_face_uses_are_left_out_and_counted(name: str, tmp_path: Path) -> None:
    v = np.vstack([[500, 0, 0], TRIANGLE, [0, np.nan, 0]])
    garment = read_garment(written(tmp_path / name, MESHES[name](v, np.array([[1, 2, 3]]))))
    np.testing.assert_array_equal(garment.vertices, TRIANGLE)
    np.testing.assert_array_equal(garment.faces, [[0, 1, 2]])
    assert garment.notes == ("2 vertices that no face uses left out.",)
    np.testing.assert_array_equal(garment.bounds, [[0, 0, 0], [1, 1, 0]])


def test_nearly_equal_vertices_stay_apart(tmp_path: Path) -> None:
    v = np.vstack([TRIANGLE, TRIANGLE + 1e-12])
    assert len(read_garment(written(tmp_path / "a.obj", obj(v, np.array([[0, 1, 2], [3, 4, 5]])))).vertices) == 6


def test_a_surface_without_area_is_not_a_cloud(tmp_path: Path) -> None:
    path = written(tmp_path / "a.obj", "v 0 0 0\nv 0 0 0\nv 1 1 1\nf 1 2 3\n")
    assert "no area" in refusal(path)


# Polygons


def quad_and_triangle_ply(form: str) -> bytes:
    v = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 2, 2]], float)
    header = ply_header(form, v, np.empty((2, 3)))
    if form == "ascii":
        return (header + lines("%r %r %r 0", v) + "4 0 1 2 3\n3 0 1 4\n").encode()
    order = "<" if "little" in form else ">"
    vertices = b"".join(struct.pack(f"{order}3dB", *row, 0) for row in v)
    return header.encode() + vertices + struct.pack(f"{order}B4iB3i", 4, 0, 1, 2, 3, 3, 0, 1, 4)


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_ply_mixes_quads_and_triangles(form: str, tmp_path: Path) -> None:
    data = quad_and_triangle_ply(form)
    garment = read_garment(written(tmp_path / "a.ply", data))
    np.testing.assert_array_equal(garment.faces, [[0, 1, 2], [0, 2, 3], [0, 1, 4]])
    for cut in range(2, 9):
        refusal(written(tmp_path / "a.ply", data[:-cut]))


def test_ply_faces_may_have_texture_coordinates_and_colours(tmp_path: Path) -> None:
    header = (
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty float nx\nproperty float x\nproperty float y\n"
        "property float z\nelement face 1\nproperty uchar red\nproperty list uchar float texcoord\n"
        "property list uchar int vertex_index\nelement edge 1\nproperty int vertex1\nproperty int vertex2\nend_header\n"
    )
    garment = read_garment(
        written(tmp_path / "a.ply", header + "7 0 0 0\n7 1 0 0\n7 0 1 0\n255 6 .1 .2 .3 .4 .5 .6 3 2 1 0\n0 1\n")
    )
    np.testing.assert_array_equal(garment.vertices, TRIANGLE)
    np.testing.assert_array_equal(garment.faces, [[2, 1, 0]])


def test_obj_and_off_fan_polygons(tmp_path: Path) -> None:
    corners = "v 0 0 0\nv 1 0 0\nv 2 1 0\nv 1 2 0\nv 0 1 0\n"
    five = read_garment(written(tmp_path / "a.obj", corners + "f 1 2 3 4 5\nf 1/2 2/3 3/4\n"))
    np.testing.assert_array_equal(five.faces, [[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 1, 2]])
    quads = read_garment(
        written(tmp_path / "a.off", "COFF\n4 1 0\n0 0 0 9\n1 0 0 9\n1 1 0 9\n0 1 0 9\n4 0 1 2 3 255 0 0")
    )
    assert {frozenset(face) for face in quads.faces.tolist()} == {frozenset({0, 1, 2}), frozenset({0, 2, 3})}


def test_npz_fans_quads(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", vertices=np.eye(4)[:, :3], faces=np.array([[0, 1, 2, 3]], np.uint8))
    np.testing.assert_array_equal(read_garment(tmp_path / "a.npz").faces, [[0, 1, 2], [0, 2, 3]])


# What OBJ allows


def test_obj_objects_groups_and_materials_are_one_mesh_in_file_order(tmp_path: Path) -> None:
    text = (
        b"# C:\\export\\\nmtllib caf\xe9.mtl\no front \xff\nv 0 0 0\nv 1 0 0 0.5 0.5 0.5\nv 0 1 0\nusemtl b\nf 1 2 3\n"
        b"o back\r\n  v 0 0 5 \r\nv\t1 0 5\nv 0 1 5 1\nvn 0 0 1\ng sleeve\nusemtl a\nf 4//1 5//1 6//1 # tail\n"
        b"usemtl b\nf 1 2 \\\n 6\nf -6 -5 -1\nl 1 2\n"
    )
    garment = read_garment(written(tmp_path / "a.obj", text))
    np.testing.assert_array_equal(garment.vertices, np.vstack([TRIANGLE, TRIANGLE + np.array([0, 0, 5])]))
    np.testing.assert_array_equal(garment.faces, [[0, 1, 2], [3, 4, 5], [0, 1, 5], [0, 1, 5]])


def test_obj_relative_indices_count_back_from_their_face(tmp_path: Path) -> None:
    text = lines("v %r %r %r", TRIANGLE) + "f -3 -2 -1\n" + lines("v %r %r %r", TRIANGLE + 5) + "f -3/-1 -2/-2 -1/-3\n"
    np.testing.assert_array_equal(read_garment(written(tmp_path / "a.obj", text)).faces, [[0, 1, 2], [3, 4, 5]])
    assert "missing vertices" in refusal(written(tmp_path / "a.obj", lines("v %r %r %r", TRIANGLE) + "f -4 -2 -1\n"))


def test_seams_do_not_split_vertices(ball: trimesh.Trimesh, tmp_path: Path) -> None:
    garment = read_garment(written(tmp_path / "a.obj", obj_with_seams(ball.vertices, ball.faces)))
    np.testing.assert_array_equal(garment.vertices, ball.vertices)
    np.testing.assert_array_equal(garment.faces, ball.faces)


def test_obj_may_lack_its_last_line_end(ball: trimesh.Trimesh, tmp_path: Path) -> None:
    whole = read_garment(written(tmp_path / "a.obj", obj(ball.vertices, ball.faces)[:-1]))
    np.testing.assert_array_equal(whole.faces, ball.faces)


@pytest.mark.parametrize("name", ["text.ply", "little.ply", "text.stl", "text.off", "list.xyz"])
def test_comments_may_be_in_any_encoding(name: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    data = ALL[name](ball.vertices, ball.faces)
    for old, new in {b"by a test": b"by Ren\xe9", b"solid shirt": b"solid \xfc", b"# counts": b"# \xe9"}.items():
        data = data.replace(old, new)
    if name == "list.xyz":
        data = b"# caf\xe9\n// x y z\n" + data.replace(b" ", b", ")
    assert len(read_garment(written(tmp_path / name, data)).vertices) == len(ball.vertices)


def test_clouds_keep_points_that_coincide(tmp_path: Path) -> None:
    points = np.array([[1, 2, 3], [0, 0, 0], [1, 2, 3], [4, 5, 6]], float)
    for name, write in CLOUDS.items():
        garment = read_garment(written(tmp_path / name, write(points, np.empty((0, 3), int))))
        np.testing.assert_array_equal(garment.vertices, points)


MARKS = {"UTF-8": b"\xef\xbb\xbf", "UTF-16": b"\xff\xfe", "big UTF-16": b"\xfe\xff"}


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("name", ["plain.obj", "text.ply", "text.stl", "text.off", "list.xyz", "scan.pts", "text.pcd"])
def test_a_byte_order_mark_shifts_nothing(name: str, mark: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    text = ALL[name](ball.vertices, ball.faces).removeprefix(b"o garment\n")  # so that OBJ begins with a vertex
    plain = read_garment(written(tmp_path / name, text))
    encoding = {"UTF-8": "utf-8", "UTF-16": "utf-16-le", "big UTF-16": "utf-16-be"}[mark]
    marked = read_garment(written(tmp_path / name, MARKS[mark] + text.decode().encode(encoding)))
    np.testing.assert_array_equal(marked.vertices, plain.vertices)
    np.testing.assert_array_equal(marked.faces, plain.faces)


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
@pytest.mark.parametrize("name", ["plain.obj", "text.ply", "text.stl", "text.off", "list.xyz", "scan.pts", "text.pcd"])
def test_lines_may_end_as_on_any_system(name: str, end: bytes, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    text = ALL[name](ball.vertices, ball.faces)
    plain = read_garment(written(tmp_path / name, text))
    other = read_garment(written(tmp_path / name, text.replace(b"\n", end)))
    np.testing.assert_array_equal(other.vertices, plain.vertices)
    np.testing.assert_array_equal(other.faces, plain.faces)


# What programs write that is beside the rules


def test_ply_vertices_may_have_lists(ball: trimesh.Trimesh, tmp_path: Path) -> None:
    v, f = ball.vertices, ball.faces
    for lengths in (np.full(len(v), 2), np.arange(len(v)) % 3):
        rows = b"".join(
            struct.pack(f"<3dBB{n}i", *row, 255, n, *range(n)) for row, n in zip(v, lengths.tolist(), strict=True)
        )
        header = ply_header("binary_little_endian", v, f).replace("red\n", "red\nproperty list uchar int views\n")
        faces = b"".join(struct.pack("<B3i", 3, *face) for face in f)
        garment = read_garment(written(tmp_path / "a.ply", header.encode() + rows + faces))
        np.testing.assert_array_equal(garment.vertices, v)
        np.testing.assert_array_equal(garment.faces, f)
        refusal(written(tmp_path / "a.ply", header.encode() + rows[:-9]))


def test_a_comment_of_a_ply_changes_no_byte_order(ball: trimesh.Trimesh, tmp_path: Path) -> None:
    data = ply_binary(ball.vertices, ball.faces).replace(b"made by a test", b"was binary_big_endian")
    np.testing.assert_array_equal(read_garment(written(tmp_path / "a.ply", data)).vertices, ball.vertices)


@pytest.mark.parametrize("first", ["OFF%d %d 0\n", "OFF %d %d 0\n", "COFF%d %d 0\n", "OFF\n%d %d 0\n"])
def test_counts_of_an_off_may_follow_without_a_blank(first: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    body = off(ball.vertices, ball.faces).split(b"\n", 2)[2]
    path = written(tmp_path / "a.off", (first % (len(ball.vertices), len(ball.faces))).encode() + body)
    np.testing.assert_array_equal(read_garment(path).faces, ball.faces)


@pytest.mark.parametrize("name", ["text.pcd", "binary.pcd", "compressed.pcd"])
def test_a_pcd_without_points_has_them_as_the_size_of_an_image(
    name: str, ball: trimesh.Trimesh, tmp_path: Path
) -> None:
    data = CLOUDS[name](ball.vertices, ball.faces).replace(b"POINTS 162\n", b"")
    image = data.replace(b"WIDTH 162\nHEIGHT 1\n", b"WIDTH 18\nHEIGHT 9\n")
    for path in (written(tmp_path / "a.pcd", data), written(tmp_path / "b.pcd", image)):
        np.testing.assert_allclose(read_garment(path).vertices, ball.vertices, atol=1e-6)
    sizeless = data.replace(b"WIDTH 162\n", b"")
    assert "neither as POINTS nor as WIDTH" in refusal(written(tmp_path / "a.pcd", sizeless))


@pytest.mark.parametrize(
    ("old", "new"), [("endsolid", "end solid"), ("endloop", "end loop"), ("endfacet", "end facet")]
)
def test_ends_of_an_stl_may_be_two_words(old: str, new: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    text = stl_text(ball.vertices, ball.faces)
    plain = read_garment(written(tmp_path / "a.stl", text))
    np.testing.assert_array_equal(
        read_garment(written(tmp_path / "a.stl", text.replace(old.encode(), new.encode()))).faces, plain.faces
    )


def test_free_form_surfaces_beside_polygons_are_counted(tmp_path: Path) -> None:
    text = lines("v %r %r %r", TRIANGLE) + "f 1 2 3\ncstype bspline\ndeg 1 1\nsurf 0 1 0 1 1 2 3 3\nend\n"
    assert read_garment(written(tmp_path / "a.obj", text)).notes == ("1 free-form curve or surface left out.",)


# Scenes


def test_scene_meshes_stand_where_their_nodes_put_them(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    tetrahedron = trimesh.Trimesh(np.vstack([np.zeros(3), np.eye(3)]), [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    scene.add_geometry(trimesh.creation.box(), geom_name="box")
    scene.add_geometry(
        tetrahedron, geom_name="tetrahedron", transform=trimesh.transformations.translation_matrix([10, 0, 0])
    )
    scene.add_geometry(tetrahedron, geom_name="tetrahedron", transform=np.diag([-2.0, 2, 2, 1]) + 0)
    for name, data in scene.export(file_type="gltf").items():
        written(tmp_path / name, data)
    for path in (written(tmp_path / "scene.glb", scene.export(file_type="glb")), tmp_path / "model.gltf"):
        garment = read_garment(path)
        assert (len(garment.vertices), len(garment.faces)) == (16, 20)
        np.testing.assert_allclose(garment.vertices[8:12], tetrahedron.vertices + np.array([10, 0, 0]))
        np.testing.assert_allclose(garment.vertices[12:], tetrahedron.vertices * [-2, 2, 2])
        parts = [trimesh.Trimesh(garment.vertices, faces) for faces in (garment.faces[12:16], garment.faces[16:])]
        assert [round(part.volume, 6) for part in parts] == [round(1 / 6, 6), round(8 / 6, 6)]  # none inside out


def test_a_scene_of_points_is_a_cloud(tmp_path: Path) -> None:
    trimesh.Scene(trimesh.PointCloud(np.arange(30.0).reshape(10, 3))).export(tmp_path / "a.glb")
    garment = read_garment(tmp_path / "a.glb")
    assert garment.is_cloud
    np.testing.assert_array_equal(garment.vertices, np.arange(30.0).reshape(10, 3))


def test_gltf_needs_the_files_beside_it(ball: trimesh.Trimesh, tmp_path: Path) -> None:
    for name, data in trimesh.Scene(ball).export(file_type="gltf").items():
        written(tmp_path / name, data)
    written(tmp_path / "broken.gltf", '{"asset": {"version": "2.0"')
    refusal(tmp_path / "broken.gltf")  # and not the sound model.gltf beside it
    (tmp_path / "gltf_buffer_0.bin").unlink()
    assert "gltf_buffer_0.bin" in refusal(tmp_path / "model.gltf")


def test_gltf_compressed_with_draco(tmp_path: Path) -> None:
    draco = {"bufferView": 0, "attributes": {"POSITION": 0}}
    primitive = {
        "attributes": {"POSITION": 0},
        "indices": 1,
        "extensions": {"KHR_draco_mesh_compression": draco},
    }
    scene = {
        "asset": {"version": "2.0"},
        "extensionsRequired": ["KHR_draco_mesh_compression"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "accessors": [
            {"componentType": 5126, "count": 3, "type": "VEC3"},
            {"componentType": 5125, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 4}],
        "buffers": [{"uri": "data:application/octet-stream;base64,AAAAAA==", "byteLength": 4}],
    }
    assert "Draco" in refusal(written(tmp_path / "a.gltf", json.dumps(scene)))


# Arrays and tables


def test_a_ply_of_strips(tmp_path: Path) -> None:
    header = ply_header("ascii", np.empty((5, 3)), np.empty((2, 3))).replace("element face", "element tristrips")
    points = "0 0 0 9\n1 0 0 9\n0 1 0 9\n1 1 0 9\n0 2 0 9\n"
    garment = read_garment(written(tmp_path / "a.ply", header + points + "8 0 1 2 3 -1 2 3 4\n3 0 2 1\n"))
    assert garment.faces.tolist() == [[0, 1, 2], [2, 1, 3], [2, 3, 4], [0, 2, 1]]


def test_numbers_of_a_mesh_may_have_decimal_commas(tmp_path: Path) -> None:
    read = read_garment(written(tmp_path / "a.obj", "v 0,5 0 0\nv 1 0,25 0\nv 0 1 -0,5\nf 1 2 3\n"))
    assert read.vertices.tolist() == [[0.5, 0, 0], [1, 0.25, 0], [0, 1, -0.5]]


def test_words_of_a_header_may_be_in_either_case(ball: trimesh.Trimesh, tmp_path: Path) -> None:
    head, _, body = pcd_text(ball.vertices, ball.faces).partition(b"DATA ascii")
    lower = head.lower() + b"data ascii" + body
    assert len(read_garment(written(tmp_path / "a.pcd", lower)).vertices) == 162
    text = ply_text(ball.vertices, ball.faces)
    capital = text.replace(b"float x", b"float X").replace(b"float y", b"float Y").replace(b"float z", b"float Z")
    assert len(read_garment(written(tmp_path / "a.ply", capital)).faces) == 320
    for first in (b"off", b""):
        plain = off(ball.vertices, ball.faces).removeprefix(b"OFF").lstrip()
        assert len(read_garment(written(tmp_path / "a.off", first + b"\n" + plain)).faces) == 320


@pytest.mark.parametrize("count", [0, 2**32 - 1])
def test_a_binary_stl_may_not_know_its_facets_and_be_padded(count: int, tmp_path: Path) -> None:
    data = stl_binary(TRIANGLE, np.array([[0, 1, 2]]))
    for form in (data[:80] + struct.pack("<I", count) + data[84:], data + b"\0\0"):
        assert len(read_garment(written(tmp_path / "a.stl", form)).faces) == 1


@pytest.mark.parametrize("mark", [(0, 0, 65.535), (-9999, -9999, -9999), (-1, -1, -1)])
def test_marks_of_no_depth_are_left_out_and_counted(mark: Vertices, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    points = np.concatenate([ball.vertices + np.array([0, 0, 2]), np.tile(mark, (12, 1))])
    garment = read_garment(written(tmp_path / "a.xyz", xyz(points, np.empty((0, 3), int))))
    assert len(garment.vertices) == 162
    (note,) = garment.notes
    assert note.startswith("12 points far from all others left out")
    far = points[:-12].copy()
    far[:12, 2] += 3  # people behind what is looked at
    assert len(read_garment(written(tmp_path / "a.xyz", xyz(far, np.empty((0, 3), int)))).vertices) == 162


def test_organised_and_named_arrays_of_points(tmp_path: Path) -> None:
    points = np.random.default_rng(0).random((120, 3))
    named = np.zeros(120, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("rgb", "u4")])
    named["x"], named["y"], named["z"] = points.T
    for array in (points.reshape(10, 12, 3), points.T, named, named.reshape(10, 12)):
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_allclose(read_garment(tmp_path / "a.npy").vertices, points, atol=1e-6)


def test_arrays_of_points(tmp_path: Path) -> None:
    points = np.arange(600, dtype=np.float32).reshape(100, 6)
    np.savez(tmp_path / "named.npz", other=[1], points=points)
    np.savez(tmp_path / "single.npz", points[:, :3])
    np.savez_compressed(tmp_path / "vertices.npz", vertices=points[:, :3], colours=points)
    np.save(tmp_path / "wide.npy", np.asfortranarray(points.astype(int)))
    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(read_garment(path).vertices, points[:, :3])


@pytest.mark.parametrize(
    "text", ["1,2,3\n4,5,6\n", "1;2;3;7\r\n\r\n4;5;6;8", "2\n1 2 3\n4 5 6\n", "# x\n1\t2\t3\n 4 5 6"]
)
def test_tables_take_the_usual_separators(text: str, tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_garment(written(tmp_path / "a.txt", text)).vertices, [[1, 2, 3], [4, 5, 6]])


# Failures


def test_files_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "does not exist" in refusal(tmp_path / "missing.obj")
    assert "is a folder" in refusal(tmp_path)
    unknown = refusal(written(tmp_path / "a.docx", "x"))
    assert all(suffix in unknown for suffix in SUFFIXES)
    assert "is empty" in refusal(written(tmp_path / "a.obj", ""))
    path = written(tmp_path / "locked.obj", "v 0 0 0\n")
    monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert "is protected against reading" in refusal(path)
    monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    assert "Input/output error" in refusal(path)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("v 0 0 0\nv 1 0 0\nv 0 1", "fewer than three coordinates"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nv", "fewer than three coordinates"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf", "fewer than three corners"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2", "fewer than three corners"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n", "missing vertices"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 0 1 2\n", "vertex 0"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0", "cut off"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\n", "cut off"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl cotton\n", "cut off"),
        ("v 1 2 3\n" * 12 + "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 13 14 15", "cut off"),
        ("# Vertices: 3\n# Faces: 2\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "cut off"),
        ("# number of vertices: 4\nv 0 0 0\nv 1 0 0\nv 0 1 0\n", "cut off"),
        ("v 0 0 x\n", "damaged"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\nf a b c\n", "damaged"),
        ("vn 0 0 1\n", "no vertices"),
        ("v 0 0 0\nv nan 0 0\nv 0 inf 0\nf 1 2 3\n", "2 of its 3 vertices"),
        ("v 0,5 0,5 1,2,3\n", "decimal commas"),
        ("v 0 0 0\nv 1 0 0\nv 0 1 0\ncstype bspline\ncurv 0 1 1 2 3\nend\n", "free-form curves and surfaces"),
    ],
)
def test_broken_obj(text: str, cause: str, tmp_path: Path) -> None:
    assert cause in refusal(written(tmp_path / "a.obj", text))


@pytest.mark.parametrize("name", ["plain.obj", "text.ply", "text.off"])
def test_a_last_corner_that_lost_digits_is_noticed(name: str, shirt: trimesh.Trimesh, tmp_path: Path) -> None:
    assert "cut off" in refusal(written(tmp_path / name, MESHES[name](shirt.vertices, shirt.faces)[:-2]))


@pytest.mark.parametrize("name", ["plain.obj", "text.ply", "little.ply", "arrays.npz", "text.off", "scene.glb"])
@pytest.mark.parametrize("index", [-1, 3, 10**6])
def test_faces_out_of_range(name: str, index: int, tmp_path: Path) -> None:
    faces = np.array([[0, 1, 2], [0, 1, index]])
    cause = "vertex 0" if (name, index) == ("plain.obj", -1) else "missing vertices"  # OBJ counts from 1
    assert cause in refusal(written(tmp_path / name, MESHES[name](TRIANGLE, faces)))


@pytest.mark.parametrize("name", MESHES)
def test_corners_that_are_not_finite(name: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    vertices = ball.vertices.copy()
    vertices[3, 1], vertices[5, 0], vertices[5, 2] = np.nan, np.inf, -np.inf
    message = refusal(written(tmp_path / name, MESHES[name](vertices, ball.faces)))
    if "stl" not in name:  # there each triangle has its own
        assert "2 of its 162 vertices" in message


@pytest.mark.parametrize("name", [*CLOUDS, "text.ply", "little.ply", "plain.obj"])
def test_points_that_a_sensor_did_not_see_are_left_out_and_counted(
    name: str, ball: trimesh.Trimesh, tmp_path: Path
) -> None:
    vertices, none = ball.vertices.copy(), np.empty((0, 3), int)
    vertices[3, 1], vertices[5, 0], vertices[5, 2] = np.nan, np.inf, -np.inf
    vertices[7:10] = 0
    garment = read_garment(written(tmp_path / name, ALL[name](vertices, none)))
    seen = np.delete(ball.vertices, [3, 5, 7, 8, 9], axis=0)
    np.testing.assert_allclose(garment.vertices, seen, atol=1e-6)
    assert garment.notes == (
        "2 points without a position left out.",
        "3 points without depth, at the camera's centre, left out.",
    )
    with pytest.raises(KeygridError, match="2 of its 162 vertices"):
        read_garment(tmp_path / name, labelled=True)
    assert "no point with a position" in refusal(written(tmp_path / name, ALL[name](vertices * np.nan, none)))


@pytest.mark.parametrize("name", [name for name in ALL if "stl" not in name and "glb" not in name])
def test_no_vertices(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name, ALL[name](np.empty((0, 3)), np.empty((0, 3), int)))
    assert ("is empty" if path.suffix in {".xyz", ".txt"} else "no vertices") in refusal(path)


def test_broken_ply(tmp_path: Path) -> None:
    assert "header" in refusal(written(tmp_path / "a.ply", "ply\nformat ascii 1.0\nelement vert"))
    flat = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nend_header\n0 0\n"
    assert "x, y and z" in refusal(written(tmp_path / "a.ply", flat))
    huge = ply_header("binary_little_endian", np.empty(10**9), np.empty(10**9))
    assert "cut off" in refusal(written(tmp_path / "a.ply", huge))


def test_broken_pcd(tmp_path: Path) -> None:
    text = pcd_text(TRIANGLE, np.empty((0, 3), int))
    assert "cut off" in refusal(written(tmp_path / "a.pcd", text.replace(b"POINTS 3", b"POINTS 1000000000")))
    assert "x, y and z" in refusal(written(tmp_path / "a.pcd", text.replace(b" x ", b" u ")))
    assert "unknown kind" in refusal(written(tmp_path / "a.pcd", text.replace(b"ascii", b"morse")))
    before_the_start = struct.pack("<II", 3, 9) + bytes([32, 200, 0])
    header = pcd_header(TRIANGLE, "binary_compressed").encode()
    assert "damaged" in refusal(written(tmp_path / "a.pcd", header + before_the_start))


def test_broken_tables(tmp_path: Path) -> None:
    assert "fewer than three" in refusal(written(tmp_path / "a.xyz", "1 2\n3 4\n"))
    assert "cut off" in refusal(written(tmp_path / "a.xyz", "1 2 3\n4 5\n"))
    assert "cut off" in refusal(written(tmp_path / "a.xyz", "1.25 2.25 3.25\n1.25 2.25 3.2"))
    assert "cut off" in refusal(written(tmp_path / "a.pts", "3\n1 2 3\n4 5 6\n"))
    assert "not a cloud" in refusal(written(tmp_path / "a.txt", "Dear reader,\n"))


def test_broken_arrays(tmp_path: Path) -> None:
    def saved(array: object) -> Path:
        np.save(tmp_path / "a.npy", np.asarray(array), allow_pickle=True)
        return tmp_path / "a.npy"

    assert "Python objects" in refusal(saved(np.array([{"a": 1}], object)))
    assert "shape (4, 2)" in refusal(saved(np.zeros((4, 2))))
    assert "shape (2, 4, 3)" in refusal(saved(np.zeros((2, 4, 3))))
    assert "complex128" in refusal(saved(np.zeros((4, 3), complex)))
    np.savez(tmp_path / "a.npz", a=np.zeros((4, 3)), b=np.zeros((4, 3)))
    assert "vertices and faces" in refusal(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", points=np.array([None]))
    assert "Python objects" in refusal(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", vertices=TRIANGLE, faces=np.array([[0.5, 1, 2]]))
    assert "whole numbers" in refusal(tmp_path / "a.npz")
    assert "could not be read" in refusal(written(tmp_path / "b.npz", b"no archive"))


# Whatever happens to a file, it is a finite garment or one sentence.


def acceptable(path: Path) -> Garment | None:
    """The garment in a file, looked at; None if the file is refused, as `refusal` asks."""
    try:
        garment = read_garment(path)
    except KeygridError:
        refusal(path)
        return None
    assert len(garment.vertices) > 0
    assert np.isfinite(garment.vertices).all()
    assert garment.is_cloud or 0 <= garment.faces.min() <= garment.faces.max() < len(garment.vertices)
    return garment


@pytest.mark.parametrize("name", ALL)
def test_truncation_at_any_byte(name: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    data = ALL[name](ball.vertices, ball.faces)
    whole = read_garment(written(tmp_path / name, data))
    is_text = b"\0" not in data
    for cut in {*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 20, len(data))}:
        garment = acceptable(written(tmp_path / name, data[:cut]))
        at_line_end = is_text and b"\n" in data[cut - 1 : cut + 1]
        # A text that is cut between two lines, or in its last line, may be whole for all that anybody can tell.
        if garment is not None and not at_line_end:
            assert len(whole.vertices) - len(garment.vertices) <= 1
            assert len(whole.faces) - len(garment.faces) <= 8


@pytest.mark.parametrize("name", ALL)
def test_damage_anywhere(name: str, ball: trimesh.Trimesh, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = ALL[name](ball.vertices, ball.faces)
    found = []
    for number in range(40):
        damaged = bytearray(data)
        for _ in range(1 + number % 5):
            place = int(rng.integers(min(len(damaged), 400) if number % 2 else len(damaged)))
            damaged[place : place + int(rng.integers(0, 9))] = rng.bytes(int(rng.integers(0, 9)))
        found.append(acceptable(written(tmp_path / name, bytes(damaged))))
    assert None in found  # some damage is noticed


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_garbage_under_any_name(suffix: str, tmp_path: Path) -> None:
    for length in (1, 20, 500, 5000):
        message = refusal(written(tmp_path / f"garbage{suffix}", np.random.default_rng(length).bytes(length)))
        assert "cut off" in message or "no vertices" in message
