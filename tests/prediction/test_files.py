"""Predictions in files, read back by other programs' readers."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
import trimesh

from keygrid.data.readers import read_garment
from keygrid.data.sampling import Normalisation, Sample
from keygrid.errors import KeygridError
from keygrid.model.config import HeatmapConfig
from keygrid.palette import colours
from keygrid.prediction import Explanation, MethodId, Prediction
from keygrid.prediction.files import FORMATS, check_format, write_predictions


@pytest.fixture(scope="module")
def prediction() -> Prediction:
    """Three keypoints with numbers that need all their digits, in file units far from the network's."""
    rng = np.random.default_rng(0)
    points = rng.uniform(90, 110, (64, 3))
    return Prediction(
        method=MethodId.of_file(Path("some.safetensors"), "abc", "T-shirt"),
        normalisation=Normalisation((100.0, 101.0, 102.0), 12.5),
        normalised=rng.uniform(-1, 1, (3, 3)),
        vertices=np.array([5, 0, 63]),
        edges=np.array([(0, 1), (0, 2), (1, 2)]),
        strengths=rng.uniform(0, 1, 3),
        seconds=0.5,
        explanation=Explanation(
            sample=Sample(np.arange(64), np.broadcast_to([1.0, 0.0, 0.0], (64, 3)), points),
            weights=rng.dirichlet(np.ones(64), 3).astype(np.float32),
            normalised_reconstruction=rng.uniform(-1, 1, (64, 3)),
            heatmap=HeatmapConfig("nearest", 0.05, (4, 4, 4)),
        ),
    )


def test_json_gives_back_every_number_to_the_bit(prediction, tmp_path):
    path = tmp_path / "k.json"
    write_predictions([("shirt.obj", prediction)], path)
    content = json.loads(path.read_text())
    assert (content["garment"], content["checkpoint"]) == ("shirt.obj", "some.safetensors")
    keypoints = content["keypoints"]
    assert [k["index"] for k in keypoints] == [0, 1, 2]
    np.testing.assert_array_equal([k["position"] for k in keypoints], prediction.normalised * 12.5 + [100, 101, 102])
    np.testing.assert_array_equal([k["normalised"] for k in keypoints], prediction.normalised)
    assert [k["vertex"] for k in keypoints] == [5, 0, 63]
    assert [k["confidence"] for k in keypoints] == prediction.confidence.tolist()
    assert [(e["i"], e["j"]) for e in content["edges"]] == [(0, 1), (0, 2), (1, 2)]
    assert [e["strength"] for e in content["edges"]] == prediction.strengths.tolist()


def test_json_of_several_garments_is_a_list(prediction, tmp_path):
    path = tmp_path / "k.json"
    write_predictions([("a.obj", prediction), ("b.obj", prediction)], path)
    assert [entry["garment"] for entry in json.loads(path.read_text())] == ["a.obj", "b.obj"]


def test_csv_has_a_row_a_keypoint_and_awkward_names_survive(prediction, tmp_path):
    path, name = tmp_path / "k.CSV", 'odd, "name"\nß.obj'
    write_predictions([(name, prediction), ("b.obj", prediction)], path)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["garment"] for row in rows] == [name] * 3 + ["b.obj"] * 3
    assert [row["index"] for row in rows] == ["0", "1", "2"] * 2
    np.testing.assert_array_equal([[float(row[axis]) for axis in "xyz"] for row in rows[:3]], prediction.keypoints)
    np.testing.assert_array_equal(
        [[float(row[f"normalised_{axis}"]) for axis in "xyz"] for row in rows[:3]], prediction.normalised
    )
    assert [int(row["vertex"]) for row in rows[:3]] == [5, 0, 63]
    assert [float(row["confidence"]) for row in rows[:3]] == prediction.confidence.tolist()


def test_a_name_that_is_no_text_loses_nothing(prediction, tmp_path):
    name = os.fsdecode(b"caf\xe9.obj")
    write_predictions([(name, prediction), ("b.obj", prediction)], tmp_path / "k.csv")
    write_predictions([(name, prediction), ("b.obj", prediction)], tmp_path / "k.json")
    with (tmp_path / "k.csv").open(newline="", encoding="utf-8") as file:
        assert [row["garment"] for row in csv.DictReader(file)] == [r"caf\udce9.obj"] * 3 + ["b.obj"] * 3
    assert [entry["garment"] for entry in json.loads((tmp_path / "k.json").read_text())] == [name, "b.obj"]


def test_text_is_the_published_codes_rows_of_coordinates(prediction, tmp_path):
    path = tmp_path / "k.txt"
    other = replace(prediction, normalised=prediction.normalised / 2)
    write_predictions([("a.obj", prediction), ("b.obj", other)], path)
    np.testing.assert_array_equal(np.loadtxt(path), np.concatenate([prediction.keypoints, other.keypoints]))


def test_ply_is_read_by_other_programs_and_by_our_own_reader(prediction, tmp_path):
    path = tmp_path / "k.ply"
    write_predictions([("shirt.obj", prediction)], path)
    skeleton = trimesh.load(path)
    np.testing.assert_array_equal(skeleton.vertices, prediction.keypoints)
    elements = skeleton.metadata["_ply_raw"]
    edges = elements["edge"]["data"]
    np.testing.assert_array_equal(np.column_stack([edges["vertex1"], edges["vertex2"]]), prediction.edges)
    np.testing.assert_array_equal(elements["edge_strength"]["data"]["strength"], prediction.strengths)

    mesh = pv.read(path)
    np.testing.assert_allclose(mesh.points, prediction.keypoints, rtol=1e-6)
    np.testing.assert_array_equal(mesh["RGB"], colours(3))

    np.testing.assert_array_equal(read_garment(path).vertices, prediction.keypoints)


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_prediction_gives_the_same_bytes(prediction, tmp_path, ending):
    contents = []
    for name in "ab":
        path = tmp_path / f"{name}{ending}"
        write_predictions([("shirt.obj", prediction)], path)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a{ending}", f"b{ending}"]


@pytest.mark.parametrize(("name", "count"), [("k.xyz", 1), ("k", 1), ("k.ply", 2)])
def test_what_no_format_holds_is_refused_before_and_at_writing(prediction, tmp_path, name, count):
    path = tmp_path / name
    with pytest.raises(KeygridError, match=r"\.$"):
        check_format(path, count)
    with pytest.raises(KeygridError):
        write_predictions([("shirt.obj", prediction)] * count, path)
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_when_writing_fails(prediction, tmp_path):
    path = tmp_path / "k.json"
    path.write_text("before")
    with pytest.raises(TypeError):
        write_predictions([(object(), prediction)], path)  # type: ignore[list-item]
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["k.json"]
