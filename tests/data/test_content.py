"""Files whose ending says one thing and whose content another."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from keygrid.data.readers import read_garment
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
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        (b"Kaydara FBX Binary  \0", "is an FBX file"),
        (b"BLENDER-v303", "is a Blender file"),
    ],
)
@pytest.mark.parametrize("ending", ["obj", "ply", "glb", "xyz", "npz"])
def test_what_cannot_be_read_is_named(content: bytes, cause: str, ending: str, tmp_path: Path) -> None:
    (tmp_path / f"a.{ending}").write_bytes(content)
    with pytest.raises(KeygridError, match=cause):
        read_garment(tmp_path / f"a.{ending}")
