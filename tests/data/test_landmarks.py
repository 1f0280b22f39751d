"""Landmarks that people place, and the files that keep them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keygrid.data.garment import Garment, Landmarks
from keygrid.data.landmarks import (
    LARGEST,
    MOST,
    beside,
    joined,
    landmarks_path,
    read_landmarks,
    remove_landmarks,
    with_landmarks,
    write_landmarks,
)
from keygrid.data.opening import open_path
from keygrid.errors import KeygridError

CLOUD = Garment("cloud", np.random.default_rng(0).normal(size=(80, 3)), np.empty((0, 3), np.int64))
MOVING_CLOUD = replace(CLOUD, frames=np.repeat(CLOUD.vertices[None].astype(np.float32), 4, axis=0))


def square(folder: Path, frames: int = 3) -> Garment:
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    moved = np.stack([vertices + t for t in range(frames)]).astype(np.float32)
    return Garment("square", vertices, np.array([[0, 1, 2], [0, 2, 3]]), folder / "square.obj", moved)


def marks(*names: str, frames: tuple[int | None, ...] = ()) -> Landmarks:
    count = len(names)
    return Landmarks(np.arange(count) % 2, np.tile([0.2, 0.3, 0.5], (count, 1)), names, frames)


def told(landmarks: Landmarks | None) -> object:
    assert landmarks is not None
    return landmarks.names, landmarks.faces.tolist(), landmarks.barycentric.tolist(), landmarks.frames


@pytest.mark.parametrize("garment", ["square", "cloud"])
def test_what_is_written_beside_a_garment_is_read_with_it(garment: str, tmp_path: Path) -> None:
    one = square(tmp_path) if garment == "square" else replace(MOVING_CLOUD, source=tmp_path / "cloud.ply")
    placed = marks("left cuff", "ärmel", frames=(None, 2))
    if one.is_cloud:
        placed = replace(placed, barycentric=np.tile([1.0, 0, 0], (2, 1)))
    path = landmarks_path(one.source or Path())
    write_landmarks(placed, one, path)
    assert path.name == f"{garment}.landmarks.json"
    assert told(beside(one)) == told(placed)
    assert beside(replace(one, source=tmp_path / "other.obj")) is None
    still = replace(one, frames=None)
    assert told(beside(still))[0] == ("left cuff",), "a garment that does not move has no third frame"  # type: ignore[index]
    remove_landmarks(path, one)
    assert beside(one) is None
    remove_landmarks(path, one)


def test_items_of_a_file_and_folders_have_their_own_beside_them(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    assert landmarks_path(tmp_path / "frames") == tmp_path / "frames.landmarks.json"
    assert landmarks_path(tmp_path / "chairs.h5#a b").name == "chairs#a_b.landmarks.json"


def test_a_folder_with_landmarks_holds_the_same_garments(tmp_path: Path, shirt: Garment) -> None:
    (tmp_path / "shirt.ply").write_bytes((shirt.source or Path()).read_bytes())
    opened = open_path(tmp_path / "shirt.ply")
    assert isinstance(opened, Garment)
    write_landmarks(marks("a"), opened, landmarks_path(tmp_path / "shirt.ply"))
    folder = open_path(tmp_path)
    assert len(folder) == 1 if not isinstance(folder, Garment) else folder.name == "shirt"


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "is not JSON": lambda _: "{",
    "holds no landmarks": lambda values: {**values, "format": "something"},
    "version keygrid-landmarks 9": lambda values: {**values, "format": "keygrid-landmarks 9"},
    "does not name their garment": lambda values: {**values, "garment": {"vertices": -1, "triangles": True}},
    "the most is": lambda values: {**values, "landmarks": values["landmarks"] * (MOST + 1)},
    "two landmarks are called": lambda values: {**values, "landmarks": values["landmarks"] * 2},
    "no name": lambda values: {**values, "landmarks": [{"name": "\n"}]},
    "frame is not a number": lambda values: {**values, "landmarks": [{"name": "a", "frame": -1}]},
    "'a' is not on the garment": lambda values: {
        **values, "landmarks": [{"name": "a", "triangle": 7, "barycentric": [1, 0, 0]}],
    },
    "'b' is not on the garment": lambda values: {
        **values, "landmarks": [{"name": "b", "triangle": 0, "barycentric": [float("nan"), 0, 1]}],
    },
    "'c' is not on the garment": lambda values: {
        **values, "landmarks": [{"name": "c", "triangle": 0, "barycentric": [2, -2, 1]}],
    },
}  # fmt: skip


@pytest.mark.parametrize("sentence", DAMAGES)
def test_a_damaged_file_is_a_sentence_and_is_not_overwritten(sentence: str, tmp_path: Path) -> None:
    garment = square(tmp_path)
    path = landmarks_path(garment.source or Path())
    write_landmarks(marks("left cuff"), garment, path)
    damaged = DAMAGES[sentence](json.loads(path.read_text()))
    path.write_text(damaged if isinstance(damaged, str) else json.dumps(damaged))
    before = path.read_bytes()
    for use in (lambda: beside(garment), lambda: write_landmarks(marks("a"), garment, path)):
        with pytest.raises(KeygridError, match=sentence):
            use()
    assert path.read_bytes() == before


def test_what_is_no_file_of_that_size_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "large.landmarks.json"
    path.write_bytes(b" " * (LARGEST + 1))
    with pytest.raises(KeygridError, match="larger than 1 MB"):
        read_landmarks(path)
    with pytest.raises(KeygridError, match="is not a file"):
        read_landmarks(tmp_path)
    with pytest.raises(KeygridError, match="is not a file"):
        read_landmarks(tmp_path / "missing.json")


def test_those_of_another_garment_are_neither_taken_nor_replaced(tmp_path: Path) -> None:
    garment = square(tmp_path)
    path = landmarks_path(garment.source or Path())
    write_landmarks(marks("left cuff"), garment, path)
    other = replace(garment, faces=garment.faces[::-1].copy())
    for use in (
        lambda: beside(other),
        lambda: write_landmarks(marks("a"), other, path),
        lambda: remove_landmarks(path, other),
    ):
        with pytest.raises(KeygridError, match="triangles or points differ from those of square"):
            use()
    assert told(beside(garment)) == told(marks("left cuff"))


def test_motions_of_a_garment_share_what_follows_the_material(tmp_path: Path) -> None:
    first = square(tmp_path)
    second = replace(first, name="again", source=tmp_path / "again.obj")
    other = replace(first, name="other", source=tmp_path / "other.obj", faces=first.faces[::-1].copy(),
                    landmarks=marks("own"))  # fmt: skip
    write_landmarks(marks("cuff", "hem", frames=(None, 1)), first, landmarks_path(tmp_path / "square.obj"))
    found = with_landmarks([second, first, other], [])
    assert told(found[0].landmarks)[0] == ("cuff",)  # type: ignore[index]
    assert told(found[1].landmarks)[0] == ("cuff", "hem")  # type: ignore[index]
    assert told(found[2].landmarks) == told(marks("own"))
    given = tmp_path / "given.json"
    write_landmarks(marks("given"), other, given)
    assert told(with_landmarks([first, other], [read_landmarks(given)])[1].landmarks) == told(marks("given"))
    with pytest.raises(KeygridError, match=r"given\.json belong to none of these garments"):
        with_landmarks([first], [read_landmarks(given)])
    landmarks_path(tmp_path / "other.obj").write_text("{")
    warned: list[str] = []
    assert told(with_landmarks([first, other], [], warned.append)[1].landmarks) == told(marks("own"))
    assert "other.landmarks.json are damaged" in warned[0]


def test_frames_are_numbered_anew_where_frames_are_left_out_or_put_together(tmp_path: Path) -> None:
    garment = replace(square(tmp_path, frames=5), landmarks=marks("a", "b", "c", frames=(None, 2, 3)))
    assert garment.landmarks is not None
    assert told(garment.landmarks.through([0, 2, 4]))[3] == (None, 1)  # type: ignore[index]
    assert told(garment.landmarks.in_frame(3))[0] == ("a", "c")  # type: ignore[index]
    assert told(garment.still(2).landmarks)[0] == ("a", "b")  # type: ignore[index]
    both = joined([replace(garment, landmarks=marks("a")), garment])
    assert both is not None
    assert (both.names, both.frames) == (("a", "b", "c"), (None, 7, 8))
    assert joined([replace(garment, landmarks=None)]) is None
