"""Data sets: what is read and when, what is skipped, how garments are split, and clouds that never change."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keygrid.data import dataset
from keygrid.data.cache import CloudCache
from keygrid.data.collection import Entry
from keygrid.data.dataset import Dataset, Member
from keygrid.data.garment import Garment
from keygrid.data.readers.sequence import write_sequence
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError

Reads = Counter[str]
NAMES = list("abcdefghij")  # numbers would make them frames of one garment


def obj(path: Path, height: float = 1.0) -> Path:
    """A bent sheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"v 0 0 0\nv 1 0 {height}\nv 1 2 0\nv 0 2 {height / 2}\nf 1 2 3\nf 1 3 4\n")
    return path


def sequence(path: Path, frames: int = 4) -> Path:
    """A sheet that rises by its own height in every frame."""
    rest = np.array([[0, 0, 0], [1, 0, 0.3], [1, 2, 0], [0, 2, 0.5]])
    moved = rest + np.arange(frames)[:, None, None] * np.array([0, 0, 10.0])
    write_sequence(Garment(path.stem, rest, np.array([[0, 1, 2], [0, 2, 3]]), frames=moved.astype(np.float32)), path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten garments."""
    for index, name in enumerate(NAMES):
        obj(tmp_path / "garments" / f"{name}.obj", height=index + 1)
    return tmp_path / "garments"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Counts of how often each file was parsed."""
    counts: Reads = Counter()
    from keygrid.data import readers

    def counted(reader: Callable[[Path], object]) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            counts[path.name] += 1
            return reader(path)

        return read

    for ending, reader in list(readers.READERS.items()):
        monkeypatch.setitem(readers.READERS, ending, counted(reader))
    return counts


def damage(path: Path) -> None:
    path.write_text("v 0 0 0\nf 1 2")


# Listing.


def test_opening_reads_nothing_and_drawing_reads_one(folder: Path, reads: Reads) -> None:
    data = Dataset.open([folder])
    assert len(data) == 10
    assert data.names == NAMES
    data.split(0)
    assert not reads
    data.draw(3, 64, 0)
    assert reads == {"d.obj": 1}


def test_files_folders_and_collections_are_one_data_set(folder: Path, tmp_path: Path, reads: Reads) -> None:
    extra = [obj(tmp_path / "extra.obj"), sequence(tmp_path / "moving.npz")]
    data = Dataset.open([*extra, folder, extra[0], folder / "e.obj"])
    assert data.names == ["extra", "moving", *NAMES]
    assert not reads


def test_a_path_that_is_missing_is_refused_at_once(folder: Path) -> None:
    with pytest.raises(KeygridError, match=r"nowhere\.obj does not exist"):
        Dataset.open([folder, Path("nowhere.obj")])


def test_many_files_are_listed_fast(tmp_path: Path, reads: Reads) -> None:
    """A hundred thousand in seconds: here a fiftieth of them, ten times slower than that if need be."""
    for index in range(2000):
        folder = tmp_path / str(index % 10)
        folder.mkdir(exist_ok=True)
        (folder / f"{''.join(NAMES[int(digit)] for digit in str(index))}.obj").touch()
    began = time.perf_counter()
    train, validation = Dataset.open([tmp_path]).split(0)
    assert time.perf_counter() - began < 2
    assert (len(train), len(validation)) == (1600, 400)
    assert not reads


# Memory.


def test_a_garment_is_read_once(folder: Path, reads: Reads) -> None:
    data = Dataset.open([folder])
    for index in range(30):
        data.draw(index, 64, index)
    assert set(reads.values()) == {1}
    train, validation = data.split(0)
    for part in (train, validation):
        part.draw(0, 64, 0)
    assert set(reads.values()) == {1}


def test_memory_is_bounded(folder: Path, reads: Reads) -> None:
    bytes_each = 4 * 24 + 2 * 24
    data = Dataset(Dataset.open([folder]).members, memory=3 * bytes_each)
    for index in range(30):
        data.draw(index, 64, index)
    assert reads == {f"{name}.obj": 1 if name in "abc" else 3 for name in NAMES}


def test_a_file_that_changes_is_read_again(folder: Path, reads: Reads) -> None:
    data = Dataset.open([folder])
    before = data.draw(0, 64, 0)
    obj(folder / "a.obj", height=9999)
    after = data.draw(0, 64, 0)
    assert reads == {"a.obj": 2}
    assert np.ptp(after[:, 2]) > 100 > np.ptp(before[:, 2])


# Damaged garments.


def test_damaged_garments_are_skipped_and_named_once(folder: Path) -> None:
    for name in ("c.obj", "d.obj", "j.obj"):
        damage(folder / name)
    (folder / "f.obj").unlink()
    told: list[tuple[str, str]] = []
    members = Dataset.open([folder]).members
    (folder / "g.obj").unlink()  # after it was listed
    data = Dataset(members, on_skip=lambda entry, reason: told.append((entry.name, reason)))
    drawn = [data.draw(index, 64, seed=7) for index in range(3 * len(data))]
    assert len(data) == 9
    assert [name for name, _ in told] == ["c", "d", "g", "j"]
    assert all(reason.startswith(f"{name}.obj ") for name, reason in told)
    assert [member.entry.name for member in data.skipped] == ["c", "d", "g", "j"]
    heights = [round(float(np.ptp(cloud[:, 2])), 6) for cloud in drawn[:9]]
    assert heights[2] == heights[3] == heights[4]  # the next one took their place
    assert heights[8] == heights[0]


def test_parts_know_what_the_whole_skipped(folder: Path, reads: Reads) -> None:
    damage(folder / "c.obj")
    data = Dataset.open([folder])
    assert len(list(data)) == 9
    for part in data.split(0):
        for index in range(len(part)):
            part.draw(index, 64, 0)
    assert reads["c.obj"] == 1
    assert len(data.skipped) == 1


def test_a_draw_does_not_depend_on_what_was_skipped_before(folder: Path) -> None:
    for name in ("c.obj", "d.obj"):
        damage(folder / name)
    data = Dataset.open([folder])
    late = data.draw(2, 64, 7)
    for index in range(10):
        data.draw(index, 64, 7)
    assert np.array_equal(late, data.draw(2, 64, 7))
    assert np.array_equal(late, Dataset.open([folder]).draw(4, 64, 7))


def test_where_nothing_can_be_read_the_first_reason_is_told(folder: Path) -> None:
    for path in folder.iterdir():
        damage(path)
    with pytest.raises(KeygridError, match=r"^None of the 10 garments can be used; the first error: a\.obj "):
        Dataset.open([folder]).draw(3, 64, 0)
    with pytest.raises(KeygridError, match=r"^a\.obj "):
        Dataset.open([folder / "a.obj"]).draw(0, 64, 0)


def test_what_has_no_area_or_too_few_points_is_skipped(folder: Path) -> None:
    (folder / "a.obj").write_text("v 0 0 0\nv 1 1 1\nv 2 2 2\nf 1 2 3\n")
    np.save(folder / "b.npy", np.zeros((63, 3)))
    data = Dataset.open([folder])
    for index in range(len(data)):
        data.draw(index, 64, 0)
    assert sorted(member.entry.path.name for member in data.skipped) == ["a.obj", "b.npy"]


# Splits and categories.


def labelled(**splits: int) -> Dataset:
    """Make a data set with so many members of each split."""

    def unread() -> Garment:
        raise AssertionError("read")

    return Dataset(
        Member(Entry(f"{split}{index}", Path(split) / str(index), "Dress" if index % 2 else "Skirt", split), unread)
        for split, count in splits.items()
        for index in range(count)
    )


@pytest.mark.parametrize("count", [1, 4])
def test_few_garments_are_all_used_for_both(count: int) -> None:
    data = labelled(**{"": count})
    train, validation = data.split(0)
    assert train.members == validation.members == data.members


@pytest.mark.parametrize(("count", "held_out"), [(5, 1), (9, 1), (10, 2), (23, 4)])
def test_one_garment_in_five_is_held_out(count: int, held_out: int) -> None:
    data = labelled(**{"": count})
    train, validation = data.split(3)
    assert len(validation) == held_out
    assert set(train.members) | set(validation.members) == set(data.members)
    assert len(train) + len(validation) == count
    assert [part.members for part in data.split(3)] == [train.members, validation.members]
    assert any(data.split(seed)[1].members != validation.members for seed in range(5))


def test_splits_are_as_they_were(folder: Path) -> None:
    """A run that was begun with five garments or more must go on with the same ones."""
    train, validation = Dataset.open([folder]).split(0)
    order = np.random.default_rng(0).permutation(10)
    assert validation.names == [NAMES[index] for index in order[:2]]
    assert train.names == [NAMES[index] for index in order[2:]]


def test_splits_that_are_known_are_kept() -> None:
    train, validation = labelled(train=6, validation=3, test=4).split(1)
    assert sorted(train.names) == [f"train{index}" for index in range(6)]
    assert sorted(validation.names) == [f"validation{index}" for index in range(3)]
    assert train.names != sorted(train.names)  # neighbours in a listing are alike


def test_without_a_validation_split_some_of_the_training_is_held_out() -> None:
    train, validation = labelled(train=10, test=4).split(1)
    assert sorted(train.names + validation.names) == [f"train{index}" for index in range(10)]
    assert len(validation) == 2


def test_what_says_nothing_is_trained_on() -> None:
    train, validation = labelled(train=3, validation=2, **{"": 2}).split(1)
    assert sorted(train.names) == ["0", "1", "train0", "train1", "train2"]
    assert sorted(validation.names) == ["validation0", "validation1"]


def test_something_must_be_there_to_train_on() -> None:
    with pytest.raises(KeygridError, match="meant for training"):
        labelled(validation=3, test=3).split(0)


def test_another_category_is_left_out() -> None:
    data = labelled(train=4)
    assert data.of_categories(["dress"]).names == ["train1", "train3"]
    assert data.of_categories(["dress", *{member.entry.category for member in data.members}]).names == data.names
    unknown = Dataset(replace(member, entry=replace(member.entry, category="")) for member in data.members)
    assert unknown.of_categories(["Dress"]).names == data.names
    with pytest.raises(KeygridError, match=r"None of the garments is a Hat; their categories are: Dress, Skirt\."):
        data.of_categories(["Dress", "Hat"])


# Sequences.


def test_every_frame_of_a_sequence_is_drawn_about_as_often(tmp_path: Path) -> None:
    data = Dataset.open([sequence(tmp_path / "moving.npz", frames=4)])
    heights = Counter(round(float(data.draw(0, 64, seed)[:, 2].min()), -1) for seed in range(400))
    assert sorted(heights) == [0, 10, 20, 30]
    assert min(heights.values()) > 70


def test_the_material_is_drawn_on_the_shape_at_rest(tmp_path: Path) -> None:
    data = Dataset.open([sequence(tmp_path / "moving.npz")])
    (garment,) = data
    assert garment.frames is not None
    for seed in range(5):
        material = sample(garment, 64, seed)
        frames = [material.on(frame, garment.faces) for frame in garment.frames]
        drawn = data.draw(0, 64, seed)
        assert sum(np.array_equal(drawn, frame) for frame in frames) == 1


def test_a_still_garment_is_drawn_as_sample_draws_it(folder: Path) -> None:
    data = Dataset.open([folder])
    for index, garment in enumerate(data):
        assert data.draw(index, 100, index).tobytes() == sample(garment, 100, index).points.tobytes()


# The cache on disk.


def clouds(data: Dataset) -> list[bytes]:
    return [data.draw(index, 64, index).tobytes() for index in range(12)]


@pytest.fixture
def mixed(folder: Path, tmp_path: Path) -> list[Path]:
    np.save(tmp_path / "cloud.npy", np.random.default_rng(0).normal(size=(70, 3)))
    return [folder, sequence(tmp_path / "moving.npz"), tmp_path / "cloud.npy"]


def test_the_cache_changes_nothing_and_spares_reading(mixed: list[Path], tmp_path: Path, reads: Reads) -> None:
    expected = clouds(Dataset.open(mixed))
    cache = CloudCache(tmp_path / "clouds")
    assert clouds(Dataset.open(mixed, cache=cache)) == expected
    reads.clear()
    assert clouds(Dataset.open(mixed, cache=cache)) == expected
    assert not reads


def test_a_damaged_cache_changes_nothing(mixed: list[Path], tmp_path: Path, reads: Reads) -> None:
    cache = CloudCache(tmp_path / "clouds")
    expected = clouds(Dataset.open(mixed, cache=cache))
    kept = sorted((tmp_path / "clouds").rglob("*.cloud"))
    whole = [path.read_bytes() for path in kept]
    for index, path in enumerate(kept):
        path.write_bytes([b"", whole[index][:-1], whole[index - 1], b"foreign"][index % 4])
    assert clouds(Dataset.open(mixed, cache=cache)) == expected
    assert [path.read_bytes() for path in kept] == whole


def test_another_content_is_another_cloud(folder: Path, tmp_path: Path) -> None:
    cache = CloudCache(tmp_path / "clouds")
    before = Dataset.open([folder], cache=cache).draw(0, 64, 0)
    obj(folder / "a.obj", height=9999)
    after = Dataset.open([folder], cache=cache).draw(0, 64, 0)
    assert np.array_equal(after, Dataset.open([folder]).draw(0, 64, 0))
    assert not np.array_equal(after, before)
    obj(folder / "a.obj", height=1)
    assert np.array_equal(Dataset.open([folder], cache=cache).draw(0, 64, 0), before)


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(garment: Garment, count: int, seed: int) -> object:
        obj(folder / "a.obj", height=9999)
        return sample(garment, count, seed)

    cache = CloudCache(tmp_path / "clouds")
    with monkeypatch.context() as patch:
        patch.setattr(dataset, "sample", changed)
        Dataset.open([folder], cache=cache).draw(0, 64, 0)
    assert not list((tmp_path / "clouds").rglob("*.cloud"))


def test_a_scene_with_files_beside_it_is_not_kept(folder: Path, tmp_path: Path) -> None:
    import trimesh

    files = trimesh.Scene(trimesh.creation.box()).export(file_type="gltf")
    (tmp_path / "scene").mkdir()
    for name, content in files.items():
        (tmp_path / "scene" / name).write_bytes(content)
    data = Dataset.open([tmp_path / "scene"], cache=CloudCache(tmp_path / "clouds"))
    assert data.draw(0, 64, 0).shape == (64, 3)
    assert not (tmp_path / "clouds").exists()
