"""Landmarks as KeypointNet annotates them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keygrid.data.axes import stand_up
from keygrid.data.garment import Garment, Landmarks
from keygrid.errors import KeygridError
from keygrid.prediction.annotations import read_annotation, write_annotation

PLACES = Landmarks(np.array([10, 900]), np.array([[0.2, 0.3, 0.5], [1, 0, 0]]), ("left cuff", "collar"))


@pytest.mark.parametrize("kind", ["mesh", "cloud", "turned"])
def test_what_is_exported_is_imported_where_it_was(kind: str, shirt: Garment, tmp_path: Path) -> None:
    garment = shirt if kind != "cloud" else replace(shirt, faces=np.empty((0, 3), np.int64))
    if kind == "turned":
        garment = stand_up(shirt, "z")
    marks = PLACES if kind != "cloud" else replace(PLACES, barycentric=np.tile([1.0, 0, 0], (2, 1)))
    path = tmp_path / "annotation.json"
    write_annotation(marks, garment, path)
    (model,) = json.loads(path.read_text())
    for keypoint in model["keypoints"]:
        index = keypoint["pcd_info"]["point_index"]
        assert np.linalg.norm(shirt.vertices[index] - keypoint["xyz"]) < 0.03 * shirt.diagonal, "in the file's axes"
    assert ("mesh_info" in model["keypoints"][0]) == (kind != "cloud")
    found = read_annotation(path, garment)
    assert found.names == marks.names
    there = marks.on(garment.vertices, garment.faces)
    np.testing.assert_allclose(found.on(garment.vertices, garment.faces), there, atol=1e-6 * garment.diagonal)


def test_a_model_is_chosen_by_the_garment_s_name(shirt: Garment, tmp_path: Path) -> None:
    place = shirt.vertices[5].tolist()
    models = [{"model_id": "other", "keypoints": []},
              {"model_id": shirt.name, "keypoints": [{"xyz": place, "semantic_id": 3}]}]  # fmt: skip
    path = tmp_path / "chair.json"
    path.write_text(json.dumps(models))
    assert read_annotation(path, shirt).names == ("3",)
    with pytest.raises(KeygridError, match="has 2 models, but none is called trousers"):
        read_annotation(path, replace(shirt, name="trousers"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[", "not JSON"),
        ({"a": 1}, "a list of models"),
        ([{"model_id": "x", "keypoints": []}], "has no keypoints"),
        ([{"keypoints": [{"xyz": [0, 0], "semantic_id": 1}]}], "without semantic_id or xyz"),
        ([{"keypoints": [{"xyz": [1e9, 0, 0], "semantic_id": 1}]}], "are not on"),
        ([{"keypoints": [{"xyz": [0, 0, 0], "semantic_id": 1}] * 2}], "two keypoints '1'"),
    ],
)
def test_what_is_no_annotation_is_a_sentence(content: Any, sentence: str, shirt: Garment, tmp_path: Path) -> None:
    path = tmp_path / "annotation.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(KeygridError, match=sentence):
        read_annotation(path, shirt)


def test_frames_are_not_in_this_format(shirt: Garment, tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="has no frames"):
        write_annotation(replace(PLACES, frames=(None, 2)), shirt, tmp_path / "annotation.json")
    with pytest.raises(KeygridError, match="is not a file"):
        read_annotation(tmp_path / "missing.json", shirt)
