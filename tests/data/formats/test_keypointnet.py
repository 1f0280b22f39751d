"""KeypointNet's annotations, clouds and splits."""

import json
from pathlib import Path

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.formats.convert import convert
from keygrid.data.formats.keypointnet import read_symmetries

CHAIR = "03001627"
POINTS = np.random.default_rng(0).random((2048, 3)).round(6)
POINTS[7] = POINTS[3]  # as scans have them; an index behind them must not shift


def pcd(points):
    header = (
        "VERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F U\nCOUNT 1 1 1 1\nWIDTH 2048\nHEIGHT 1\n"
        "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2048\nDATA ascii\n"
    )
    return header + "".join(f"{x:.6f} {y:.6f} {z:.6f} 16777215\n" for x, y, z in points)


def keypoint(semantic_id, point):
    xyz = POINTS[min(point, 2047)].tolist()
    mesh = {"face_index": 1690, "face_uv": [0.17, 0.51, 0.32]}
    return {
        **{"xyz": xyz, "rgb": [154, 107, 61], "semantic_id": semantic_id},
        **{"pcd_info": {"point_index": point}, "mesh_info": mesh},
    }


def record(model, *keypoints):
    symmetries = {"reflection": [{"kp_indexes": [0, 1]}], "rotation": []}
    return {"class_id": CHAIR, "model_id": model, "keypoints": list(keypoints), "symmetries": symmetries}


def write_annotations(root, records):
    (root / "annotations" / "chair.json").write_text(json.dumps(records))


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "KeypointNet"
    for folder in ("annotations", "splits", f"pcds/{CHAIR}"):
        (root / folder).mkdir(parents=True)
    models = ["88382b", "6cc65d", "2ed8d4", "absent"]
    for model in models[:3]:
        (root / "pcds" / CHAIR / f"{model}.pcd").write_text(pcd(POINTS))
    records = [record(model, keypoint(11, 2047), keypoint(0, 5)) for model in models]
    write_annotations(root, records)
    (root / "annotations" / "all.json").write_text(json.dumps(records))
    for split, model in {"train": "88382b", "val": "6cc65d", "test": "2ed8d4"}.items():
        (root / "splits" / f"{split}.txt").write_text(f"{CHAIR}-{model}\r\n")
    return root


def test_the_data_set_and_parts_of_it(root, collection):
    for path in (root, root / "annotations" / "chair.json", root / "annotations" / "all.json", root / "pcds"):
        found = collection(path)
        assert found.kind == "KeypointNet"
        assert [(entry.name, entry.category, entry.split) for entry in found.entries] == [
            ("88382b", "chair", "train"),
            ("6cc65d", "chair", "validation"),
            ("2ed8d4", "chair", "test"),
        ]
        assert found.missing == ("1 of 4 annotated models have no cloud in pcds.",)
    assert len(collection(root / "pcds" / CHAIR)) == 3


def test_landmarks_are_the_annotated_points(root, garment):
    chair = garment(root / "pcds" / CHAIR / "88382b.pcd")
    np.testing.assert_array_equal(chair.vertices, POINTS)
    assert (chair.category, chair.origin) == ("chair", "KeypointNet")
    assert chair.landmarks.names == ("0", "11")
    np.testing.assert_array_equal(chair.landmarks.faces, [5, 2047])
    np.testing.assert_array_equal(chair.landmarks.on(chair.vertices, chair.faces), POINTS[[5, 2047]])
    assert read_symmetries(chair.source) == {"reflection": [{"kp_indexes": [0, 1]}], "rotation": []}


def test_paths_from_inside(root, monkeypatch, collection):
    for folder, path in {"": ".", "pcds": ".", f"pcds/{CHAIR}": ".", "annotations": "chair.json"}.items():
        monkeypatch.chdir(root / folder)
        assert len(collection(Path(path))) == 3
    monkeypatch.chdir(root / "pcds" / CHAIR)
    assert open_path(Path("88382b.pcd")).landmarks.names == ("0", "11")


def test_a_changed_annotation_is_read_anew(root, garment):
    path = root / "pcds" / CHAIR / "88382b.pcd"
    assert len(garment(path).landmarks.names) == 2
    write_annotations(root, [record("88382b", keypoint(4, 9))])
    assert garment(path).landmarks.names == ("4",)


