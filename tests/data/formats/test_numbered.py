"""Folders of numbered frames, and folders that only look like it."""

import numpy as np
import pytest
import trimesh

from keygrid.data import open_path
from keygrid.data.formats.convert import convert
from keygrid.data.formats.numbered import write_obj


@pytest.fixture
def folder(cloth, tmp_path):
    folder = tmp_path / "fold"
    folder.mkdir()
    for number, frame in enumerate(cloth.frames):
        write_obj(folder / f"shirt{number + 8}.obj", frame, cloth.faces)  # 8, 9, 10, 11
    return folder


def test_frames_of_one_garment(folder, cloth, garment):
    shirt = garment(folder)
    assert (shirt.name, shirt.source) == ("fold", folder)
    np.testing.assert_array_equal(shirt.frames, cloth.frames)
    np.testing.assert_array_equal(shirt.faces, cloth.faces)
    np.testing.assert_array_equal(shirt.vertices, cloth.frames[0])


def test_every_other_frame(folder, garment):
    (folder / "shirt9.obj").rename(folder / "shirt20.obj")
    (folder / "shirt11.obj").rename(folder / "shirt14.obj")
    (folder / "shirt8.obj").rename(folder / "shirt8.obj.bak")
    (folder / "shirt10.obj").rename(folder / "shirt8.obj")
    assert garment(folder).frame_count == 3


def test_a_missing_frame(folder, refusal):
    (folder / "shirt10.obj").unlink()
    assert "lacks frames between shirt9.obj and shirt11.obj" in refusal(lambda: open_path(folder))


def test_two_frames_of_one_number(folder, refusal):
    (folder / "shirt9.obj").rename(folder / "shirt010.obj")
    assert "two frames with the number 10" in refusal(lambda: open_path(folder))


def test_faces_that_are_lines_are_dropped(tmp_path, garment, refusal):
    panel = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], float)
    for frame in range(2):
        write_obj(tmp_path / f"{frame}.obj", panel + frame, np.array([[0, 1, 2], [0, 1, 3]]))
    np.testing.assert_array_equal(garment(tmp_path).faces, [[0, 1, 2]])
    for frame in range(2):
        write_obj(tmp_path / f"{frame}.obj", panel + frame, np.array([[0, 1, 3]]))
    assert "without area" in refusal(lambda: open_path(tmp_path))


def test_frames_of_two_garments(folder, refusal):
    trimesh.creation.box().export(folder / "shirt10.obj")
    message = refusal(lambda: open_path(folder))
    assert message.startswith("shirt10.obj has 8 vertices and 12 faces, unlike shirt8.obj")
    (folder / "shirt10.obj").write_bytes(b"")
    assert "shirt10.obj is empty" in refusal(lambda: open_path(folder))


def test_vertices_that_meet_in_one_frame_only_stay_apart(tmp_path, garment):
    panel = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], float)
    for frame in range(3):
        moved = panel.copy()
        moved[3] += [frame, 0, 0]  # 3 leaves 1, and 4 stays with 2
        write_obj(tmp_path / f"{frame}.obj", moved, np.array([[0, 1, 2], [3, 5, 4]]))
    shirt = garment(tmp_path)
    assert shirt.frames.shape == (3, 5, 3)
    np.testing.assert_array_equal(shirt.faces, [[0, 1, 2], [3, 4, 2]])


FAR = np.array([448262.0, 5411933.0, 214.0])
"""Position of a garment of metres in a surveyor's coordinates."""


def test_frames_far_from_the_origin_keep_their_shape(cloth, tmp_path, garment):
    frames = cloth.frames.astype(float) + FAR
    for number, frame in enumerate(frames):
        write_obj(tmp_path / f"{number}.obj", frame, cloth.faces)
    shirt = garment(tmp_path)
    np.testing.assert_allclose(shirt.frames, frames, atol=1e-8)
    np.testing.assert_allclose(np.ptp(shirt.vertices, axis=0), np.ptp(frames[0], axis=0), atol=1e-8)
    convert(shirt, "keygrid", tmp_path / "out")
    (again,) = open_path(tmp_path / "out")
    np.testing.assert_allclose(again.frames, frames, atol=1e-4)
    np.testing.assert_allclose(np.ptp(again.frames, axis=1), np.ptp(frames, axis=1), atol=1e-4)


@pytest.mark.parametrize("names", [["README.txt"], ["notes.txt", "license 2.txt"]])
def test_texts_beside_frames_are_passed_over(names, folder, cloth, garment):
    for name in names:
        (folder / name).write_text("simulated with 3 pieces of cloth\n")
    assert garment(folder).frame_count == 4


def test_a_cloud_beside_frames_is_a_garment_of_its_own(folder, collection):
    np.savetxt(folder / "cloud.txt", np.random.default_rng(0).random((80, 3)))
    assert len(collection(folder)) == 5


