import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from keygrid.clouds import Crop, Recipe
from keygrid.clouds.watching import FolderWatch, Frame
from keygrid.methods import open_method
from keygrid.methods.stream import Wanted, frames_of, stream, warm_up


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        np.savetxt(tmp_path / f"{number}.xyz", np.random.default_rng(number).normal(size=(200, 3)) + 10)
    return tmp_path


def test_each_cloud_is_a_line_in_the_axes_of_its_file(folder: Path) -> None:
    lines: list[str] = []
    skipped: list[str] = []
    (folder / "bad.xyz").write_text("1 2\n")
    wanted = Wanted(open_method("farthest?k=4"), recipe=Recipe((Crop((0, 0, 0), (20, 20, 20)),), "-z"))
    warm_up(wanted)
    frames = list(frames_of(FolderWatch(folder), go_on=False))
    assert {frame.path.name for frame in frames} == {"0.xyz", "1.xyz", "2.xyz", "bad.xyz"}
    stream(sorted(frames, key=lambda frame: frame.path), wanted, lines.append, skipped.append)
    assert len(skipped) == 1
    assert skipped[0].startswith(f"skipped {folder / 'bad.xyz'}: ")
    found = [json.loads(line) for line in lines]
    assert [line["frame"] for line in found] == ["0.xyz", "1.xyz", "2.xyz"]
    assert found[0]["stamp"] == pytest.approx((folder / "0.xyz").stat().st_mtime, rel=0, abs=1e-6)
    assert found[0]["latency"] >= 0
    points = np.loadtxt(folder / "0.xyz")
    for keypoint in found[0]["keypoints"]:
        assert np.linalg.norm(points - keypoint["position"], axis=1).min() == pytest.approx(0, abs=1e-9)
        assert (keypoint["confidence"], keypoint["visible"]) == (None, True)


def test_the_newest_is_given_of_those_that_come(folder: Path) -> None:
    looks = 0

    def write_meanwhile(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            np.savetxt(folder / "9.xyz", np.eye(3))

    frames = frames_of(FolderWatch(folder), go_on=True, sleep=write_meanwhile)
    newest = max(folder.iterdir(), key=lambda file: (file.stat().st_mtime_ns, file.name))
    assert [frame.path.name for frame in islice(frames, 2)] == [newest.name, "9.xyz"]


def test_one_that_is_half_written_is_put_back(folder: Path) -> None:
    (folder / "0.xyz").write_text("1 2\n")
    frame = Frame(folder / "0.xyz", (folder / "0.xyz").stat().st_mtime)
    back: list[Frame] = []
    said: list[str] = []
    stream([frame], Wanted(open_method("farthest")), said.append, said.append, back.append)
    assert (back, said) == ([frame], [])