def test_a_cloud_that_nobody_annotated(root, garment):
    (root / "pcds" / CHAIR / "new.pcd").write_text(pcd(POINTS))
    assert garment(root / "pcds" / CHAIR / "new.pcd").landmarks is None


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"[{", "could not be read"),
        (b"{}", "not a list of annotated models"),
        (b"[3]", "not a list of annotated models"),
        (b'[{"class_id": "03001627"}]', "without model_id"),
        (json.dumps([record("88382b")]).encode("utf-16"), None),  # JSON may be
        (json.dumps([{**record("88382b"), "model_id": "st\xfchl"}], ensure_ascii=False).encode("latin-1"), "could not"),
    ],
)
def test_annotation_files_that_are_none(content, cause, root, refusal, collection):
    (root / "annotations" / "all.json").unlink()
    (root / "annotations" / "chair.json").write_bytes(content)
    if cause is None:
        assert len(collection(root)) == 1
    else:
        message = refusal(lambda: open_path(root))
        assert message.startswith("chair.json")
        assert cause in message


@pytest.mark.parametrize("point", [2048, -1, 1.5, None, "3", [3, 4], [[]], 10**30])
def test_keypoints_on_points_that_are_not_there(point, root, refusal):
    broken = keypoint(0, 0)
    broken["pcd_info"]["point_index"] = point
    write_annotations(root, [record("88382b", broken)])
    assert "keypoint of 88382b" in refusal(lambda: open_path(root / "pcds" / CHAIR / "88382b.pcd"))


def test_keypoints_without_their_parts(root, refusal):
    for member in ("semantic_id", "pcd_info"):
        broken = keypoint(0, 0)
        del broken[member]
        write_annotations(root, [record("88382b", broken)])
        assert "without semantic_id or" in refusal(lambda: open_path(root / "pcds" / CHAIR / "88382b.pcd"))


def test_splits_that_are_missing_or_overlap(root, collection):
    (root / "splits" / "test.txt").write_text(f"{CHAIR}-88382b\n{CHAIR}-2ed8d4\n", encoding="utf-16")
    found = collection(root)
    assert [entry.split for entry in found.entries] == ["test", "validation", "test"]
    assert "more than one split: 1" in found.missing[1]
    for file in (root / "splits").iterdir():
        file.unlink()
    assert "There are no splits" in collection(root).missing[1]


def test_a_truncated_cloud_is_named(root, refusal):
    path = root / "pcds" / CHAIR / "88382b.pcd"
    path.write_text(pcd(POINTS)[:5000])
    assert "88382b.pcd ends too early" in refusal(lambda: open_path(path))


def test_what_is_written_reads_the_same(root, tmp_path, collection):
    convert(collection(root), "keypointnet", tmp_path / "out")
    old, new = collection(root), collection(tmp_path / "out")
    assert [(entry.name, entry.category, entry.split) for entry in new.entries] == [
        (entry.name, entry.category, entry.split) for entry in old.entries
    ]
    assert new.missing == ()
    for before, after in zip(old, new, strict=True):
        np.testing.assert_allclose(after.vertices, before.vertices, rtol=1e-8)
        np.testing.assert_array_equal(after.landmarks.faces, before.landmarks.faces)
        assert after.landmarks.names == before.landmarks.names


def test_frames_become_models_with_the_same_points(cloth, moving_points, tmp_path, collection):
    convert(cloth, "keypointnet", tmp_path / "out")
    found = collection(tmp_path / "out")
    assert [entry.name for entry in found.entries] == [f"half_ball_{frame:04d}" for frame in range(4)]
    for model, points in zip(found, moving_points, strict=True):
        np.testing.assert_allclose(model.vertices, points, rtol=1e-7)
        assert model.landmarks.names == ("0", "1")
        places = model.landmarks.on(model.vertices, model.faces)
        # 2048 points on an area of 6.3: the nearest is about 0.03 away.
        expected = cloth.landmarks.on(cloth.frames[int(model.name[-4:])], cloth.faces)
        assert np.linalg.norm(places - expected, axis=1).max() < 0.1
