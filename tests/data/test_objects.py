"""Files of several objects: a closed body, and open tubes, as clothes are."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from keygrid.data import open_path
from keygrid.data.garment import Garment
from keygrid.data.objects import only_object, the_worn
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError

Shape = tuple[NDArray[np.float64], NDArray[np.int64]]


def tube(height: float) -> Shape:
    angles = 2 * np.pi * np.arange(12) / 12
    ring = np.column_stack([np.cos(angles), np.zeros(12), np.sin(angles)])
    low, after = np.arange(12), np.roll(np.arange(12), -1)
    faces = np.concatenate([np.column_stack([low, after, low + 12]), np.column_stack([after, after + 12, low + 12])])
    return np.concatenate([ring, ring + np.array([0, height, 0])]), faces


def body() -> Shape:
    box = trimesh.creation.box((0.5, 4, 0.5))
    return np.asarray(box.vertices), np.asarray(box.faces)


def write(path: Path, **objects: Shape) -> Path:
    scene = trimesh.Scene()
    lines, before = [], 1
    for name, (vertices, faces) in objects.items():
        scene.add_geometry(trimesh.Trimesh(vertices, faces, process=False), node_name=name, geom_name=name)
        lines += [f"o {name}", *(f"v {x} {y} {z}" for x, y, z in vertices)]
        lines += [f"f {a} {b} {c}" for a, b, c in faces + before]
        before += len(vertices)
    if path.suffix == ".obj":
        path.write_text("\n".join(lines) + "\n")
    else:
        scene.export(path)
    return path


@pytest.fixture(params=[".obj", ".glb"])
def dressed(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return write(tmp_path / f"dressed{request.param}", Avatar=body(), Belt=tube(0.1), Shirt=tube(2))


def test_objects_are_told_apart_and_chosen_by_name(dressed: Path) -> None:
    garment = read_garment(dressed)
    assert [(name, len(faces)) for name, faces in garment.objects] == [("Avatar", 12), ("Belt", 24), ("Shirt", 24)]
    avatar = only_object(garment, "Avatar")
    assert (len(avatar.vertices), len(avatar.faces), avatar.objects) == (8, 12, ())
    opened = open_path(dressed.with_name(f"{dressed.name}#Belt"))
    assert isinstance(opened, Garment)
    assert np.ptp(opened.vertices, axis=0)[1] == pytest.approx(0.1)
    with pytest.raises(KeygridError, match="no object 'Hat'; it has Avatar, Belt, Shirt"):
        only_object(garment, "Hat")
    with pytest.raises(KeygridError, match="is one object"):
        only_object(avatar, "Shirt")


def test_the_largest_open_one_is_taken_and_said(dressed: Path) -> None:
    worn = the_worn(read_garment(dressed))
    assert np.ptp(worn.vertices, axis=0)[1] == pytest.approx(2)
    assert worn.notes[-1].startswith("3 objects: Avatar, Belt, Shirt. Shirt is taken")


def test_panels_stay_together(tmp_path: Path) -> None:
    garment = the_worn(read_garment(write(tmp_path / "panels.obj", Front=tube(1), Back=tube(2))))
    assert len(garment.vertices) == 48 - 12  # the lower ring is welded
    assert garment.notes == ("2 objects: Front, Back.",)
