"""The protocol by which methods are judged."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import main
from keygrid.cli.common import ASSETS
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.evaluation.metrics import METRICS, Metric, Track, measure
from keygrid.evaluation.protocol import SETTINGS, Protocol, judge
from keygrid.evaluation.remeshing import Remesh, shown
from keygrid.evaluation.report import Report, as_json, as_markdown
from keygrid.evaluation.symmetry import symmetric
from keygrid.methods import open_method
from keygrid.methods.learned import LearnedMethod
from keygrid.work import open_executor
from tests.evaluation.test_metrics import folding

STILL = Protocol(turn="none", remesh="none")


@pytest.fixture(scope="module")
def shirt() -> Garment:
    return read_garment(ASSETS / "garments" / "tshirt-07-lift.npz")


def test_motions_of_one_garment_are_judged_together(tiny_checkpoint: Path) -> None:
    moving = replace(folding(frames=3), name="sheet-up")
    back = replace(moving, name="sheet-down", frames=moving.frames[::-1].copy())
    still = replace(moving, name="still", frames=None)
    seen: list[str] = []
    (found,) = judge([LearnedMethod(tiny_checkpoint)], [moving, back, still], STILL, report=seen.append)
    assert seen == list(found.garments) == ["sheet"]
    assert list(found.garments["sheet"]) == list(SETTINGS)
    assert found.mean == found.garments["sheet"]
    report = Report([found], STILL)
    table = as_markdown(report)
    assert table.startswith("**turned, across motions**")
    assert f"{found.mean['across']['strict']:.3f}" in table
    (method,) = json.loads(as_json(report))["methods"]
    assert method["name"] == "tiny.safetensors"
    assert {"strict", "tolerant", "symmetric", "flips", "coverage", "consistency"} <= method["mean"]["across"].keys()


def test_as_it_lies_is_what_is_predicted_of_the_frames_as_they_are(tiny_checkpoint: Path) -> None:
    moving, method = folding(frames=3), LearnedMethod(tiny_checkpoint)
    (found,) = judge([method], [moving], Protocol())
    tracks = np.stack([method.find([moving.still(frame)])[0].keypoints for frame in range(3)])
    assert found.mean["as_it_lies"]["coverage"] == pytest.approx(measure(Track(tracks, moving))["coverage"], abs=0.02)


def test_processes_judge_as_this_one_does() -> None:
    garments = [folding(frames=3), replace(folding(frames=2), name="other", faces=folding().faces[::-1].copy())]
    methods, seen = [open_method("geodesic?k=3"), open_method("geodesic?k=2")], []
    with open_executor(2) as executor:
        found = judge(methods, garments, STILL, seen.append, executor)
    assert seen == ["sheet", "other"]
    assert [one.garments for one in found] == [one.garments for one in judge(methods, garments, STILL)]


def test_what_keeps_to_the_box_fails_when_frames_are_turned() -> None:
    folded = read_garment(ASSETS / "garments" / "tshirt-07-fold-half.npz")
    (found,) = judge([open_method("still?k=8")], [folded], Protocol(every=4))
    assert found.mean["turned"]["strict"] > 1.5 * found.mean["as_it_lies"]["strict"]


def test_a_metric_from_outside_is_in_the_table_and_the_file(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = Metric("toy", "Toy", "toy", "share", "higher", frozenset(), "one", lambda track: len(track.keypoints) / 4)
    monkeypatch.setitem(METRICS, "toy", toy)
    found = judge([LearnedMethod(tiny_checkpoint)], [folding(frames=3)], STILL)
    report = Report(found, STILL)
    assert json.loads(as_json(report))["methods"][0]["mean"]["across"]["toy"] == 0.75
    assert " | toy | " in as_markdown(report)


def test_garments_that_do_not_move_can_t_be_judged(tiny_checkpoint: Path) -> None:
    with pytest.raises(KeygridError, match="Evaluation needs surfaces that move"):
        judge([LearnedMethod(tiny_checkpoint)], [replace(folding(), frames=None)], STILL)


# Triangles of its own.


@pytest.mark.parametrize("remesh", ["cloth", "pose"])
def test_a_remeshed_frame_is_the_same_cloth(shirt: Garment, remesh: Remesh) -> None:
    frame = 3
    seen = shown(shirt, frame, remesh, np.random.default_rng(0))
    again = shown(shirt, frame, remesh, np.random.default_rng(1))
    assert len(seen.garment.vertices) != len(again.garment.vertices)
    assert len(seen.garment.faces) != len(shirt.faces)
    # A vertex of the garment is, by way of the new triangles, near where it is at rest.
    found = seen.at_rest(shirt.vertices_in(frame))
    away = np.linalg.norm(found - shirt.vertices, axis=1)
    assert np.median(away) < 0.01 * np.ptp(shirt.vertices, axis=0).max()


def test_without_remeshing_places_are_exact(shirt: Garment) -> None:
    seen = shown(shirt, 5, "none", np.random.default_rng(0))
    np.testing.assert_allclose(seen.at_rest(shirt.vertices_in(5)[::50]), shirt.vertices[::50], atol=1e-4)


# Symmetries.


def test_a_frame_found_as_its_half_turn_is_no_error_modulo_symmetries(shirt: Garment) -> None:
    rest = shirt.vertices
    centre = (rest.min(axis=0) + rest.max(axis=0)) / 2
    marks = rest[np.random.default_rng(0).choice(len(rest), 6, replace=False)]
    turned = (marks - centre) * [-1, 1, -1] + centre
    still = replace(shirt, frames=np.repeat(rest[None].astype(np.float32), 5, axis=0))
    track = Track(np.stack([marks, marks, turned, marks, marks]), still)
    found = symmetric(track)
    assert found.flipped["half_turn"].tolist() == [False, False, True, False, False]
    assert not found.flipped["sides"].any()
    assert track.strict[2].mean() > 0.2
    assert found.error.max() < 0.05


# The command.


def test_the_command_scores_the_split_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    words = ["evaluate", "farthest?k=4", "--category", "Hat", "--split", "validation", "--every", "10", "--out", out]
    monkeypatch.setattr(sys, "argv", ["main.py", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert not ended.value.code
    scores = json.loads(out.read_text())
    manifest = json.loads((ASSETS / "garments" / "manifest.json").read_text())["sequences"]
    entries = [entry for entry in manifest if entry["category"] == "Hat" and entry["split"] == "validation"]
    assert list(scores["methods"][0]["garments"]) == sorted({entry["garment"] for entry in entries})
    assert scores["protocol"] == {
        "turn": "yaw", "remesh": "none", "mode": None, "seed": 0, "every": 10, "up": 1, "disturbance": None,
    }  # fmt: skip
    assert capsys.readouterr().out.startswith("**turned, across motions**")
