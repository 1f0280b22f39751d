"""Names and colours of keypoints."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keygrid.checkpoints import labels as module
from keygrid.checkpoints.labels import KeypointLabels, keep_derived, load, path_of, save
from keygrid.data.names import LONGEST, tidied
from keygrid.errors import KeygridError
from keygrid.palette import colours


def test_what_was_saved_is_loaded(tmp_path):
    checkpoint = tmp_path / "shirt.safetensors"
    labels = KeypointLabels().named(0, "collar").named(3, " left\tcuff ").coloured(3, (1, 2, 3))
    save(checkpoint, labels)
    assert load(checkpoint) == KeypointLabels({0: "collar", 3: "leftcuff"}, {3: (1, 2, 3)})
    assert [labels.title(0), labels.title(1)] == ["0 collar", "1"]
    assert labels.palette(8)[3].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(labels.palette(8)[:3], colours(8)[:3])


def test_derived_names_say_so_and_give_way_to_a_person_s(tmp_path):
    checkpoint = tmp_path / "shirt.safetensors"
    save(checkpoint, KeypointLabels().named(0, "collar"))
    keep_derived(checkpoint, "this", ["front neck", "left hem", "right hem"])
    keep_derived(tmp_path / "other.safetensors", "that", ["crown"])
    assert load(checkpoint, "another").names == {0: "collar"}
    labels = load(checkpoint, "this")
    save(checkpoint, labels)
    assert load(checkpoint).names == {0: "collar"}
    assert labels.names == {0: "collar", 1: "left hem", 2: "right hem"}
    assert labels.derived == {1, 2}
    assert labels.named(1, "mine").coloured(2, (1, 2, 3)).derived == {2}


def test_without_labels_there_is_no_file(tmp_path):
    checkpoint = tmp_path / "shirt.safetensors"
    assert load(checkpoint) == KeypointLabels()
    save(checkpoint, KeypointLabels().named(2, "hem"))
    save(checkpoint, load(checkpoint).named(2, ""))
    assert not path_of(checkpoint).exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{", b'{"keypoints": []}', b'{"keypoints": null}', b"\xff\xfe", b"[" * 100_000,
        b'{"keypoints": {"-1": {"name": "x"}, "1e3": {"name": "x"}, "0": 5, "1": {"name": 7}}}',
        b'{"keypoints": {"0": {"colour": [1, 2]}, "1": {"colour": [1, 2, 300]}, "2": {"colour": [true, 2, 3]}}}',
    ],
)  # fmt: skip
def test_what_is_damaged_labels_nothing(tmp_path, content):
    checkpoint = tmp_path / "shirt.safetensors"
    path_of(checkpoint).write_bytes(content)
    assert load(checkpoint) == KeypointLabels()


def test_what_can_be_used_of_a_damaged_file_is(tmp_path):
    checkpoint = tmp_path / "shirt.safetensors"
    path_of(checkpoint).write_text(json.dumps({"keypoints": {"0": {"name": "a" * 100}, "x": 1, "99": {"name": "b"}}}))
    found = load(checkpoint)
    assert found.names == {0: "a" * LONGEST, 99: "b"}
    assert found.palette(2).shape == (2, 3)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 10)
    save(tmp_path / "shirt.safetensors", KeypointLabels({0: "collar"}))
    assert load(tmp_path / "shirt.safetensors") == KeypointLabels()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_can_t_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(KeygridError, match="You may not write"):
        save(tmp_path / "shirt.safetensors", KeypointLabels({0: "collar"}))


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(KeygridError, match="does not exist"):
        save(tmp_path / "none" / "shirt.safetensors", KeypointLabels({0: "collar"}))


@given(st.text())
def test_a_name_is_one_printable_line(name):
    tidy = tidied(name)
    assert len(tidy) <= LONGEST
    assert tidy == tidy.strip()
    assert all(c.isprintable() for c in tidy)
