"""ClothesNet's folders, from the data set down to one garment."""

import shutil
from pathlib import Path

import numpy as np
import open3d as o3d
import pytest
import trimesh

from keygrid.data import open_path
from keygrid.data.formats.convert import convert

PLANE = np.array([[0, 0, 0], [40, 0, 0], [40, 60, 0], [0, 60, 0]], float)


def write_panels(folder, name, keypoints=None, keypoints_name=None):
    """Two panels that share an edge, unwelded, and the border that ClothesNet has beside them."""
    folder.mkdir(parents=True)
    panels = [PLANE, PLANE + np.array([40, 0, 0])]
    text = "".join(f"v {x} {y} {z}\n" for x, y, z in np.concatenate(panels))
    text += "g front\nf 1 2 3\nf 1 3 4\ng back\nf 5 6 7\nf 5 7 8\n"
    (folder / f"{name}.obj").write_text(text)
    (folder / "border.obj").write_text("v 0 0 0\nv 40 0 0\nl 1 2\n")
    if keypoints is not None:
        cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(np.asarray(keypoints, float)))
        o3d.io.write_point_cloud(str(folder / (keypoints_name or f"kp_{name}.pcd")), cloud)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "ClothesNetM"
    write_panels(root / "Dress/Long_Gallus/DLG_Dress315", "DLG_Dress315", [[10, 10, 3], [40, 30, 0]])
    write_panels(root / "Dress/Long_Gallus/DLG_Dress20", "DLG_Dress20", [[80, 60, -1]], "points.pcd")
    write_panels(root / "Hat/HA_Hat1", "HA_Hat1")
    return root


def test_the_data_set_a_category_and_a_style(root, collection):
    for path, names in {
        root.parent: ["DLG_Dress20", "DLG_Dress315", "HA_Hat1"],
        root: ["DLG_Dress20", "DLG_Dress315", "HA_Hat1"],
        root / "Dress": ["DLG_Dress20", "DLG_Dress315"],
        root / "Dress" / "Long_Gallus": ["DLG_Dress20", "DLG_Dress315"],
        root / "Hat": ["HA_Hat1"],
    }.items():
        found = collection(path)
        assert found.kind == "ClothesNet"
        assert [entry.name for entry in found.entries] == names
        assert {entry.category for entry in found.entries} <= {"Dress", "Hat"}
    assert "1 of 3 garments have no keypoints" in collection(root).missing[0]
    assert collection(root / "Dress").missing == ()


def test_a_style_that_was_copied_elsewhere(root, tmp_path, collection):
    shutil.copytree(root / "Dress" / "Long_Gallus", tmp_path / "mine")
    found = collection(tmp_path / "mine")
    assert [(entry.name, entry.category) for entry in found.entries] == [("DLG_Dress20", ""), ("DLG_Dress315", "")]


def test_one_garment_by_its_folder_or_mesh(root, garment):
    folder = root / "Dress/Long_Gallus/DLG_Dress315"
    for path in (folder, folder / "DLG_Dress315.obj"):
        dress = garment(path)
        assert (dress.name, dress.category, dress.origin) == ("DLG_Dress315", "Dress", "ClothesNet")
        assert len(dress.vertices) == 6  # the panels are welded where they meet
        assert dress.landmarks.names == ("0", "1")
        places = dress.landmarks.on(dress.vertices, dress.faces)
        np.testing.assert_allclose(places, [[10, 10, 0], [40, 30, 0]], atol=1e-9)  # the first was 3 above the cloth
        assert dress.landmarks.barycentric.min() >= 0


def test_paths_from_inside(root, monkeypatch, collection, garment):
    monkeypatch.chdir(root / "Dress" / "Long_Gallus")
    assert [entry.category for entry in collection(Path()).entries] == ["Dress", "Dress"]
    monkeypatch.chdir("DLG_Dress315")
    for path in (Path(), Path("DLG_Dress315.obj")):
        assert (garment(path).category, garment(path).landmarks.names) == ("Dress", ("0", "1"))


def test_keypoints_may_have_another_name(root, garment):
    dress = garment(root / "Dress/Long_Gallus/DLG_Dress20")
    np.testing.assert_allclose(dress.landmarks.on(dress.vertices, dress.faces), [[80, 60, 0]], atol=1e-9)
    assert garment(root / "Hat/HA_Hat1").landmarks is None


def test_a_cloud_beside_a_mesh_is_no_set_of_keypoints(tmp_path, garment):
    write_panels(tmp_path / "Tops/T1", "T1", np.random.default_rng(0).random((500, 3)) * 40, "T1.pcd")
    assert garment(tmp_path / "Tops/T1").landmarks is None


def test_keypoints_in_other_units_are_left_out(tmp_path, garment):
    write_panels(tmp_path / "Tops/T1", "T1", [[0.1, 0.1, 90], [0.4, 0.6, 90]])
    assert garment(tmp_path / "Tops/T1").landmarks is None


def test_damaged_keypoints_and_meshes_are_named(root, refusal):
    folder = root / "Dress/Long_Gallus/DLG_Dress315"
    (folder / "kp_DLG_Dress315.pcd").write_text("VERSION .7\nFIELDS x y z\nPOINTS 3\nDATA asc")
    assert refusal(lambda: open_path(folder)).startswith("kp_DLG_Dress315.pcd has no complete PCD header")
    (folder / "DLG_Dress315.obj").write_text("v 0 0 0\nv 1 0 nan\nv 0 1 0\nf 1 2 3\n")
    assert "NaN" in refusal(lambda: open_path(folder))
    (folder / "DLG_Dress315.obj").write_bytes("v 0 0 0\nv 1 0\n".encode("utf-16"))
    assert refusal(lambda: open_path(folder)).startswith("DLG_Dress315.obj")


def test_a_folder_that_only_has_a_category_for_a_name(tmp_path, collection):
    (tmp_path / "Socks").mkdir()
    trimesh.creation.box().export(tmp_path / "Socks" / "left.obj")
    assert collection(tmp_path / "Socks").kind == "folder of files"


def test_what_is_written_reads_the_same(cloth, tmp_path, collection):
    convert(cloth, "clothesnet", tmp_path / "out")
    found = collection(tmp_path / "out")
    (entry,) = found.entries
    assert entry.path == tmp_path / "out/ClothesNetM/Tops/half_ball/half_ball.obj"
    shirt = found.read(entry)
    np.testing.assert_array_equal(shirt.vertices, cloth.vertices)
    np.testing.assert_array_equal(shirt.faces, cloth.faces)
    places = shirt.landmarks.on(shirt.vertices, shirt.faces)
    np.testing.assert_allclose(places, cloth.landmarks.on(cloth.vertices, cloth.faces), atol=1e-6)


def test_what_it_cannot_hold(cloud, tmp_path, refusal):
    assert "category of points is chair" in refusal(lambda: convert(cloud, "clothesnet", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
