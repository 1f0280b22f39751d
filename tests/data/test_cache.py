"""Clouds on disk: the same ones, or none."""

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from keygrid.data.cache import CloudCache, cache_folder, content_digest

POINTS = np.random.default_rng(0).normal(size=(100, 3))


def entries(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.cloud"))


@pytest.fixture
def cache(tmp_path: Path) -> CloudCache:
    """A cache with one cloud in it."""
    cache = CloudCache(tmp_path / "clouds")
    cache.put("content", 100, 7, POINTS)
    return cache


def test_a_cloud_comes_back_bit_for_bit(cache: CloudCache) -> None:
    found = cache.get("content", 100, 7)
    assert found is not None
    assert found.dtype == np.float64
    assert found.tobytes() == POINTS.tobytes()
    assert found.shape == POINTS.shape


@pytest.mark.parametrize("other", [("other", 100, 7), ("content", 101, 7), ("content", 100, 8)])
def test_another_content_count_or_seed_is_another_cloud(cache: CloudCache, other: tuple[str, int, int]) -> None:
    assert cache.get(*other) is None


def test_a_new_version_of_numpy_or_of_the_reader_draws_anew(cache: CloudCache, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("numpy.__version__", "99.0")
        assert cache.get("content", 100, 7) is None
    with monkeypatch.context() as patch:
        patch.setattr("keygrid.data.cache._VERSION", 99)
        assert cache.get("content", 100, 7) is None
    assert cache.get("content", 100, 7) is not None


def flipped(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "only a digest": lambda data: data[:32],
    "half a digest": lambda data: data[:16],
    "cut off": lambda data: data[:-1],
    "without the last point": lambda data: data[:-24],
    "a point too many": lambda data: data + bytes(24),
    "one bit": flipped,
    "the digest's first bit": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "zeros": lambda data: bytes(len(data)),
    "another kind of file": lambda data: b"\x93NUMPY" + data,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_cloud_is_none_until_it_is_kept_anew(cache: CloudCache, damage: Callable[[bytes], bytes]) -> None:
    (entry,) = entries(cache.folder)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert cache.get("content", 100, 7) is None
    cache.put("content", 100, 7, POINTS)
    assert entry.read_bytes() == whole


def test_the_whole_entry_of_another_cloud_is_damage_too(cache: CloudCache) -> None:
    (entry,) = entries(cache.folder)
    cache.put("content", 100, 8, POINTS + 1)
    (other,) = set(entries(cache.folder)) - {entry}
    entry.write_bytes(other.read_bytes())
    assert cache.get("content", 100, 7) is None
    assert cache.get("content", 100, 8) is not None


def test_a_folder_in_the_place_of_a_cloud_is_no_cloud(cache: CloudCache) -> None:
    (entry,) = entries(cache.folder)
    entry.unlink()
    entry.mkdir()
    cache.put("content", 100, 7, POINTS)
    assert cache.get("content", 100, 7) is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = CloudCache(tmp_path / "file" / "clouds")
    cache.put("content", 100, 7, POINTS)
    assert cache.get("content", 100, 7) is None


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    cache = CloudCache(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", full)
    cache.put("content", 100, 7, POINTS)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    size = 32 + POINTS.nbytes
    cache = CloudCache(tmp_path, limit=256 * 3 * size)  # three clouds in each of its folders
    shelves: dict[str, list[int]] = {}
    for seed in range(2000):
        path = cache._path("content", 100, seed)
        shelves.setdefault(path.parent.name, []).append(seed)
    first, second, third, fourth = next(seeds for seeds in shelves.values() if len(seeds) >= 4)[:4]
    for age, seed in zip((30, 20, 10), (first, second, third), strict=True):
        cache.put("content", 100, seed, POINTS)
        past = time.time() - age
        os.utime(cache._path("content", 100, seed), (past, past))
    assert len(entries(tmp_path)) == 3
    assert cache.get("content", 100, first) is not None  # and is the newest from here on
    cache.put("content", 100, fourth, POINTS)
    assert cache.get("content", 100, second) is None
    assert all(cache.get("content", 100, seed) is not None for seed in (first, third, fourth))


def keep_many(folder: Path, points: NDArray[np.float64]) -> None:
    cache = CloudCache(folder, limit=256 * 3 * points.nbytes)
    for turn in range(60):
        cache.put("content", 100, turn % 20, points + turn % 20)


def test_two_processes_write_one_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=keep_many, args=(tmp_path, POINTS)) for _ in range(2)]
    for writer in writers:
        writer.start()
    cache, found = CloudCache(tmp_path), 0
    while any(writer.is_alive() for writer in writers):
        for seed in range(20):
            points = cache.get("content", 100, seed)
            if points is not None:
                found += 1
                assert points.tobytes() == (POINTS + seed).tobytes()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert found
    assert not list(tmp_path.rglob(".*"))


def test_the_content_is_the_bytes_and_the_ending(tmp_path: Path) -> None:
    def digest(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return content_digest(tmp_path / name)

    assert digest("a.obj", b"one") == digest("b.OBJ", b"one")
    assert len({digest("a.obj", b"one"), digest("a.txt", b"one"), digest("a.obj", b"two")}) == 3


def test_the_folder_may_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KEYGRID_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("KEYGRID_CACHE")
    assert cache_folder().is_absolute()
    assert "keygrid" in str(cache_folder())
