"""ShapeNet's HDF5 files."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.formats.convert import convert

CLOUDS = np.random.default_rng(0).random((5, 2048, 3)).astype(np.float32)
LABELS = np.array([[0], [2], [2], [1], [7]], np.uint8)


def write(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def test_a_file_of_many(tmp_path, collection, garment):
    path = write(tmp_path / "chairs.h5", data=CLOUDS, label=LABELS)
    found = collection(path)
    assert found.kind == "ShapeNet HDF5"
    assert [entry.name for entry in found.entries] == [f"chairs {index}" for index in range(5)]
    assert [entry.category for entry in found.entries] == [f"label {label}" for label in LABELS.ravel()]
    assert "numbers instead of names" in found.missing[0]
    third = garment(Path(f"{path}#3"))
    np.testing.assert_array_equal(third.vertices, CLOUDS[3])
    assert third.source == Path(f"{path}#3")


def test_labels_have_the_names_beside_the_file(tmp_path, collection):
    path = write(tmp_path / "chairs.h5", data=CLOUDS, label=LABELS)
    (tmp_path / "all_object_categories.txt").write_text("Airplane\t02691156\r\nBag\t02773838\r\nCap\t02954340\r\n")
    found = collection(path)
    assert [entry.category for entry in found.entries] == ["Airplane", "Cap", "Cap", "Bag", "label 7"]
    assert found.read(found.entries[1]).category == "Cap"
    assert found.missing == ()


def test_a_folder_of_files_with_splits(tmp_path, collection):
    write(tmp_path / "chair" / "ply_data_train0.h5", data=CLOUDS[:2], label=LABELS[:2])
    write(tmp_path / "chair" / "ply_data_val0.h5", data=CLOUDS[2:3], label=LABELS[2:3])
    write(tmp_path / "table" / "ply_data_test0.hdf5", data=CLOUDS[3:])
    found = collection(tmp_path)
    assert [entry.split for entry in found.entries] == ["train", "train", "validation", "test", "test"]
    assert "no labels" in found.missing[0]
    np.testing.assert_array_equal([cloud.vertices for cloud in found], CLOUDS)


@pytest.mark.parametrize(
    ("arrays", "cause"),
    [
        ({"points": CLOUDS}, "array called data"),
        ({"data": CLOUDS[0]}, "array called data"),
        ({"data": CLOUDS[..., :2]}, "array called data"),
        ({"data": CLOUDS.astype("S4")}, "array called data"),
        ({"data": CLOUDS[:0]}, "no clouds"),
        ({"data": CLOUDS, "label": LABELS[:3]}, "5 clouds, but labels"),
        ({"data": CLOUDS, "label": LABELS / 2}, "labels of type float64"),
        ({"data/inside": CLOUDS}, "array called data"),
    ],
)
def test_other_arrays(arrays, cause, tmp_path, refusal):
    path = write(tmp_path / "chairs.h5", **arrays)
    message = refusal(lambda: open_path(path))
    assert message.startswith("chairs.h5")
    assert cause in message


@pytest.mark.parametrize("name", ["data", "label"])
@pytest.mark.parametrize("how", ["stored elsewhere", "linked", "linked by a link", "virtual", "linked to a pipe"])
def test_arrays_of_other_files_are_not_read(name, how, tmp_path, refusal):
    other = write(tmp_path / "secret" / "other.h5", data=CLOUDS, label=LABELS)
    os.mkfifo(tmp_path / "pipe")
    path = write(tmp_path / "chairs.h5", **{"label": LABELS} if name == "data" else {"data": CLOUDS})
    array = CLOUDS if name == "data" else LABELS
    with h5py.File(path, "a") as file:
        match how:
            case "stored elsewhere":
                file.create_dataset(name, array.shape, array.dtype, external=[(str(other), 0, array.nbytes)])
            case "linked":
                file[name] = h5py.ExternalLink(str(other), f"/{name}")
            case "linked by a link":
                file["other"] = h5py.ExternalLink(str(other), "/")
                file[name] = h5py.SoftLink(f"/other/{name}")
            case "virtual":
                layout = h5py.VirtualLayout(array.shape, array.dtype)
                layout[:] = h5py.VirtualSource(str(other), name, array.shape)
                file.create_virtual_dataset(name, layout)
            case _:
                file[name] = h5py.ExternalLink(str(tmp_path / "pipe"), f"/{name}")
    assert f"takes its {name} from another file" in refusal(lambda: open_path(path))


def test_damaged_files_and_clouds(tmp_path, refusal):
    broken = CLOUDS.copy()
    broken[3, 8] = np.nan
    path = write(tmp_path / "chairs.h5", data=broken, label=LABELS)
    assert "a cloud 3 that has 1 of its 2048 vertices at NaN" in refusal(lambda: open_path(Path(f"{path}#3")))
    for item in ("5", "-1", "x", ""):
        assert f"no item {item}" in refusal(lambda item=item: open_path(Path(f"{path}#{item}")))
    path.write_bytes(path.read_bytes()[:3000])
    assert "could not be read" in refusal(lambda: open_path(path))
    path.write_bytes(b"")
    assert "is empty" in refusal(lambda: open_path(path))
    path.write_text("data\n")
    assert "not a valid H5 file" in refusal(lambda: open_path(path))


def test_what_is_written_reads_the_same(cloth, moving_points, tmp_path, collection):
    convert(cloth, "shapenet", tmp_path / "out")
    found = collection(tmp_path / "out")
    assert [entry.category for entry in found.entries] == ["T-shirt"] * 4
    assert found.missing == ()
    np.testing.assert_allclose([cloud.vertices for cloud in found], moving_points, atol=1e-7)


def test_splits_and_categories_survive(tmp_path, collection):
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "train.h5", data=CLOUDS[:4], label=LABELS[:4])
    write(tmp_path / "in" / "val.h5", data=CLOUDS[4:], label=LABELS[4:])
    convert(open_path(tmp_path / "in"), "shapenet", tmp_path / "out")
    old, new = collection(tmp_path / "in"), collection(tmp_path / "out")
    assert [(e.category, e.split) for e in old.entries] == [(e.category, e.split) for e in new.entries]
    for before, after in zip(old, new, strict=True):
        np.testing.assert_array_equal(before.vertices, after.vertices)
