import json
from pathlib import Path

import pytest

from tests.cli.conftest import SHIRT, Refuse, run


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
    lines = run("info", SHIRT).stdout.splitlines()
    assert "units      probably centimetres (a guess by size)" in lines


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
