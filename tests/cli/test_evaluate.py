import json
from pathlib import Path

import numpy as np
import pytest

from keygrid.cli.evaluate import evaluate
from keygrid.data.garment import Landmarks
from keygrid.data.landmarks import landmarks_path, write_landmarks
from keygrid.data.readers import read_garment
from keygrid.data.readers.sequence import write_sequence
from keygrid.errors import KeygridError
from tests.cli.conftest import SHIRT, Refuse
from tests.evaluation.test_metrics import folding


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tshirt.safetensors", "--data", SHIRT), "no checkpoint tshirt.safetensors"),
        (("still?k=65",), "65"),
        (("--method", "nearest?k=8"), "no method 'nearest'"),
        ((), "no method to score"),
    ],
)
def test_what_can_not_be_scored_is_one_sentence(arguments: tuple[object, ...], sentence: str, refuse: Refuse) -> None:
    assert sentence in refuse("evaluate", *arguments)


def test_landmarks_beside_a_garment_or_given_count_in_place_of_its_own(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.npz"
    write_sequence(folding(frames=2), sheet)
    placed = Landmarks(np.array([0, 700]), np.eye(3)[[0, 0]], ("left", "right"))
    garment = read_garment(sheet)
    report = tmp_path / "report.json"
    values = []
    for path in (tmp_path / "elsewhere.json", landmarks_path(sheet)):
        given = [path] if path.name == "elsewhere.json" else None
        write_landmarks(placed, garment, path)
        evaluate(["farthest?k=2"], data=[sheet], landmarks=given, out=report, workers=0)
        values.append(json.loads(report.read_text())["methods"][0]["mean"]["across"])
    assert values[0] == values[1]
    assert 0 <= values[0]["agreement"] <= 1
    with pytest.raises(KeygridError, match="it is not a file"):
        evaluate(["farthest?k=2"], data=[sheet], landmarks=[tmp_path / "missing.json"], workers=0)
