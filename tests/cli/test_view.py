from pathlib import Path

from tests.cli.conftest import SHIRT, run
from tests.cli.test_render import png_size


def test_view_without_a_display_says_so_and_renders(tmp_path: Path, tiny_checkpoint: Path) -> None:
    out = tmp_path / "view.png"
    result = run("view", SHIRT, "--checkpoint", tiny_checkpoint, "--screenshot", out, display=False)
    assert (result.returncode, result.stderr) == (0, "")
    first, header, *rows = result.stdout.splitlines()
    assert "no display" in first
    assert header.split() == ["#", "x", "y", "z", "vertex", "confidence"]
    assert len(rows) == 4
    assert png_size(out) == (1280, 800)


def test_view_shows_a_method_without_learning(tmp_path: Path) -> None:
    out = tmp_path / "view.png"
    result = run("view", SHIRT, "--method", "farthest?k=3", "--screenshot", out, display=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert [row.split()[-1] for row in result.stdout.splitlines()[2:]] == ["–"] * 3
    result = run("view", SHIRT, "--method", "farthest?k=3", "--screenshot", out)
    assert result.returncode == 0, result.stderr
    result = run("view", SHIRT, "--method", "nearest?k=3", "--screenshot", out)
    assert result.returncode == 2
    assert "There is no method 'nearest'" in result.stderr


def test_view_saves_the_window(tmp_path: Path, tiny_checkpoint: Path) -> None:
    out = tmp_path / "window.png"
    result = run("view", SHIRT, "--checkpoint", tiny_checkpoint, "--screenshot", out, "--size", 640, 480, "--scale", 2)
    assert result.returncode == 0, result.stderr
    width, height = png_size(out)
    assert width >= 1280  # the panels may need more than was asked for
    assert height >= 960
