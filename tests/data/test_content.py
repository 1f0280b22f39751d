"""Files whose ending says one thing and whose content another."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh

from keygrid.data.readers import limits, read_garment
from keygrid.errors import KeygridError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12345\n" % (b"0" * 64)


@pytest.mark.parametrize("ending", ["obj", "ply", "stl", "off", "xyz", "pcd", "glb"])
@pytest.mark.parametrize("kind", ["ply", "stl", "glb", "off", "obj", "stl_ascii"])
def test_the_content_decides(kind: str, ending: str, tmp_path: Path) -> None:
    if (kind, ending) == ("obj", "glb"):
        pytest.skip("a scene in JSON is text, too")
    ball = trimesh.creation.icosphere(subdivisions=1)
    data = ball.export(file_type=kind)
    path = tmp_path / f"a.{ending}"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    garment = read_garment(path)
    assert (garment.name, len(garment.faces)) == ("a", 80)
    corners = garment.vertices[garment.faces]
    np.testing.assert_allclose(corners, ball.vertices[ball.faces], atol=1e-6)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (POINTER, "git lfs pull"),
        (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "is a web page"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "is a gzip file that is damaged"),
        (b"Kaydara FBX Binary  \0", "is an FBX file"),
        (b"BLENDER-v303", "is a Blender file"),
    ],
)
@pytest.mark.parametrize("ending", ["obj", "ply", "glb", "xyz", "npz"])
def test_what_cannot_be_read_is_named(content: bytes, cause: str, ending: str, tmp_path: Path) -> None:
    (tmp_path / f"a.{ending}").write_bytes(content)
    with pytest.raises(KeygridError, match=cause):
        read_garment(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("name", ["a.ply.gz", "a.PLY.GZ", "a.ply"])
def test_what_gzip_packed_is_unpacked(name: str, tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=1)
    (tmp_path / name).write_bytes(gzip.compress(ball.export(file_type="ply")))
    garment = read_garment(tmp_path / name)
    assert (garment.name, len(garment.faces), garment.source) == ("a", 80, tmp_path / name)


def test_what_gzip_packed_may_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SMALL", 2**20)
    (tmp_path / "a.xyz.gz").write_bytes(gzip.compress(b"0 0 0\n" * 2**20))
    with pytest.raises(KeygridError, match="claims to hold"):
        read_garment(tmp_path / "a.xyz.gz")


def test_unknown_endings_are_read_by_content_and_archives_named(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=1)
    (tmp_path / "a.bak").write_bytes(ball.export(file_type="ply"))
    assert len(read_garment(tmp_path / "a.bak").faces) == 80
    (tmp_path / "a.csv").write_text("x,y,z\n1,2,3\n4,5,6\n")
    assert read_garment(tmp_path / "a.csv").vertices.tolist() == [[1, 2, 3], [4, 5, 6]]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.bak")
    with pytest.raises(KeygridError, match="is an archive; unpack it first"):
        read_garment(tmp_path / "a.zip")
    (tmp_path / "a.docx").write_text("Dear reader,")
    with pytest.raises(KeygridError, match="ending that cannot be read"):
        read_garment(tmp_path / "a.docx")