@pytest.mark.parametrize("content", ["", "# exported, nothing selected\n"])
def test_empty_frames_at_the_start_are_left_out_and_counted(content, folder, cloth, garment):
    (folder / "shirt8.obj").write_text(content)
    shirt = garment(folder)
    np.testing.assert_array_equal(shirt.frames, cloth.frames[1:])
    assert shirt.notes == ("1 empty frame at the start left out.",)


def test_vertices_that_no_face_uses_are_left_out_of_all_frames(cloth, tmp_path, garment):
    for number, frame in enumerate(cloth.frames):
        write_obj(tmp_path / f"{number}.obj", np.vstack([[500 + number, 0, 0], frame]), cloth.faces + 1)
    shirt = garment(tmp_path)
    np.testing.assert_array_equal(shirt.frames, cloth.frames)
    np.testing.assert_array_equal(shirt.faces, cloth.faces)
    assert shirt.notes == ("1 vertex that no face uses left out.",)


def depth_images(count, rng):
    """(count, 1200, 3): something round that passes a wall, as a depth camera sees it."""
    across, down = np.meshgrid(np.linspace(-0.6, 0.6, 40), np.linspace(-0.4, 0.4, 30))
    rays = np.stack([across, down, np.ones_like(across)], axis=-1).reshape(-1, 3)
    for number in range(count):
        is_near = np.hypot(rays[:, 0] - 0.05 * number, rays[:, 1]) < 0.25
        yield rays * (np.where(is_near, 0.7, 0.9) + rng.normal(scale=0.001, size=len(rays)))[:, None]


@pytest.mark.parametrize("kind", ["camera", "world", "holes at zero", "holes at NaN", "one twice"])
def test_depth_images_are_clouds_of_their_own(kind, tmp_path, collection):
    rng = np.random.default_rng(0)
    frames = np.stack(list(depth_images(4, rng)))
    if kind == "world":
        frames = frames @ np.linalg.qr(rng.normal(size=(3, 3)))[0] + [3.0, 1, 2]
    elif kind.startswith("holes"):
        frames[rng.random(frames.shape[:2]) < 0.02] = np.nan if "NaN" in kind else 0
    elif kind == "one twice":
        frames[1] = frames[0]
    for number, frame in enumerate(frames):
        np.savetxt(tmp_path / f"frame_{number}.xyz", frame, "%.6f")
    found = collection(tmp_path)
    assert [entry.name for entry in found.entries] == [f"frame_{number}" for number in range(4)]
    lost = (~np.isfinite(frames).all(axis=2) | ~frames.any(axis=2)).sum(axis=1)
    assert [len(one.vertices) for one in found] == (1200 - lost).tolist()


@pytest.mark.parametrize("motion", ["fall", "grow", "sway"])
def test_clouds_of_material_are_one_garment_however_they_move(motion, moving_points, tmp_path, garment):
    frames = moving_points.copy()
    for number in range(4):
        if motion == "fall":
            frames[number] = frames[0] - [0, 0.02 * number, 0]
        elif motion == "grow":
            frames[number] = frames[0] * (1 + 0.02 * number)
    for number, frame in enumerate(frames):
        np.savetxt(tmp_path / f"cloud_{number}.xyz", frame)
    assert garment(tmp_path).frame_count == 4


def test_clouds_that_move(moving_points, tmp_path, garment, collection):
    for number, frame in enumerate(moving_points):
        np.savetxt(tmp_path / f"cloud_{number}.xyz", frame)
    assert garment(tmp_path).frames.shape == (4, 2048, 3)
    rng = np.random.default_rng(0)
    for number in range(4):  # as many points each, but nothing that moves
        np.savetxt(tmp_path / f"cloud_{number}.xyz", rng.random((2048, 3)))
    assert collection(tmp_path).kind == "folder of files"


def test_numbered_garments_that_are_unlike(tmp_path, collection):
    trimesh.creation.box().export(tmp_path / "1.obj")
    trimesh.creation.icosphere(subdivisions=1).export(tmp_path / "2.obj")
    assert [entry.name for entry in collection(tmp_path).entries] == ["1", "2"]


def test_a_folder_of_moving_garments(folder, cloth, collection):
    trimesh.creation.box().export(folder.parent / "box.obj")
    found = collection(folder.parent)
    assert [entry.name for entry in found.entries] == ["box", "fold"]
    np.testing.assert_array_equal(found.read(found.entries[1]).frames, cloth.frames)


def test_what_is_written_reads_the_same(cloth, cloud, tmp_path, collection):
    convert(cloth, "obj", tmp_path / "out")
    (moving,) = collection(tmp_path / "out")
    np.testing.assert_array_equal(moving.frames, cloth.frames)
    np.testing.assert_array_equal(moving.faces, cloth.faces)
    convert(cloud, "obj", tmp_path / "still")
    (still,) = collection(tmp_path / "still")
    np.testing.assert_array_equal(still.vertices, cloud.vertices)


def test_too_many_frames_are_garments_of_their_own(folder, monkeypatch):
    monkeypatch.setattr("keygrid.data.formats.numbered.MOST_FRAMES", 3)
    assert len(open_path(folder)) == 4
