import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from keygrid.data.axes import in_file_axes
from keygrid.data.formats.numbered import write_obj
from keygrid.data.garment import Garment
from tests.cli.conftest import ROOT, SHIRT, Refuse, run


def test_predict_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    outs = [tmp_path / "a.json", tmp_path / "b.json"]
    for out in outs:
        result = run("predict", SHIRT, "--checkpoint", ROOT / "assets/checkpoints/tshirt-k8.safetensors", "--out", out)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert outs[0].read_bytes() == outs[1].read_bytes()

    content = json.loads(outs[0].read_text())
    assert content.keys() == {"garment", "checkpoint", "keypoints", "edges", "ambiguous", "caveats"}
    assert content["garment"] == str(SHIRT)
    assert [k["index"] for k in content["keypoints"]] == list(range(8))
    assert content["keypoints"][0].keys() == {"index", "position", "normalised", "vertex", "confidence"}
    assert [(e["i"], e["j"]) for e in content["edges"]] == [(i, j) for i in range(8) for j in range(i + 1, 8)]
    assert all(0 < e["strength"] < 1 for e in content["edges"])


def test_predict_takes_several_garments(tmp_path: Path, tiny_checkpoint: Path) -> None:
    out = tmp_path / "k.txt"
    copy = shutil.copy(SHIRT, tmp_path)
    result = run("predict", SHIRT, copy, "--checkpoint", tiny_checkpoint, "--out", out, "--keypoints", "peak")
    assert result.returncode == 0, result.stderr
    rows = np.loadtxt(out)
    assert rows.shape == (8, 3)
    assert (rows[:4] == rows[4:]).all()


def test_what_stands_on_z_is_turned_and_its_keypoints_written_in_the_axes_of_the_file(
    tmp_path: Path, tiny_checkpoint: Path, shirt: Garment
) -> None:
    turned = tmp_path / "z.obj"
    write_obj(turned, in_file_axes(shirt.vertices, "z"), shirt.faces)
    found = {}
    for name, file, options in (("y", SHIRT, ()), ("guess", turned, ()), ("z", turned, ("--up", "z")),
                                ("-y", turned, ("--up", "-y"))):  # fmt: skip
        out = tmp_path / f"{name}.txt"
        result = run("predict", file, "--checkpoint", tiny_checkpoint, "--out", out, *options)
        assert result.returncode == 0, result.stderr
        found[name] = np.loadtxt(out)
    np.testing.assert_allclose(found["guess"], in_file_axes(found["y"], "z"), atol=1e-5 * shirt.diagonal)
    np.testing.assert_array_equal(found["guess"], found["z"])
    assert not np.allclose(found["z"], found["-y"], atol=1e-3 * shirt.diagonal)


def test_each_garment_has_the_method_for_its_kind_where_none_is_named(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "cloud.xyz", np.random.default_rng(0).normal(size=(100, 3)))
    out = tmp_path / "k.json"
    result = run("predict", SHIRT, tmp_path / "cloud.xyz", "--workers", 0, "--out", out)
    assert result.returncode == 0, result.stderr
    found = json.loads(out.read_text())
    assert [(Path(one["checkpoint"]).stem, one["reason"]) for one in found] == [
        ("tops-k8-surface", "the default for a mesh of unknown category"),
        ("tops-k8-cloud", "the default for a cloud of unknown category"),
    ]
    assert "Keypoints found by tops-k8-surface, the default for a mesh of unknown category.\n" in result.stderr


def test_a_stream_is_a_line_a_cloud(tmp_path: Path, refuse: Refuse) -> None:
    folder = tmp_path / "camera"
    folder.mkdir()
    for number in range(2):
        np.savetxt(folder / f"{number}.xyz", np.random.default_rng(number).normal(size=(100, 3)))
    result = run("predict", folder, "--stream", "--method", "farthest?k=3")
    assert result.returncode == 0, result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(line["frame"] for line in found) == ["0.xyz", "1.xyz"]
    assert all(len(line["keypoints"]) == 3 for line in found)
    assert "--follow needs --stream" in refuse("predict", folder, "--follow")
    assert "can't be followed" in refuse("predict", "nowhere", "--stream", "--follow", "--method", "farthest")
    assert "--follow takes a folder" in refuse("view", "--follow", "nowhere")
    assert "works only with --follow" in refuse("view", "--recipe", "r.json")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.fixture
