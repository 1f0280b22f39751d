import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, SHIRT, Refuse, run


def test_info_describes_a_garment_and_convert_writes_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("convert", SHIRT, "--to", "shapenet", "--out", out).returncode == 0
    result = run("info", SHIRT, out, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    mesh, clouds = json.loads(result.stdout)
    assert (mesh["kind"], mesh["vertices"]) == ("surface", 6436)
    assert (clouds["kind"], clouds["garments"], clouds["first"]["vertices"]) == ("ShapeNet HDF5", 1, 2048)
    # The same points are drawn as a network is given.
    assert clouds["first"]["extent"] == pytest.approx(mesh["extent"], rel=0.05)
    lines = run("info", SHIRT, "tops-k8-surface").stdout.splitlines()
    assert "units      probably centimetres (guessed from its size)" in lines
    assert "encoder        surface" in lines


def test_output_that_nobody_reads_to_its_end_is_no_error() -> None:
    command = [sys.executable, ROOT / "main.py", "info", SHIRT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert (process.wait(timeout=300), process.stderr.read()) == (0, "")


def test_a_name_that_is_no_text_is_printed_with_escapes(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.xyz"
    Path(os.fsdecode(name)).write_text("1 2 3\n4 5 6\n")
    result = run("info", os.fsdecode(name))
    assert (result.returncode, result.stderr) == (0, "")
    assert "caf\\udce9" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere",), "nowhere does not exist"),
    ],
)
def test_what_can_not_be_described_is_one_sentence(
    arguments: tuple[object, ...], sentence: str, refuse: Refuse
) -> None:
    assert sentence in refuse("info", *arguments)


def test_info_goes_on_after_a_bad_file_and_says_what_is_too_small(tmp_path: Path) -> None:
    bad, small = tmp_path / "bad.obj", tmp_path / "small.xyz"
    bad.write_bytes(b"\x00\x01")
    small.write_text("1 2 3\n4 5 6\n")
    result = run("info", bad, small, SHIRT)
    assert result.returncode == 2
    assert "1 of 3 can't be read" in result.stderr
    assert "unusable   A cloud needs at least 64 points; this one has 2." in result.stdout
    assert "6436" in result.stdout
