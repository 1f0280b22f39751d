"""Files that are made to take a machine's time or memory: each is read, or refused in a sentence, at once."""

import json
from pathlib import Path

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.collection import Collection
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
    assert opened.missing[-1] == "Nor are 19947 others that it names."
