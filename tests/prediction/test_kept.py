"""Predictions in files of their own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.methods import open_method
from keygrid.prediction import MethodId, Prediction
from keygrid.prediction.kept import LIMIT, keep, kept_path, recall
from tests.conftest import ROOT

METHOD = MethodId("tiny", "abc", "tiny.safetensors")


@pytest.fixture(scope="module")
def shirt() -> Garment:
    return read_garment(ROOT / "assets" / "garments" / "tshirt-07-lift.npz")


@pytest.fixture(scope="module")
def found(shirt: Garment, tiny_checkpoint: Path) -> Prediction:
    (prediction,) = open_method(str(tiny_checkpoint)).find([shirt], [3])
    return prediction


def test_it_comes_back_as_it_was(found: Prediction, tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept.npz"
    keep(found, path)
    again = recall(path, METHOD)
    assert again is not None
    assert again.method is METHOD
    assert again.caveats == found.caveats
    for name in ("keypoints", "vertices", "edges", "strengths", "confidence", "reconstruction", "grid_heatmap"):
        assert np.array_equal(getattr(again, name), getattr(found, name)), name


def test_a_method_without_weights_comes_back(shirt: Garment, tmp_path: Path) -> None:
    (found,) = open_method("farthest?k=6").find([shirt], [0])
    keep(found, tmp_path / "kept.npz")
    again = recall(tmp_path / "kept.npz", METHOD)
    assert again is not None
    assert again.explanation is None
    assert np.array_equal(again.keypoints, found.keypoints)


def test_another_content_has_another_file(shirt: Garment, tmp_path: Path) -> None:
    moved = replace(shirt, frames=shirt.frames + 1e-4)  # type: ignore[operator]
    others = [
        kept_path(tmp_path, shirt, 3, METHOD, "soft"),
        kept_path(tmp_path, shirt, 4, METHOD, "soft"),
        kept_path(tmp_path, shirt, 3, METHOD, "peak"),
        kept_path(tmp_path, shirt, 3, replace(METHOD, fingerprint="abd"), "soft"),
        kept_path(tmp_path, moved, 3, METHOD, "soft"),
    ]
    assert len(set(others)) == len(others)
    assert kept_path(tmp_path, shirt, 3, METHOD, "soft") == others[0]


def test_what_is_missing_or_damaged_is_none(found: Prediction, tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    assert recall(path, METHOD) is None
    keep(found, path)
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert recall(path, METHOD) is None
    np.savez(path, about=np.array([{"version": 1}], dtype=object), allow_pickle=True)
    assert recall(path, METHOD) is None


def test_a_folder_that_cannot_be_written_does_no_harm(found: Prediction, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    keep(found, tmp_path / "file" / "kept.npz")
    assert (tmp_path / "file").read_text() == "no folder"


def test_the_oldest_make_room(shirt: Garment, tmp_path: Path) -> None:
    (found,) = open_method("farthest?k=2").find([shirt], [0])
    for index in range(LIMIT + 3):
        keep(found, tmp_path / f"{index}.npz")
    assert len(list(tmp_path.iterdir())) == LIMIT
    assert (tmp_path / f"{LIMIT + 2}.npz").exists()
