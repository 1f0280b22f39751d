"""The published code's text files."""

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.formats.convert import convert


def test_clouds_are_frames(moving_points, tmp_path, garment):
    np.savetxt(tmp_path / "pant.txt", moving_points.reshape(-1, 3))
    pant = garment(tmp_path / "pant.txt")
    assert pant.is_cloud
    np.testing.assert_array_equal(pant.frames, moving_points.astype(np.float32))
    np.testing.assert_array_equal(pant.vertices, moving_points[0])


def test_a_larger_cloud_is_one_cloud(tmp_path, garment):
    points = np.random.default_rng(0).random((4096, 3))
    for order in (points, points[points[:, 0].argsort()]):
        np.savetxt(tmp_path / "scan.txt", order)
        assert garment(tmp_path / "scan.txt").frames is None
    np.savetxt(tmp_path / "scan_seqdata.txt", points)  # the published name for frames
    assert garment(tmp_path / "scan_seqdata.txt").frame_count == 2


@pytest.mark.parametrize("clouds", ["pant.txt", "pant_seqdata.txt", None])
def test_keypoints_follow_the_clouds_or_the_published_numbers(clouds, moving_points, tmp_path, garment):
    count = 12 if clouds else 8
    keypoints = moving_points[:, :count]
    np.savetxt(tmp_path / "pant_keypoint.txt", keypoints.reshape(-1, 3))
    if clouds:
        np.savetxt(tmp_path / clouds, moving_points.reshape(-1, 3))
    np.testing.assert_array_equal(garment(tmp_path / "pant_keypoint.txt").frames, keypoints.astype(np.float32))


def test_one_frame_is_a_cloud(moving_points, tmp_path, garment):
    np.savetxt(tmp_path / "a.txt", moving_points[0])
    np.savetxt(tmp_path / "b_keypoint.txt", moving_points[0, :8])
    assert garment(tmp_path / "a.txt").frames is None
    assert garment(tmp_path / "b_keypoint.txt").frames is None
    np.savetxt(tmp_path / "b_keypoint.txt", moving_points[0, :5])
    assert len(garment(tmp_path / "b_keypoint.txt").vertices) == 5


def test_rows_that_are_no_whole_frames(moving_points, tmp_path, refusal):
    rows = moving_points.reshape(-1, 3)
    np.savetxt(tmp_path / "pant_seqdata.txt", rows[:-5])
    assert "not a multiple of 2048" in refusal(lambda: open_path(tmp_path / "pant_seqdata.txt"))
    np.savetxt(tmp_path / "a_keypoint.txt", rows[:27])
    assert "put its own clouds beside it" in refusal(lambda: open_path(tmp_path / "a_keypoint.txt"))
    np.savetxt(tmp_path / "a.txt", rows)
    assert "a.txt has 4 frames" in refusal(lambda: open_path(tmp_path / "a_keypoint.txt"))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda text: text.replace(b"e+00", b"e+00 x", 1), "not a cloud"),
        (lambda text: text.replace(b"0.000000000000000000e+00", b"nan", 1), "NaN"),
        (lambda text: text[:-30], "cut off"),
        (lambda _: b"", "is empty"),
        (lambda _: b"\n\n", "no vertices"),
        (lambda text: b"\xff\xfe" + text, "not a cloud"),
    ],
)
def test_damaged_text(change, cause, moving_points, tmp_path, refusal):
    points = moving_points.reshape(-1, 3).copy()
    points[5] = 0
    path = tmp_path / "pant_seqdata.txt"
    np.savetxt(path, points)
    path.write_bytes(change(path.read_bytes()))
    assert cause in refusal(lambda: open_path(path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_text_from_windows(encoding, moving_points, tmp_path, garment):
    path = tmp_path / "pant_seqdata.txt"
    np.savetxt(path, moving_points[:2].reshape(-1, 3), newline="\r\n")
    path.write_bytes(path.read_text("ascii").encode(encoding))
    np.testing.assert_array_equal(garment(path).frames, moving_points[:2].astype(np.float32))


def test_what_is_written_reads_the_same(cloth, moving_points, tmp_path, collection, garment):
    convert(cloth, "keygrid-text", tmp_path / "out")
    found = collection(tmp_path / "out")
    (entry,) = found.entries  # the keypoints beside it are no garment
    np.testing.assert_array_equal(found.read(entry).frames, moving_points.astype(np.float32))
    landmarks = [cloth.landmarks.on(frame, cloth.faces) for frame in cloth.frames]
    np.testing.assert_allclose(garment(tmp_path / "out" / "half_ball_keypoint.txt").frames, landmarks, rtol=1e-6)
