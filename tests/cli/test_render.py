from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keygrid.data.garment import Garment
from keygrid.data.readers.sequence import write_sequence
from tests.cli.conftest import SHIRT, Refuse, run


def png_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")


def test_render_needs_no_display(tmp_path: Path, tiny_checkpoint: Path) -> None:
    out = tmp_path / "view.png"
    result = run(
        "render", SHIRT, "--checkpoint", tiny_checkpoint, "--slice", "y=0.1", "--size", 400, 300, "--out", out,
        display=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert png_size(out) == (400, 300)
    assert out.stat().st_size > 5000  # one colour alone would be far smaller


def test_render_draws_a_frame_of_a_sequence_and_refuses_what_is_no_garment(
    tmp_path: Path, tiny_checkpoint: Path, shirt: Garment
) -> None:
    frames = np.stack([shirt.vertices, shirt.vertices * [1, 0.4, 1]]).astype(np.float32)
    write_sequence(replace(shirt, frames=frames), tmp_path / "moving.npz")
    pictures = {}
    for name, options in {"last": (), "first": ("--frame", 0), "also": ("--frame", 1)}.items():
        out = tmp_path / f"{name}.png"
        result = run(
            "render", tmp_path / "moving.npz", "--checkpoint", tiny_checkpoint, "--out", out, "--size", 320, 200,
            *options, display=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        pictures[name] = out.read_bytes()
    assert pictures["last"] == pictures["also"] != pictures["first"]
    result = run("render", tmp_path / "moving.npz", "--out", tmp_path / "no.png", "--frame", 2)
    assert (result.returncode, "choose one from 0 to 1" in result.stderr) == (2, True)
    (tmp_path / "other.xyz").write_text("0 0 0\n")
    result = run("render", tmp_path, "--out", tmp_path / "no.png")
    assert (result.returncode, "holds 2 garments; name one" in result.stderr) == (2, True)


def test_render_draws_a_cloud_as_its_points_and_switches_layers(
    tmp_path: Path, tiny_checkpoint: Path, shirt: Garment
) -> None:
    np.savetxt(tmp_path / "cloud.xyz", shirt.vertices)
    colours = {}
    for name, hidden in {"points": (), "nothing": ("points",)}.items():
        result = run(
            "render", tmp_path / "cloud.xyz", "--checkpoint", tiny_checkpoint, "--out", tmp_path / f"{name}.png",
            "--size", 320, 200, "--hide", "keypoints", "skeleton", "slice", "ground", "axes", *hidden, display=False,
        )  # fmt: skip
        assert (result.returncode, result.stderr) == (0, "")
        with Image.open(tmp_path / f"{name}.png") as picture:
            colours[name] = len(picture.convert("RGB").getcolors(1 << 20) or ())
    assert colours["points"] > colours["nothing"] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nan.obj", "--out", "k.png"), "nan.obj has 1 of its 3 vertices at NaN"),
        ((SHIRT, "--slice", "w=2", "--out", "k.png"), "--slice must be an axis and a position from -1 to 1"),
        ((SHIRT, "--method", "farthest?n=8", "--out", "k.png"), "farthest"),
        ((SHIRT, "--show", "sleeves", "--out", "k.png"), "no layer 'sleeves'; the layers are surface, points,"),
        ((SHIRT, "--size", 0, 0, "--out", "k.png"), "64 to 16384 pixels a side"),
        ((SHIRT, "--out", "k.jpg"), "Pictures are written as PNG"),
    ],
)
def test_what_can_not_be_drawn_is_one_sentence(arguments: tuple[object, ...], sentence: str, refuse: Refuse) -> None:
    assert sentence in refuse("render", *arguments)
