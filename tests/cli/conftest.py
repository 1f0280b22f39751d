"""The command line as a user runs it: real processes, and main() in this one where nothing but a sentence is wanted."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli.main import main

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "assets"
SHIRT = ASSETS / "garments" / "unisex_shirt.ply"

Refuse = Callable[..., str]


def run(*arguments: object, display: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, to its end."""
    environment = dict(os.environ)
    if not display:
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            environment.pop(name, None)
    return subprocess.run(
        [sys.executable, ROOT / "main.py", *map(str, arguments)],
        capture_output=True, text=True, env=environment, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture
def bad_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with damaged files, which nothing is added to."""
    (tmp_path / "empty.ply").touch()
    (tmp_path / "truncated.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2")
    (tmp_path / "nan.obj").write_text("v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n")
    (tmp_path / "points.xyz").write_text("1 2 3\n4 5 6\n" * 40)
    monkeypatch.chdir(tmp_path)
    files = {path.name for path in tmp_path.iterdir()}
    yield tmp_path
    assert {path.name for path in tmp_path.iterdir()} == files


@pytest.fixture
def refuse(bad_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """Give a command that must fail; returns its one sentence. In this process: another would load everything anew."""

    def give(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["main.py", *map(str, arguments)])
        assert main() == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        [line] = printed.err.splitlines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")

    return give
