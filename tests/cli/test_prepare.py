import json
from pathlib import Path

import numpy as np
import pytest

from keygrid.clouds.files import write_cloud
from keygrid.clouds.preparing import Prepared
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from tests.cli.conftest import SHIRT, Refuse, run


@pytest.fixture
def clouds(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "clouds"
    folder.mkdir()
    for name in ("a", "b"):
        table = np.column_stack([rng.uniform(-0.6, 0.6, (2000, 2)), rng.normal(0, 0.001, 2000)])
        shirt = np.column_stack([rng.uniform(-0.2, 0.2, (500, 2)), rng.uniform(0.02, 0.06, 500)])
        garment = Garment(name, np.concatenate([table, shirt]), np.empty((0, 3), np.int64))
        write_cloud(Prepared(garment, None, ()), folder / f"{name}.ply")
    np.savetxt(folder / "c.xyz", rng.normal(size=(300, 3)))
    return folder


def test_a_folder_is_prepared_by_steps_and_again_by_their_recipe(clouds: Path, tmp_path: Path) -> None:
    out, again, recipe = tmp_path / "out", tmp_path / "again", tmp_path / "r.json"
    result = run(
        "prepare", clouds, "--plane", 0.006, "--cluster", 1, "--gap", 0.06, "--out", out, "--save-recipe", recipe
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr.startswith(f"skipped {clouds / 'c.xyz'}: There is no table")
    assert [step["step"] for step in json.loads(recipe.read_text())["steps"]] == ["plane", "cluster"]
    prepared = read_garment(out / "a.ply")
    assert (prepared.up, 450 < len(prepared.vertices) <= 500) == ("z", True)
    result = run("prepare", clouds, "--recipe", recipe, "--out", again)
    assert (again / "b.ply").read_bytes() == (out / "b.ply").read_bytes()


def test_what_cannot_be_prepared_is_one_sentence(refuse: Refuse) -> None:
    assert "is not a cloud" in refuse("prepare", SHIRT, "--out", "a.ply")
    assert "can't be read" in refuse("prepare", "points.xyz", "--recipe", "none.json", "--out", "a.ply")
    assert "leave one of them out" in refuse(
        "prepare", "points.xyz", "--recipe", "r.json", "--plane", 1, "--out", "a.ply"
    )
    assert "is empty" in refuse("prepare", "points.xyz", "--crop", 1, 1, 1, -1, -1, -1, "--out", "a.ply")
    assert "can't be made" in refuse("prepare", "points.xyz", "--cluster", 1, "--out", "empty.ply/x")
