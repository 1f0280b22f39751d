"""SC3K's poses, with and without the clouds they turn."""

from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from keygrid.data import open_path
from keygrid.describe import describe

KIND = "02691156"
POINTS = np.random.default_rng(0).random((2048, 3)).round(6)


def matrices(count=24):
    rotations = Rotation.random(count, random_state=0).as_matrix()
    return np.concatenate([rotations, np.full((count, 3, 1), 1.4)], axis=2)


def write_poses(path, poses):
    path.parent.mkdir(parents=True, exist_ok=True)
    cameras = {f"camera_mat_{index}": np.eye(3) for index in range(len(poses))}
    np.savez(path, **{f"world_mat_{index}": pose for index, pose in enumerate(poses)}, **cameras)
    return path


@pytest.fixture
def root(tmp_path):
    (tmp_path / "pcds" / KIND).mkdir(parents=True)
    for model in ("1b30", "1bcb"):
        write_poses(tmp_path / "poses" / KIND / f"{model}.npz", matrices())
        np.savetxt(tmp_path / "pcds" / KIND / f"{model}.xyz", POINTS)
    return tmp_path


def test_a_cloud_in_its_poses(root, garment):
    plane = garment(root / "poses" / KIND / "1b30.npz")
    assert plane.frames.shape == (24, 2048, 3)
    axes = POINTS * [1, -1, -1]  # y and z point the other way
    for frame, pose in zip(plane.frames, matrices(), strict=True):
        np.testing.assert_allclose(frame, Rotation.from_matrix(pose[:, :3]).apply(axes), atol=1e-6)


def test_folders_of_poses(root, collection):
    for path in (root / "poses", root / "poses" / KIND):
        found = collection(path)
        assert found.kind == "SC3K poses"
        assert [(entry.name, entry.category) for entry in found.entries] == [("1b30", "airplane"), ("1bcb", "airplane")]
        assert found.missing == ()


def test_paths_from_inside(root, monkeypatch, collection, garment):
    monkeypatch.chdir(root / "poses" / KIND)
    assert len(collection(Path())) == 2
    assert garment(Path("1b30.npz")).frame_count == 24
    (root / "pcds" / KIND / "1b30.xyz").unlink()
    assert len(collection(Path("1b30.npz"))) == 0  # the poses are not their own cloud


def test_a_mesh_in_its_poses(root, garment):
    (root / "pcds" / KIND / "1b30.xyz").unlink()
    (root / "models" / KIND).mkdir(parents=True)
    box = trimesh.creation.box()
    box.export(root / "models" / KIND / "1b30.obj")
    path = root / "poses" / KIND / "1b30.npz"
    np.testing.assert_array_equal(garment(path).faces, box.faces)
    assert describe(path)["kind"] == "moving surface"


def test_poses_alone_say_what_they_need(root, collection):
    (root / "pcds" / KIND / "1b30.xyz").unlink()
    found = collection(root / "poses")
    assert [entry.name for entry in found.entries] == ["1bcb"]
    assert f"1b30.npz holds poses without their cloud; put the cloud at pcds/{KIND}/1b30.pcd." in found.missing
    alone = collection(root / "poses" / KIND / "1b30.npz")
    assert len(alone) == 0
    assert len(alone.missing) == 1


@pytest.mark.parametrize(
    ("poses", "cause"),
    [
        (matrices()[:, :2], "not numeric (3, 4) matrices"),
        (matrices()[:, :, :3].reshape(24, 9), "not numeric (3, 4) matrices"),
        (matrices().astype(int), "not numeric (3, 4) matrices"),
        (matrices() * 2, "not rotations"),
        (np.where(np.arange(24)[:, None, None] == 3, np.nan, matrices()), "not rotations"),
        (np.array([[[None] * 4] * 3] * 2), "Python objects"),
    ],
)
def test_poses_that_are_none(poses, cause, root, refusal):
    path = write_poses(root / "poses" / KIND / "1b30.npz", poses)
    message = refusal(lambda: open_path(path))
    assert message.startswith("1b30.npz")
    assert cause in message


def test_a_truncated_archive(root, refusal):
    path = root / "poses" / KIND / "1b30.npz"
    path.write_bytes(path.read_bytes()[:900])
    assert "1b30.npz could not be read" in refusal(lambda: open_path(path))
