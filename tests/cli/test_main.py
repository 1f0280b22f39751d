import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import COMMANDS, main
from tests.cli.conftest import ASSETS, ROOT, SHIRT, Refuse, run
from tests.cli.test_render import png_size


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py", command, "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert f"keygrid {command} " in " ".join(capsys.readouterr().out.split())


def test_commands_take_methods_without_learning(tmp_path: Path) -> None:
    out, scores, picture = tmp_path / "k.json", tmp_path / "scores.json", tmp_path / "k.png"
    sequence = ASSETS / "garments" / "skirt-01-drop.npz"
    assert run("predict", SHIRT, sequence, "--method", "geodesic?k=5", "--out", out).returncode == 0
    first, second = json.loads(out.read_text())
    assert first["checkpoint"] == second["checkpoint"] == "geodesic?k=5"
    assert first["keypoints"][0]["confidence"] is None
    assert (len(first["keypoints"]), len(first["edges"])) == (5, 4)
    result = run(
        "evaluate", "farthest?k=8", "--method", "iss?k=4", "--data", sequence, "--split", "all", "--out", scores
    )
    assert result.returncode == 0
    assert "| farthest?k=8 | skirt-01-drop |" in result.stdout
    assert [one["name"] for one in json.loads(scores.read_text())["methods"]] == ["farthest?k=8", "iss?k=4"]
    result = run("render", sequence, "--method", "still?k=8", "--out", picture, "--size", 400, 300, display=False)
    assert result.returncode == 0
    assert png_size(picture) == (400, 300)


def test_help_lists_every_command_with_what_it_does() -> None:
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    text = " ".join(result.stdout.replace("│", " ").split())
    for command, place in COMMANDS.items():
        module, _, function = place.partition(":")
        summary = getattr(importlib.import_module(module), function).__doc__.partition("\n")[0]
        assert f" {command} {summary} " in text


def test_the_status_is_that_of_the_process() -> None:
    result = run("predict", "missing.obj", "--out", "k.json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: missing.obj does not exist")
    assert len(result.stderr.splitlines()) == 1


def test_a_word_that_is_neither_command_nor_file_is_named_with_the_commands(refuse: Refuse) -> None:
    sentence = refuse("predit", "x")
    assert sentence == f"There is no command or file 'predit'; the commands are {', '.join(COMMANDS)}."
    assert "no command or file 'Predict'" in refuse("Predict", "points.xyz", "--out", "k.json")


def test_the_command_line_starts_without_heavy_imports() -> None:
    heavy = ("torch", "PySide6", "pyvista", "numba", "numpy", "scipy", "rich")
    code = f"import main, sys; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("taken.json", ("predict", "nowhere.obj")),
        ("taken.png", ("render", "nowhere.obj")),
        ("taken.json", ("evaluate", "still?k=8", "--data", "nowhere.obj")),
        ("taken.safetensors", ("import", "nowhere.pt")),
    ],
)
def test_a_folder_in_the_place_of_the_output_is_noticed_before_the_work(
    name: str, command: tuple[str, ...], refuse: Refuse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("out") / name
    folder.mkdir()
    assert f"{name} is a folder; name a file in it" in refuse(*command, "--out", folder)


@pytest.mark.parametrize("command", [("info", SHIRT), ("train", "--help")])
def test_output_to_a_disk_that_is_full_is_one_sentence(command: tuple[object, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, ROOT / "main.py", *map(str, command)],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr == "error: No space left on device; check the disk and try again.\n"


@pytest.mark.parametrize(
    ("name", "command", "limit"),
    [
        ("out", ("convert", SHIRT, "--to", "shapenet"), 2000),
        ("k.json", ("predict", SHIRT, "--method", "farthest?k=8"), 800),
    ],
)
def test_a_disk_that_gets_full_is_one_sentence_and_leaves_nothing(
    name: str, command: tuple[object, ...], limit: int, tmp_path: Path
) -> None:
    """Run in processes of their own, which a library that cannot write may end."""
    words = [sys.executable, ROOT / "main.py", *map(str, command), "--out", str(tmp_path / name)]
    result = subprocess.run(
        words, capture_output=True, text=True, timeout=300, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        env={**os.environ, "NUMBA_CACHE_DIR": "", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    assert f"{tmp_path / name}" in result.stderr.splitlines()[-1]
    assert "can't be written" in result.stderr.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".partial"] == []
