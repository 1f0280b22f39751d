from pathlib import Path

import pytest

from tests.cli.conftest import SHIRT, Refuse, run

SHIPPED = SHIRT.parents[1] / "checkpoints" / "tops-k8-cloud.safetensors"


@pytest.mark.parametrize(
    ("preset", "loss"), [("released", "farthest"), ("skeleton-merger", "composite"), ("sc3k", "turned")]
)
def test_train_writes_a_checkpoint_that_predicts(preset: str, loss: str, tmp_path: Path) -> None:
    run_directory = tmp_path / "run"
    result = run(
        "train", SHIRT, "--run", run_directory, "--preset", preset, "--keypoints", 3, "--points", 64, "--epochs", 1,
        "--epoch-size", 4, "--batch", 2, "--threads", 1,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert loss in result.stdout
    out = tmp_path / "k.csv"
    checkpoint = run_directory / "checkpoints" / "last.safetensors"
    assert run("predict", SHIRT, "--checkpoint", checkpoint, "--out", out).returncode == 0
    assert len(out.read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((SHIRT, "--run", "run", "--keypoints", 65), "from 2 to 64 keypoints; you gave 65"),
        ((SHIRT.parent, "--run", "run", "--category", "Hat", "--category", "Hut"), "None of the garments is a Hut"),
        ((SHIRT, "--run", "run", "--drop", 1), "augmentation's drop must be 0 or more and below 1"),
        ((SHIRT, "--run", "run", "--precision", 16), "needs a GPU"),
        ((SHIRT, "--run", "run", "--threads", 0), "--threads must be 1 or more; you gave 0"),
        ((SHIRT, "--run", "run", "--device", "meta"), "The device 'meta' can't be used here"),
        ((SHIRT, "--run", "run", "--start-from", SHIPPED), "tops-k8-cloud.safetensors holds a different network"),
        ((SHIRT, "--run", "run", "--weight", "far=1"), "no loss term 'far'"),
        ((SHIRT, "--run", "run", "--weight", "composite=1"), "needs a decoder of the kind skeleton"),
        ((SHIRT, "--run", "run", "--preset", "skeleton-merger", "--no-heatmap"), "sees no grid heatmap"),
        ((SHIRT, "--run", "run", "--weight", "coverage=much"), "you gave 'much'"),
    ],
)
def test_what_can_not_be_trained_is_one_sentence(arguments: tuple[object, ...], sentence: str, refuse: Refuse) -> None:
    assert sentence in refuse("train", *arguments)
