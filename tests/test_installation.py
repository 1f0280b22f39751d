"""The wheel: built from this checkout, unpacked into a bare folder, and used from there."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import keygrid
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what an installer makes of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = f"from hatchling.build import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the installed command line in a folder, which is the user's home, too."""
    environment = {**os.environ, "PYTHONPATH": str(site), "HOME": str(folder), "SHELL": "/bin/bash"}
    environment.pop("XDG_DATA_HOME", None)
    return subprocess.run(
        [sys.executable, "-m", "keygrid", *map(str, words)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_command_keygrid_is_the_command_line(site: Path, tmp_path: Path) -> None:
    (about,) = site.glob("*.dist-info")
    assert (about / "entry_points.txt").read_text() == "[console_scripts]\nkeygrid = app.cli.main:main\n"
    assert run(site, tmp_path, "--version").stdout == f"{keygrid.__version__}\n"
    usage = run(site, tmp_path, "--help").stdout
    assert "Usage: keygrid COMMAND" in usage
    assert "main.py" not in usage


def test_the_wheel_has_every_asset(site: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "assets"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout
    assert [name for name in listed.stdout.split() if not (site / "keygrid" / name).is_file()] == []


def test_bundled_garments_have_keypoints_by_the_bundled_checkpoints(site: Path, tmp_path: Path) -> None:
    shirt = site / "keygrid" / "assets" / "garments" / "unisex_shirt.ply"
    told = run(site, tmp_path, "info", shirt, "--json")
    assert json.loads(told.stdout)["vertices"] == 6436
    found = run(site, tmp_path, "predict", shirt, "--out", "keypoints.json")
    assert found.returncode == 0, found.stderr
    garment = json.loads((tmp_path / "keypoints.json").read_text())
    assert len(garment["keypoints"]) == 8
    assert garment["checkpoint"].startswith(str(site))


def test_a_shell_completes_commands_and_options(site: Path, tmp_path: Path) -> None:
    result = run(site, tmp_path, "--install-completion", "--shell", "bash")
    assert result.returncode == 0, result.stderr
    script = (tmp_path / ".local/share/bash-completion/completions/keygrid").read_text()
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "predict" in script
    assert "--method" in script


@pytest.mark.skipif(sys.platform != "linux", reason="a Linux desktop")
def test_the_desktop_gets_an_entry_which_can_be_removed(site: Path, tmp_path: Path) -> None:
    data = tmp_path / ".local" / "share"
    result = run(site, tmp_path, "desktop")
    assert result.returncode == 0, result.stderr
    entry = (data / "applications" / "keygrid.desktop").read_text()
    assert f'Exec="{sys.executable}" "-P" "-m" "keygrid" view %F\n' in entry
    assert (data / "icons/hicolor/scalable/apps/keygrid.svg").is_file()
    assert (data / "mime/packages/keygrid.xml").is_file()
    assert run(site, tmp_path, "desktop", "--remove").returncode == 0
    assert list(data.rglob("keygrid*")) == []


def test_words_of_a_desktop_entry_are_quoted() -> None:
    from app.cli.desktop import exec_words

    assert exec_words(["/opt/a b/python", "100%", 'a"$`\\']) == '"/opt/a b/python" "100%%" "a\\\\"\\\\$\\\\`\\\\\\\\"'
