"""Every program that measures speed runs, on sizes so small that the numbers say nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.scale import LABELS

FOLDER = Path(__file__).parent
TINY_RUN = "--points 64 --epoch-size 2 --batch 2 --threads 1 --validate-motions 0"
NUMBER = r"[\d.]+"


def measured(program: str, *options: object) -> str:
    """Run a program to its end; returns what it printed."""
    result = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{program}", *map(str, options)],
        cwd=FOLDER.parents[1], capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_speed_compares_every_row(tiny_checkpoint: Path) -> None:
    found = measured("speed", "--checkpoint", tiny_checkpoint, "--rounds", 2, "--batch", 2, "--cells", 4)
    rows = [line.split(" | ") for line in found.splitlines() if line.startswith("| ")][1:]
    assert [row[0].removeprefix("| ") for row in rows] == [
        "inference, one cloud", "inference, keypoints only", "training step, batch 2",
        "training step, batch 2, peak memory", "geometry of one cloud", "heatmap on 4^3, 28 segments",
        "heatmap on 8^3, 120 segments",
    ]  # fmt: skip
    assert all(re.fullmatch(rf"-?{NUMBER} (ms|MB)", row[5]) for row in rows)


def test_surface_stands_beside_points() -> None:
    found = measured("surface", "--rounds", 2, "--vertices", 400)
    row = found.splitlines()[-1].strip("| ").split(" | ")
    assert 200 < int(row[0]) < 800
    assert all(re.fullmatch(rf"{NUMBER} ms", time) for time in row[1:5])


def test_folder_compares_with_the_network_and_with_one_by_one(tiny_checkpoint: Path) -> None:
    found = measured("folder", "--checkpoint", tiny_checkpoint, "--garments", 2, "--rounds", 1, "--workers", 0)
    for name in ("network alone", "folder", "one by one"):
        assert re.search(rf"^{name} +{NUMBER} garments a second", found, re.MULTILINE)


def test_large_meshes_compares_formats_with_the_reference() -> None:
    found = measured("large_meshes", "--triangles", 200, "--rounds", 1, "--only", "binary.ply", "text.obj")
    assert [line.split()[0] for line in found.splitlines()[1:]] == ["binary.ply", "text.obj"]


def test_scale_draws_what_it_measured(tmp_path: Path) -> None:
    out = tmp_path / "scale.png"
    found = measured(
        "scale", "--rounds", 1, "--points", 2048, "--keypoints", 4, "--cells", 4, 8, "--out", out
    )  # fmt: skip
    assert [line.split(" | ")[0] for line in found.splitlines()[2:]] == [
        f"| {LABELS[kind]}" for kind in ("points", "keypoints", "cells", "cells")
    ]
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.xdist_group("windows")
def test_window_measures_speed_starts_and_memory() -> None:
    found = measured("window", "--rounds", 1, "--changes", 5, "--times", 2, "--starts", 1, "--seconds", 0.05)
    for title in ("slice update", "frame, four linked views", "the last picture", "window drawn", "kept keypoints"):
        assert re.search(rf"^{title}.* median +{NUMBER} ms", found, re.MULTILINE)
    assert "1 rounds of open, predict, close" in found


@pytest.mark.xdist_group("windows")
def test_following_measures_from_file_to_picture() -> None:
    found = measured("following", "--points", 6000, "--frames", 1)
    assert len(re.findall(rf"median {NUMBER} s, slowest {NUMBER} s of 1 clouds", found)) == 2


@pytest.mark.xdist_group("windows")
def test_training_window_measures_pauses_while_a_run_goes_on() -> None:
    found = measured("training_window", "--seconds", 0.1, "--others", TINY_RUN)
    assert re.search(rf"^and its preview +median +{NUMBER} ms", found, re.MULTILINE)
    assert re.search(r"[1-9]\d* steps", found)


def test_every_program_is_run_here() -> None:
    own = Path(__file__)
    programs = {path.stem for path in FOLDER.glob("*.py") if path != own and "\ndef main(" in path.read_text()}
    assert programs == set(re.findall(r'measured\(\s*"(\w+)"', own.read_text()))
