import json
from pathlib import Path

import pytest

from keygrid.clouds import (
    STEPS,
    Crop,
    Downsample,
    EstimateNormals,
    KeepCluster,
    Recipe,
    RemoveOutliers,
    RemovePlane,
    read_recipe,
    write_recipe,
)
from keygrid.errors import KeygridError


def test_a_recipe_comes_back_from_its_file(tmp_path: Path) -> None:
    recipe = Recipe(
        (Crop((0, 0, 0), (1, 2, 3)), RemovePlane(0.01), RemoveOutliers(10, 1.5), KeepCluster(0.05, 2),
         Downsample(0.01), EstimateNormals(0.02)), "-z", "mm",
    )  # fmt: skip
    write_recipe(recipe, tmp_path / "r.json")
    assert read_recipe(tmp_path / "r.json") == recipe
    assert [step["step"] for step in json.loads((tmp_path / "r.json").read_text())["steps"]] == list(STEPS)


REFUSED = {
    "is not JSON": "{",
    "not a recipe of this version": '{"format": "keygrid-recipe 9"}',
    "no step 'melt'": '{"format": "keygrid-recipe 1", "steps": [{"step": "melt"}]}',
    "no step None": '{"format": "keygrid-recipe 1", "steps": ["plane"]}',
    "has no option 'depth'": '{"format": "keygrid-recipe 1", "steps": [{"step": "plane", "depth": 1}]}',
    "takes numbers only": '{"format": "keygrid-recipe 1", "steps": [{"step": "plane", "thickness": "x"}]}',
    "must be above 0": '{"format": "keygrid-recipe 1", "steps": [{"step": "cluster", "rank": 0}]}',
    "must be a number": '{"format": "keygrid-recipe 1", "steps": [{"step": "plane", "thickness": Infinity}]}',
    "is empty": '{"format": "keygrid-recipe 1", "steps": [{"step": "crop", "low": [0, 0, 0], "high": [1, 0, 1]}]}',
    "vertical axis": '{"format": "keygrid-recipe 1", "up": "w"}',
    "the unit 'inch'": '{"format": "keygrid-recipe 1", "unit": "inch"}',
    "steps are not a list": '{"format": "keygrid-recipe 1", "steps": 3}',
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_no_recipe_is_refused_in_words(said: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(REFUSED[said])
    with pytest.raises(KeygridError, match=said):
        read_recipe(tmp_path / "r.json")


def test_a_missing_recipe_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="can't be read"):
        read_recipe(tmp_path / "r.json")