def clouds(tmp_path: Path) -> Path:
    folder = tmp_path / "clouds"
    folder.mkdir()
    for number in range(150):
        np.savetxt(folder / f"{number:03}.xyz", np.random.default_rng(number).normal(size=(100, 3)))
    (folder / "100.xyz").write_text("1 2")
    return folder


def started(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ROOT / "main.py", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )  # fmt: skip


def test_an_interrupted_prediction_goes_on_to_the_same_bytes(
    tmp_path: Path, tiny_checkpoint: Path, clouds: Path
) -> None:
    arguments = ("predict", clouds, "--checkpoint", tiny_checkpoint, "--batch", 1, "--workers", 2, "--out")
    assert run(*arguments, tmp_path / "whole.json").returncode == 0
    out, partial = tmp_path / "k.json", tmp_path / "k.json.partial"
    for number, lines in ((signal.SIGINT, 8), (signal.SIGKILL, 50)):
        with started(*arguments, out) as process:
            while not partial.exists() or partial.read_bytes().count(b"\n") < lines:
                assert process.poll() is None
                time.sleep(0.01)
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(number)
            errors = process.stderr.read().splitlines()
            status = process.wait(timeout=60)
        assert len(children) >= 2
        _, alive = psutil.wait_procs(children, timeout=60)
        assert alive == []
        assert not out.exists()
        if number == signal.SIGINT:
            assert status == 130
            assert errors[-1].startswith("Interrupted after ")  # behind progress, where that is slow
    result = run(*arguments, out)
    assert result.returncode == 0
    first, *others = result.stderr.splitlines()
    assert first.endswith(" of 150 garments are already done; their results are in k.json.partial.")
    assert others[-1] == "1 of 150 garments were skipped."
    assert out.read_bytes() == (tmp_path / "whole.json").read_bytes()
    assert len(json.loads(out.read_text())) == 149
    assert not partial.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("missing.obj", "--out", "k.json"), "missing.obj does not exist"),
        (("empty.ply", "--out", "k.json"), "empty.ply is empty"),
        (("truncated.obj", "--out", "k.json"), "truncated.obj has only faces with fewer than three corners"),
        ((SHIRT, "--checkpoint", "truncated.obj", "--out", "k.json"), "truncated.obj can't be read as a checkpoint"),
        ((SHIRT, "--method", "nearest?k=8", "--out", "k.json"), "nearest"),
        (("points.xyz", "--method", "geodesic", "--out", "k.json"), "surface"),
        ((SHIRT, "--out", "k.xyz"), "written as one of .json, .csv, .ply, .txt"),
        ((SHIRT, "--out", "nowhere/k.json"), "The folder nowhere does not exist"),
        ((SHIRT, "points.xyz", "--out", "nowhere/k.json"), "The folder nowhere does not exist"),
        ((SHIRT, "--out", "k.json", "--colour", "red"), "Unknown option: --colour"),
        ((SHIRT,), "Name a file to write to"),
        ((SHIRT, "--object", "Hat", "--out", "k.json"), "has only one object"),
        ((SHIRT, "--out", "k.json", "--batch", 0), "--batch must be at least 1; you gave 0"),
        ((SHIRT, "--out", "k.json", "--workers", -1), "--workers must be 0 or more; you gave -1"),
    ],
)
def test_what_can_not_be_predicted_is_one_sentence(
    arguments: tuple[object, ...], sentence: str, refuse: Refuse
) -> None:
    assert sentence in refuse("predict", *arguments)
