import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import main
from keygrid.cli.common import ASSETS
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.evaluation.metrics import scores
from keygrid.evaluation.report import as_table, evaluate
from keygrid.methods.learned import Predictor
from tests.evaluation.test_metrics import folding


def test_rows_are_the_scores_of_what_is_predicted_and_their_mean(tiny_checkpoint: Path) -> None:
    moving = folding(frames=3)
    garments = [moving, replace(moving, name="back", frames=moving.frames[::-1].copy())]
    still = replace(moving, name="still", frames=None)
    seen: list[str] = []
    predictor = Predictor(tiny_checkpoint)
    rows = evaluate([predictor], Dataset.of([*garments, still]), report=seen.append)
    assert seen == ["sheet", "back"]
    assert [row.garment for row in rows] == ["sheet", "back", "mean"]
    assert {row.checkpoint for row in rows} == {"tiny.safetensors"}
    tracks = np.stack([predictor.predict_frame(moving, frame).keypoints for frame in range(3)])
    expected = scores(tracks, moving)
    assert rows[0].strict == expected.strict.mean()
    assert rows[0].tolerant == expected.tolerant.mean() <= rows[0].strict
    assert rows[0].pck_05 == (expected.tolerant <= 0.05).mean() <= rows[0].pck_10
    assert rows[0].coverage == expected.coverage.mean()
    assert rows[2].strict == pytest.approx((rows[0].strict + rows[1].strict) / 2)
    table = as_table(rows).splitlines()
    assert len(table) == 2 + len(rows)
    assert all(line.count("|") == 9 for line in table)
    assert f"{rows[0].strict:.3f}" in table[2]


def test_garments_that_do_not_move_can_t_be_judged(tiny_checkpoint: Path) -> None:
    still: Garment = replace(folding(), frames=None)
    with pytest.raises(KeygridError, match="None of these garments is a surface that moves"):
        evaluate([Predictor(tiny_checkpoint)], Dataset.of([still]))


def test_the_command_scores_the_split_that_is_asked_for(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    words = ["evaluate", tiny_checkpoint, tiny_checkpoint, "--category", "Hat", "--out", out]
    monkeypatch.setattr(sys, "argv", ["main.py", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert not ended.value.code
    rows = json.loads(out.read_text())
    manifest = json.loads((ASSETS / "garments" / "manifest.json").read_text())["sequences"]
    tests = [entry["name"] for entry in manifest if entry["category"] == "Hat" and entry["split"] == "test"]
    assert [row["garment"] for row in rows] == [*tests, "mean"] * 2
    assert rows[: len(rows) // 2] == rows[len(rows) // 2 :]
    assert capsys.readouterr().out.startswith("| checkpoint | garment |")
