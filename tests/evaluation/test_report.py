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
from keygrid.evaluation.metrics import METRICS, Metric, Track, measure
from keygrid.evaluation.report import as_json, as_table, evaluate
from keygrid.methods.learned import LearnedMethod
from tests.evaluation.test_metrics import folding


def test_rows_are_the_scores_of_what_is_predicted_and_their_mean(tiny_checkpoint: Path) -> None:
    moving = folding(frames=3)
    garments = [moving, replace(moving, name="back", frames=moving.frames[::-1].copy())]
    still = replace(moving, name="still", frames=None)
    seen: list[str] = []
    method = LearnedMethod(tiny_checkpoint)
    rows = evaluate([method], Dataset.of([*garments, still]), report=seen.append)
    assert seen == ["sheet", "back"]
    assert [row.garment for row in rows] == ["sheet", "back", "mean"]
    assert {row.checkpoint for row in rows} == {"tiny.safetensors"}
    tracks = np.stack([method.find([moving], [frame])[0].keypoints for frame in range(3)])
    expected = measure(Track(tracks, moving))
    assert rows[0].measures == expected
    assert rows[2].measures["strict"] == pytest.approx((expected["strict"] + rows[1].measures["strict"]) / 2)
    table = as_table(rows).splitlines()
    assert len(table) == 2 + len(rows)
    assert all(line.count("|") == 9 for line in table)
    assert f"{expected['strict']:.3f}" in table[2]
    assert list(as_json(rows)[0]) == [
        "checkpoint", "garment", "strict", "tolerant", "pck_05", "pck_10", "coverage", "consistency",
    ]  # fmt: skip


def test_a_metric_from_outside_is_in_the_table_and_the_file(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = Metric("toy", "Toy", "toy", "share", "higher", frozenset(), "one", lambda track: len(track.keypoints) / 4)
    monkeypatch.setitem(METRICS, "toy", toy)
    rows = evaluate([LearnedMethod(tiny_checkpoint)], Dataset.of([folding(frames=3), folding(frames=2)]))
    assert [row["toy"] for row in as_json(rows)] == [0.75, 0.5, 0.625]
    head, _, first, *_ = as_table(rows).splitlines()
    assert head.endswith(" | toy |")
    assert first.endswith(" | 0.750 |")


def test_garments_that_do_not_move_can_t_be_judged(tiny_checkpoint: Path) -> None:
    still: Garment = replace(folding(), frames=None)
    with pytest.raises(KeygridError, match="None of these garments is a surface that moves"):
        evaluate([LearnedMethod(tiny_checkpoint)], Dataset.of([still]))


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
