"""Colours and textures as files have them, and textures that are missing, elsewhere or made to fill the memory."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from keygrid.data.garment import Garment
from keygrid.data.objects import only_object
from keygrid.data.paint import PLAIN, Paint
from keygrid.data.readers import read_garment
from keygrid.data.readers.pictures import MOST, SIDE, with_pictures
from tests.data.test_scenes import FACES, VERTICES, Scene

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(autouse=True)
def _with_pictures() -> Iterator[None]:
    with with_pictures():
        yield


def picture(path: Path, size: tuple[int, int] = (4, 2)) -> NDArray[np.uint8]:
    """Write a picture whose rows differ, and return it."""
    rows = np.zeros((size[1], size[0], 3), np.uint8)
    rows[:, :, 0] = np.linspace(0, 255, size[1])[:, None]
    Image.fromarray(rows).save(path)
    return rows


def painted(path: Path) -> tuple[Garment, Paint]:
    garment = read_garment(path)
    assert garment.paint is not None
    assert garment.paint.colours.shape == (len(garment.faces), 3, 3)
    return garment, garment.paint


def obj(folder: Path, faces: str, mtl: str = "newmtl cotton\nmap_Kd a b.png\nnewmtl red\nKd 1 0 0\n") -> Path:
    (folder / "a.mtl").write_text(mtl)
    (folder / "a.obj").write_text("mtllib a.mtl\n" + SQUARE + faces)
    return folder / "a.obj"


@pytest.mark.parametrize("faces", ["f 1/1 2/2 3/3 4/4\n", "f -4/-4 -3/-3 -2/-2 -1/-1\n", "f 1/1/1 2/2/1 3/3/1 4/4/1\n"])
def test_textures_and_colours_of_an_obj(faces: str, tmp_path: Path) -> None:
    rows = picture(tmp_path / "a b.png")
    path = obj(tmp_path, f"usemtl cotton\n{faces}usemtl red\nf 1//1 2//1 3//1\nusemtl unknown\nf 1 3 4\n")
    _, paint = painted(path)
    assert paint.image_of.tolist() == [0, 0, -1, -1]
    np.testing.assert_array_equal(paint.images[0], rows)
    np.testing.assert_array_equal(paint.places[:2], [[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]])
    assert paint.colours[:, 0].tolist() == [list(WHITE), list(WHITE), list(RED), list(PLAIN)]


def test_marks_follow_polygons_that_are_cut_and_faces_that_are_left_out(tmp_path: Path) -> None:
    arrow = "v 0 0 1\nv 2 -2 1\nv 0 3 1\nv -2 -2 1\n"  # concave
    faces = "usemtl a\nf 6 7 8 5\nf 1 2\nusemtl b\nf 1 1 2\nf 1 2 3 4\nusemtl c\nf 1 2 3\n"
    path = obj(tmp_path, arrow + faces, "newmtl a\nKd 1 0 0\nnewmtl b\nKd 0 1 0\nnewmtl c\nKd 0 0 1\n")
    garment, paint = painted(path)
    assert len(garment.faces) == 5
    assert paint.colours[:, 2].tolist() == [list(RED), list(RED), list(GREEN), list(GREEN), list(BLUE)]


@pytest.mark.parametrize(
    "line",
    ["map_Kd -s 2 2 1 -o 0 0 -clamp on A B.PNG", 'map_Kd "a b.png"', r"map_Kd C:\elsewhere\a b.png", "MAP_KD a b.png"],
)
def test_textures_are_found_beside_the_mesh_whatever_is_before_their_names(line: str, tmp_path: Path) -> None:
    picture(tmp_path / "a b.png")
    garment, paint = painted(obj(tmp_path, "usemtl cotton\nf 1/1 2/2 3/3\n", f"newmtl cotton\n{line}\n"))
    assert (len(paint.images), garment.notes) == (1, ("1 vertex that no face uses left out.",))


def png_of(width: int, height: int) -> bytes:
    """Return the beginning of a PNG that claims to have so many pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + bytes(10)
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (head, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("gone.png", None, "gone.png is missing"),
        ("../secret.png", None, "secret.png is outside the folder"),
        ("/etc/passwd", None, "passwd is outside the folder"),
        ("link.png", None, "link.png leads outside the folder"),
        ("noise.png", b"\x89PNG\r\n\x1a\n" + bytes(range(200)), "noise.png is damaged"),
        ("text.png", b"not a picture", "text.png is damaged"),
        ("huge.png", png_of(100_000, 100_000), "huge.png has more than 67 million pixels"),
        ("large.png", png_of(9000, 8000), "large.png has more than 67 million pixels"),
        ("cut.png", png_of(4, 4), "cut.png is damaged"),
    ],
)
def test_textures_that_cannot_be_read_are_told_and_left_out(
    name: str, content: bytes | None, cause: str, tmp_path: Path
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    picture(tmp_path / "secret.png")
    (inner / "link.png").symlink_to(tmp_path / "secret.png")
    if content is not None:
        (inner / name).write_bytes(content)
    path = obj(inner, "usemtl cotton\nf 1/1 2/2 3/3 4/4\n", f"newmtl cotton\nKd 1 0 0\nmap_Kd {name}\n")
    garment, paint = painted(path)
    assert paint.images == ()
    assert paint.colours[0, 0].tolist() == list(RED)
    (note,) = garment.notes
    assert note.startswith("The texture")
    assert cause in note


def test_materials_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    for name, cause in (("gone.mtl", "are missing"), ("../a.mtl", "are outside")):
        (tmp_path / "a.obj").write_text(f"mtllib {name}\n{SQUARE}usemtl cotton\nf 1 2 3 4\n")
        garment = read_garment(tmp_path / "a.obj")
        assert garment.paint is None
        assert cause in garment.notes[0]


def test_many_materials_and_names_take_no_time(tmp_path: Path) -> None:
    mtl = "".join(f"newmtl m{number}\nmap_Kd gone{number}.png\n" for number in range(20_000))
    faces = "".join(f"usemtl m{number}\ng g{number}\nf 1/1 2/2 3/3\n" for number in range(20_000))
    garment = read_garment(obj(tmp_path, faces, mtl))
    assert len(garment.faces) == 20_000
    assert len(garment.notes) <= MOST + 2


def test_large_textures_are_made_smaller(tmp_path: Path) -> None:
    picture(tmp_path / "a b.png", (SIDE + 500, 40))
    path = obj(tmp_path, "usemtl cotton\nf 1/1 2/2 3/3 4/4\n")
    assert painted(path)[1].images[0].shape[1] == SIDE


def test_colours_of_vertices(tmp_path: Path) -> None:
    colours = [list(RED), list(GREEN), [51, 102, 255]]
    (tmp_path / "a.obj").write_text("v 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 .2 .4 1\nf 1 2 3\n")
    (tmp_path / "b.txt").write_text("x;y;z;R;G;B\n0;0;0;255;0;0\n1;0;0;0;255;0\n0;1;0;51;102;255\n")
    (tmp_path / "c.pts").write_text("3\n0 0 0 7 255 0 0\n1 0 0 7 0 255 0\n0 1 0 7 51 102 255\n")
    np.savez(tmp_path / "d.npz", points=np.eye(3), colors=np.array(colours, np.uint8))
    packed = np.array([0xFFFF0000, 0xFF00FF00, 0xFF3366FF], "<u4")
    header = "VERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F {}\nPOINTS 3\nDATA {}\n"
    rows = np.zeros(3, [("place", "<f4", 3), ("rgb", "<u4")])
    rows["place"], rows["rgb"] = np.eye(3), packed
    (tmp_path / "e.pcd").write_bytes(header.format("F", "binary").encode() + rows.tobytes())
    lines = "".join(f"{x} {y} {z} {rgb}\n" for (x, y, z), rgb in zip(np.eye(3).tolist(), packed.tolist(), strict=True))
    (tmp_path / "f.pcd").write_text(header.format("U", "ascii") + lines)
    for name in ("a.obj", "b.txt", "c.pts", "d.npz", "e.pcd", "f.pcd"):
        garment = read_garment(tmp_path / name)
        assert garment.colours is not None, name
        assert garment.colours.tolist() == colours, name
        assert garment.is_coloured


def test_numbers_that_are_no_colours(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("0 0 0 0 0 1\n1 0 0 0 1 0\n")  # normals
    assert not read_garment(tmp_path / "a.xyz").is_coloured


def test_colours_of_the_faces_of_a_ply(tmp_path: Path) -> None:
    header = (
        "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
        "element face 2\nproperty list uchar int vertex_indices\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n"
    )
    rows = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3 255 0 0\n3 0 1 2 0 0 255\n"
    (tmp_path / "a.ply").write_text(header + rows)
    assert painted(tmp_path / "a.ply")[1].colours[:, 1].tolist() == [list(RED), list(RED), list(BLUE)]


def scene(**material: object) -> tuple[Scene, dict[str, object]]:
    made = Scene()
    primitive = made.add_mesh(made.add(VERTICES), material=0)
    made.content["materials"] = [{"pbrMetallicRoughness": material}]
    return made, primitive["attributes"]


def test_base_colours_and_vertex_colours_of_a_scene_are_in_linear_light(tmp_path: Path) -> None:
    made, attributes = scene(baseColorFactor=[1, 0.5, 0, 1])
    assert painted(made.written(tmp_path))[1].colours[0, 0].tolist() == [255, 188, 0]
    attributes["COLOR_0"] = made.add(
        np.tile(np.array([65535, 65535, 0], np.uint16), (len(VERTICES), 1)), normalized=True
    )
    assert painted(made.written(tmp_path))[1].colours[3, 2].tolist() == [255, 188, 0]


def test_textures_of_a_scene(tmp_path: Path) -> None:
    rows, places = picture(tmp_path / "a b.png"), np.random.default_rng(0).random((len(VERTICES), 2)).astype(np.float32)
    data = io.BytesIO()
    Image.fromarray(rows).save(data, "PNG")
    made, attributes = scene(baseColorTexture={"index": 0})
    attributes["TEXCOORD_0"] = made.add(places)
    view = made.view(np.frombuffer(data.getvalue(), np.uint8))
    made.content["textures"] = [{"source": 0}]
    for image in ({"bufferView": view, "mimeType": "image/png"}, {"uri": "a%20b.png"}):
        made.content["images"] = [image]
        garment, paint = painted(made.written(tmp_path))
        assert garment.notes == ()
        np.testing.assert_array_equal(paint.images[0], rows)
        np.testing.assert_allclose(paint.places, np.stack([places[:, 0], 1 - places[:, 1]], 1)[FACES], atol=1e-6)
    made.content["images"] = [{"uri": "../a.png"}]
    garment = read_garment(made.written(tmp_path))
    assert "outside the folder" in garment.notes[0]


def test_an_object_keeps_its_own_paint(tmp_path: Path) -> None:
    faces = "o one\nusemtl a\nf 1 2 3\no two\nusemtl b\nf 1 3 4\n"
    garment = read_garment(obj(tmp_path, faces, "newmtl a\nKd 1 0 0\nnewmtl b\nKd 0 0 1\n"))
    chosen = only_object(garment, "two")
    assert chosen.paint is not None
    assert chosen.paint.colours[:, 0].tolist() == [list(BLUE)]
    assert chosen.siblings == garment.object_names == ("one", "two")
