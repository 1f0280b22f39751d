"""The data set that comes with the project."""

import json

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.formats.convert import convert
from keygrid.data.readers.sequence import quantisation_bound, write_sequence


@pytest.fixture
def folder(cloth, tmp_path):
    rows = []
    for split in ("train", "validation", "test"):
        write_sequence(cloth, tmp_path / f"tshirt-{split}.npz", {"motion": "drop"})
        rows.append({"file": f"tshirt-{split}.npz", "name": split, "category": "T-shirt", "split": split})
    write(tmp_path, sequences=rows)
    return tmp_path


def write(folder, **content):
    (folder / "manifest.json").write_text(json.dumps({"format": "keygrid-garments 1", **content}))


def test_sequences_and_splits(folder, cloth, collection):
    for path in (folder, folder / "manifest.json"):
        found = collection(path)
        assert [(entry.name, entry.category, entry.split) for entry in found.entries] == [
            (split, "T-shirt", split) for split in ("train", "validation", "test")
        ]
        assert found.read(found.entries[0]).frame_count == len(cloth.frames)


def test_what_is_missing_is_said(folder, collection):
    (folder / "tshirt-test.npz").unlink()
    found = collection(folder)
    assert len(found) == 2
    assert found.missing == ("The manifest names tshirt-test.npz, which is not there.",)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ({}, "must list sequences"),
        ({"sequences": [{"name": "a"}]}, "must list sequences"),
        ({"sequences": [{"file": "../a.npz"}]}, "outside its folder"),
        ({"sequences": [{"file": "/a.npz"}]}, "outside its folder"),
        ({"sequences": [{"file": "a.npz", "split": "val"}]}, "split 'val'"),
        ({"format": "keygrid-garments 2"}, "version"),
    ],
)
def test_manifests_that_are_none(content, cause, tmp_path, refusal):
    write(tmp_path, **content)
    assert cause in refusal(lambda: open_path(tmp_path))


def test_a_manifest_of_something_else(cloud, tmp_path, collection, refusal):
    convert(cloud, "obj", tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_text('{"name": "a web page"}')
    assert collection(tmp_path / "out").kind == "folder of files"
    (tmp_path / "out" / "manifest.json").write_text('{"name": ')
    assert "manifest.json could not be read" in refusal(lambda: open_path(tmp_path / "out"))


def test_what_is_written_reads_the_same(folder, cloth, tmp_path, collection):
    convert(collection(folder), "keygrid", tmp_path / "out")
    found = collection(tmp_path / "out")
    assert [entry.split for entry in found.entries] == ["train", "validation", "test"]
    bound = 2 * quantisation_bound(cloth.frames) + 1e-6
    for garment in found:
        np.testing.assert_allclose(garment.frames, cloth.frames, atol=bound)
        assert garment.landmarks.names == ("hem", "collar")


def test_only_moving_garments_are_sequences(cloud, tmp_path, refusal):
    assert "does not move" in refusal(lambda: convert(cloud, "keygrid", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []
