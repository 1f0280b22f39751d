"""Files of several objects: a closed body, and open tubes, as clothes are."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from keygrid.data import open_path
from keygrid.data.garment import Garment
from keygrid.data.objects import object_paths, only_object, the_worn
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError

Shape = tuple[NDArray[np.float64], NDArray[np.int64]]


def tube(height: float) -> Shape:
    angles = 2 * np.pi * np.arange(12) / 12
    ring = np.column_stack([np.cos(angles), np.zeros(12), np.sin(angles)])
    low, after = np.arange(12), np.roll(np.arange(12), -1)
    faces = np.concatenate([np.column_stack([low, after, low + 12]), np.column_stack([after, after + 12, low + 12])])
    return np.concatenate([ring, ring + np.array([0, height, 0])]), faces


def belt() -> Shape:
    vertices, faces = tube(0.1)
    return vertices * 1.01, faces


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
    return write(tmp_path / f"dressed{request.param}", Avatar=body(), Belt=belt(), Shirt=tube(2))


def test_objects_are_told_apart_and_chosen_by_name(dressed: Path) -> None:
    garment = read_garment(dressed)
    assert [(name, len(faces)) for name, faces in garment.objects] == [("Avatar", 12), ("Belt", 24), ("Shirt", 24)]
    avatar = only_object(garment, "Avatar")
    assert (len(avatar.vertices), len(avatar.faces), avatar.objects) == (8, 12, ())
    opened = open_path(dressed.with_name(f"{dressed.name}#Belt"))
    assert isinstance(opened, Garment)
    assert np.ptp(opened.vertices, axis=0)[1] == pytest.approx(0.101)
    with pytest.raises(KeygridError, match="no object 'Hat'; its objects are Avatar, Belt, Shirt"):
        only_object(garment, "Hat")
    with pytest.raises(KeygridError, match="has only one object"):
        only_object(avatar, "Shirt")


def test_the_largest_open_one_is_taken_and_said(dressed: Path) -> None:
    worn = the_worn(read_garment(dressed))
    assert np.ptp(worn.vertices, axis=0)[1] == pytest.approx(2)
    assert worn.notes[-1].startswith("3 objects: Avatar, Belt, Shirt. Shirt is taken")


def test_panels_stay_together(tmp_path: Path) -> None:
    garment = the_worn(read_garment(write(tmp_path / "panels.obj", Front=tube(1), Back=tube(2))))
    assert len(garment.vertices) == 48 - 12  # the lower ring is welded
    assert garment.notes == ("2 objects: Front, Back.",)


def moved(shape: Shape, *by: float) -> Shape:
    return shape[0] + np.array(by), shape[1]


def test_panels_that_are_joined_are_taken_together_without_their_buttons(tmp_path: Path) -> None:
    button = trimesh.creation.box((0.1, 0.1, 0.1))
    button_shape = (np.asarray(button.vertices), np.asarray(button.faces))
    joined = write(tmp_path / "a.obj", Front=tube(1), Back=tube(2), Cap=moved(tube(0.2), 9, 9, 9), Button=button_shape)
    worn = the_worn(read_garment(joined))
    assert len(worn.vertices) == 36
    assert worn.siblings == ("Front", "Back", "Cap", "Button")
    assert "Front, Back are taken" in worn.notes[-1]
    apart = {f"Panel{place}": moved(tube(1), 5.0 * place, 0, 0) for place in range(5)}
    worn = the_worn(read_garment(write(tmp_path / "b.obj", Button=button_shape, **apart)))
    assert len(worn.vertices) == 5 * 24
    assert "the open ones" in worn.notes[-1]


@pytest.mark.parametrize("ending", [".obj", ".glb"])
def test_paths_name_objects_whatever_is_in_their_names(ending: str, tmp_path: Path) -> None:
    names = ["Arm/Shirt" if ending == ".obj" else "Arm/Shirt #1", "100%", "%2F", "a\\b", "T-shirt"]
    shapes = {name: moved(tube(1 + place), 5 * place, 0, 0) for place, name in enumerate(names)}
    garment = open_path(write(tmp_path / f"scene#1{ending}", **shapes))
    assert isinstance(garment, Garment)
    found = object_paths(garment)
    assert [name for name, _ in found] == names
    for place, (name, path) in enumerate(found):
        opened = open_path(path)
        assert isinstance(opened, Garment)
        assert np.ptp(opened.vertices, axis=0)[1] == pytest.approx(1 + place)
        assert (opened.source, opened.name) == (path, f"scene#1 {name}")
        assert object_paths(opened) == found, "another one can be chosen from each"


def test_names_of_many_objects_are_shortened(tmp_path: Path) -> None:
    shapes = {f"o{number}": moved(tube(1), 5.0 * number, 0, 0) for number in range(30)}
    assert the_worn(read_garment(write(tmp_path / "a.obj", **shapes))).notes[0].endswith("o11 and 18 more.")


def test_vertices_may_come_before_all_objects_and_groups_be_objects(tmp_path: Path) -> None:
    for keyword in ("o", "g"):
        lines = [f"v {x} {y} {z}" for shape in (tube(1), moved(tube(2), 5, 0, 0)) for x, y, z in shape[0]]
        for place, name in enumerate(("Hat", "Shirt")):
            lines += [f"{keyword} {name}", *(f"f {a} {b} {c}" for a, b, c in tube(1)[1] + 1 + 24 * place)]
        (tmp_path / "a.obj").write_text("\n".join(lines) + "\n")
        garment = read_garment(tmp_path / "a.obj")
        assert [(name, len(faces)) for name, faces in garment.objects] == [("Hat", 24), ("Shirt", 24)]
        assert np.ptp(only_object(garment, "Shirt").vertices, axis=0)[1] == 2
