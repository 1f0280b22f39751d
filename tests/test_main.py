"""The command line, as a user runs it: real processes, their output and exit status."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import main
from keygrid.cli.convert import convert
from keygrid.data.formats.convert import WRITERS

ROOT = Path(__file__).parents[1]
SHIRT = ROOT / "assets" / "garments" / "unisex_shirt.ply"


def run(*arguments, display=True):
    environment = dict(os.environ)
    if not display:
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            environment.pop(name, None)
    return subprocess.run(
        [sys.executable, ROOT / "main.py", *map(str, arguments)],
        capture_output=True, text=True, env=environment, timeout=300, check=False,
    )  # fmt: skip


def png_size(path):
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")


def test_predict_writes_the_same_bytes_twice(tmp_path):
    outs = [tmp_path / "a.json", tmp_path / "b.json"]
    for out in outs:
        result = run("predict", SHIRT, "--checkpoint", ROOT / "assets/checkpoints/tshirt-k8.safetensors", "--out", out)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert outs[0].read_bytes() == outs[1].read_bytes()

    content = json.loads(outs[0].read_text())
    assert content.keys() == {"garment", "checkpoint", "keypoints", "edges"}
    assert content["garment"] == str(SHIRT)
    assert [k["index"] for k in content["keypoints"]] == list(range(8))
    assert content["keypoints"][0].keys() == {"index", "position", "normalised", "vertex", "confidence"}
    assert [(e["i"], e["j"]) for e in content["edges"]] == [(i, j) for i in range(8) for j in range(i + 1, 8)]
    assert all(0 < e["strength"] < 1 for e in content["edges"])


def test_predict_takes_several_garments(tmp_path, tiny_checkpoint):
    out = tmp_path / "k.txt"
    copy = shutil.copy(SHIRT, tmp_path)
    result = run("predict", SHIRT, copy, "--checkpoint", tiny_checkpoint, "--out", out, "--keypoints", "peak")
    assert result.returncode == 0, result.stderr
    rows = np.loadtxt(out)
    assert rows.shape == (8, 3)
    assert (rows[:4] == rows[4:]).all()


@pytest.fixture
def clouds(tmp_path):
    folder = tmp_path / "clouds"
    folder.mkdir()
    for number in range(150):
        np.savetxt(folder / f"{number:03}.xyz", np.random.default_rng(number).normal(size=(100, 3)))
    (folder / "100.xyz").write_text("1 2")
    return folder


def started(*arguments):
    return subprocess.Popen(
        [sys.executable, ROOT / "main.py", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )  # fmt: skip


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_an_interrupted_prediction_goes_on_to_the_same_bytes(tmp_path, tiny_checkpoint, clouds):
    arguments = ("predict", clouds, "--checkpoint", tiny_checkpoint, "--batch", 1, "--workers", 2, "--out")
    assert run(*arguments, tmp_path / "whole.json").returncode == 0
    out, partial = tmp_path / "k.json", tmp_path / "k.json.partial"
    for number, lines in ((signal.SIGINT, 8), (signal.SIGKILL, 50)):
        with started(*arguments, out) as process:
            while not partial.exists() or partial.read_bytes().count(b"\n") < lines:
                assert process.poll() is None
                time.sleep(0.01)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            process.send_signal(number)
            errors = process.stderr.read().splitlines()
            status = process.wait(timeout=60)
        assert len(children) >= 2
        ends = time.monotonic() + 20
        while any(map(is_alive, children)):
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert not out.exists()
        if number == signal.SIGINT:
            assert status == 130
            assert [line.startswith("Interrupted; ") for line in errors] == [True]
    result = run(*arguments, out)
    assert result.returncode == 0
    first, *others = result.stderr.splitlines()
    assert first.endswith(" of 150 garments are done already, and in k.json.partial.")
    assert others[-1] == "1 of 150 garments were skipped."
    assert out.read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert len(json.loads(out.read_text())) == 149
    assert not partial.exists()


def test_render_needs_no_display(tmp_path, tiny_checkpoint):
    out = tmp_path / "view.png"
    result = run(
        "render", SHIRT, "--checkpoint", tiny_checkpoint, "--slice", "y=0.1", "--size", 400, 300, "--out", out,
        display=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert png_size(out) == (400, 300)
    assert out.stat().st_size > 5000  # one colour alone would be far smaller


def test_view_without_a_display_says_so_and_renders(tmp_path, tiny_checkpoint):
    out = tmp_path / "view.png"
    result = run("view", SHIRT, "--checkpoint", tiny_checkpoint, "--screenshot", out, display=False)
    assert (result.returncode, result.stderr) == (0, "")
    first, header, *rows = result.stdout.splitlines()
    assert "no display" in first
    assert header.split() == ["#", "x", "y", "z", "vertex", "confidence"]
    assert len(rows) == 4
    assert png_size(out) == (1280, 800)


def test_view_saves_the_window(tmp_path, tiny_checkpoint):
    out = tmp_path / "window.png"
    result = run("view", SHIRT, "--checkpoint", tiny_checkpoint, "--screenshot", out, "--size", 640, 480, "--scale", 2)
    assert result.returncode == 0, result.stderr
    width, height = png_size(out)
    assert width >= 1280  # the panels may need more than was asked for
    assert height >= 960


def test_train_writes_a_checkpoint_that_predicts(tmp_path):
    run_directory = tmp_path / "run"
    result = run(
        "train", SHIRT, "--run", run_directory, "--keypoints", 3, "--points", 64, "--epochs", 1, "--epoch-size", 2,
        "--batch", 2, "--threads", 1,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "farthest" in result.stdout
    out = tmp_path / "k.csv"
    checkpoint = run_directory / "checkpoints" / "last.safetensors"
    assert run("predict", SHIRT, "--checkpoint", checkpoint, "--out", out).returncode == 0
    assert len(out.read_text().splitlines()) == 4


def test_info_describes_a_garment_and_convert_writes_it(tmp_path):
    out = tmp_path / "out"
    assert run("convert", SHIRT, "--to", "shapenet", "--out", out).returncode == 0
    result = run("info", SHIRT, out, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    mesh, clouds = json.loads(result.stdout)
    assert (mesh["kind"], mesh["vertices"]) == ("surface", 6436)
    assert (clouds["kind"], clouds["garments"], clouds["first"]["vertices"]) == ("ShapeNet HDF5", 1, 2048)
    # The same points are drawn as a network is given.
    assert clouds["first"]["extent"] == pytest.approx(mesh["extent"], rel=0.05)
    lines = run("info", SHIRT).stdout.splitlines()
    assert "units      probably centimetres (a guess by size)" in lines


def test_convert_offers_every_format():
    assert list(get_args(convert.__annotations__["to"])) == sorted(WRITERS)


def test_a_garment_is_sewn_simulated_and_followed(tmp_path, tiny_checkpoint):
    skirt, out = tmp_path / "skirt.ply", tmp_path / "keypoints.csv"
    assert run("sew", "Skirt", "--seed", 1, "--measure", "length=40", "--out", skirt).returncode == 0
    result = run("simulate", skirt, "--motion", "drop", "--frames", 3, "--vertices", 200, "--out", tmp_path / "moved")
    assert result.returncode == 0, result.stderr
    sequence = Path(result.stdout.strip())
    assert sequence == tmp_path / "moved" / "skirt-drop-0.npz"
    (damaged := tmp_path / "moved" / "damaged.npz").write_bytes(sequence.read_bytes()[:5000])
    result = run("predict", sequence.parent, "--frames", "--checkpoint", tiny_checkpoint, "--out", out)
    assert result.returncode == 0
    assert damaged.name in result.stderr
    rows = out.read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == [f"{sequence}@{frame}" for frame in range(3) for _ in range(4)]


def test_commands_take_methods_without_learning(tmp_path):
    out, scores, picture = tmp_path / "k.json", tmp_path / "scores.json", tmp_path / "k.png"
    sequence = ROOT / "assets/garments/skirt-01-drop.npz"
    assert run("predict", SHIRT, sequence, "--method", "geodesic?k=5", "--out", out).returncode == 0
    first, second = json.loads(out.read_text())
    assert first["checkpoint"] == second["checkpoint"] == "geodesic?k=5"
    assert first["keypoints"][0]["confidence"] is None
    assert (len(first["keypoints"]), len(first["edges"])) == (5, 4)
    result = run("evaluate", "farthest?k=8", "iss?k=4", "--data", sequence, "--split", "all", "--out", scores)
    assert result.returncode == 0
    assert "| farthest?k=8 | skirt-01-drop |" in result.stdout
    assert [row["checkpoint"] for row in json.loads(scores.read_text())] == ["farthest?k=8"] * 2 + ["iss?k=4"] * 2
    result = run("render", sequence, "--method", "still?k=8", "--out", picture, "--size", 400, 300, display=False)
    assert result.returncode == 0
    assert png_size(picture) == (400, 300)


@pytest.mark.parametrize(
    "command",
    ["view", "predict", "render", "train", "evaluate", "import", "info", "convert", "sew", "simulate", "garments"],
)
def test_help_has_an_example(command, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["main.py", command, "--help"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert not ended.value.code
    assert f"python main.py {command} " in " ".join(capsys.readouterr().out.split())


BAD_INPUT = {
    "missing garment": ("predict", "missing.obj", "--out", "k.json"),
    "empty file": ("predict", "empty.ply", "--out", "k.json"),
    "truncated": ("predict", "truncated.obj", "--out", "k.json"),
    "not a number": ("render", "nan.obj", "--out", "k.png"),
    "another checkpoint": ("predict", SHIRT, "--checkpoint", "truncated.obj", "--out", "k.json"),
    "unknown method": ("predict", SHIRT, "--method", "nearest?k=8", "--out", "k.json"),
    "unknown option of a method": ("render", SHIRT, "--method", "farthest?n=8", "--out", "k.png"),
    "too many keypoints of a method": ("evaluate", "still?k=65"),
    "a cloud for a method of surfaces": ("predict", "points.xyz", "--method", "geodesic", "--out", "k.json"),
    "unknown ending": ("predict", SHIRT, "--out", "k.xyz"),
    "no such folder": ("predict", SHIRT, "--out", "nowhere/k.json"),
    "bad slice": ("render", SHIRT, "--slice", "w=2", "--out", "k.png"),
    "bad size": ("render", SHIRT, "--size", "0", "0", "--out", "k.png"),
    "too many keypoints": ("train", SHIRT, "--run", "run", "--keypoints", "65"),
    "one category that is not there": ("train", SHIRT.parent, "--run", "run", "--category", "Hat", "--category", "Hut"),
    "nothing is left": ("train", SHIRT, "--run", "run", "--drop", "1"),
    "no such precision here": ("train", SHIRT, "--run", "run", "--precision", "16"),
    "unknown option": ("predict", SHIRT, "--out", "k.json", "--colour", "red"),
    "missing option": ("predict", SHIRT),
    "no batch": ("predict", SHIRT, "--out", "k.json", "--batch", "0"),
    "fewer workers than none": ("predict", SHIRT, "--out", "k.json", "--workers", "-1"),
    "no such folder for many": ("predict", SHIRT, "points.xyz", "--out", "nowhere/k.json"),
    "nothing to score on": ("evaluate", "tshirt.safetensors", "--data", SHIRT),
    "nothing to describe": ("info", "nowhere"),
    "unknown format": ("convert", SHIRT, "--to", "usd", "--out", "new"),
    "a folder that is there": ("convert", SHIRT, "--to", "obj", "--out", "."),
    "a cloud as ClothesNet": ("convert", "points.xyz", "--to", "clothesnet", "--out", "new"),
    "too few points": ("convert", "points.xyz", "--to", "shapenet", "--out", "new"),
    "no such measure": ("sew", "Skirt", "--measure", "x=1", "--out", "s.obj"),
    "a cloud of no cloth": ("simulate", "points.xyz", "--motion", "drop", "--out", "new"),
    "not published weights": ("import", "truncated.obj", "--out", "k.safetensors"),
}


@pytest.fixture
def bad_folder(tmp_path, monkeypatch):
    (tmp_path / "empty.ply").touch()
    (tmp_path / "truncated.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2")
    (tmp_path / "nan.obj").write_text("v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n")
    (tmp_path / "points.xyz").write_text("1 2 3\n4 5 6\n" * 40)
    monkeypatch.chdir(tmp_path)
    files = {path.name for path in tmp_path.iterdir()}
    yield
    assert {path.name for path in tmp_path.iterdir()} == files


@pytest.mark.parametrize("arguments", BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_gets_one_sentence_and_status_2(arguments, bad_folder, monkeypatch, capsys):
    """In this process, because each other one would load everything anew."""
    monkeypatch.setattr(sys, "argv", ["main.py", *map(str, arguments)])
    assert main.main() == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith("error: ")
    assert printed.out == ""


def test_the_status_is_that_of_the_process(bad_folder):
    result = run("predict", "missing.obj", "--out", "k.json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: missing.obj does not exist")
    assert len(result.stderr.splitlines()) == 1


def test_the_command_line_starts_without_heavy_imports():
    code = "import main, sys; print([m for m in ('torch', 'PySide6', 'pyvista', 'numba', 'scipy') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_render_draws_a_frame_of_a_sequence_and_refuses_what_is_no_garment(tmp_path, tiny_checkpoint, shirt):
    from dataclasses import replace

    from keygrid.data.sequence import write_sequence

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
    assert (result.returncode, "the frames 0 to 1, and not 2" in result.stderr) == (2, True)
    (tmp_path / "other.xyz").write_text("0 0 0\n")
    result = run("render", tmp_path, "--out", tmp_path / "no.png")
    assert (result.returncode, "holds 2 garments; name one" in result.stderr) == (2, True)
