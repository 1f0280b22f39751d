"""Opening of files by their ending."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.controllers.opening import Opening
from app.state.document import Document
from app.state.shelf import OpenCollection, Shelf
from app.worker.protocol import OpenPath, ReadMethod, Work
from keygrid.data.garment import Garment


class Desk:
    """Takes requests as the worker does, and lets a test answer them."""

    def __init__(self) -> None:
        self.requests: list[tuple[Work[Any], Callable[[Any], None]]] = []

    def request(self, work: Work[Any], then: Callable[[Any], None]) -> None:
        self.requests.append((work, then))

    def answer(self, answer: Callable[[Work[Any]], object]) -> None:
        for work, then in self.requests:
            then(answer(work))
        self.requests.clear()


@pytest.fixture
def desk(qapp: QApplication) -> Desk:
    return Desk()


def garment(work: Work[Any]) -> Garment:
    assert isinstance(work, OpenPath)
    return Garment(work.path.stem, np.eye(3), np.array([[0, 1, 2]]), work.path)


def test_files_are_told_apart_by_their_endings(desk: Desk) -> None:
    opening = Opening(Document(), Shelf(), desk)  # type: ignore[arg-type]
    sessions: list[Path] = []
    refused: list[str] = []
    opening.session_wanted.connect(sessions.append)
    opening.refused.connect(refused.append)
    names = ("a.ply", "folder", "B.SAFETENSORS", "c.keygrid", "d.pt", "e.PTH")
    opening.open([Path(name) for name in names])
    assert [work for work, _ in desk.requests] == [
        OpenPath(Path("a.ply")), OpenPath(Path("folder")), ReadMethod("B.SAFETENSORS"),
    ]  # fmt: skip
    assert sessions == [Path("c.keygrid")]
    assert [sentence.split()[0] for sentence in refused] == ["d.pt", "e.PTH"]
    assert "main.py import d.pt --out d.safetensors" in refused[0]


def test_the_first_garment_of_each_time_is_chosen(desk: Desk) -> None:
    document, shelf = Document(), Shelf()
    opening = Opening(document, shelf, desk)  # type: ignore[arg-type]
    for names in (("a.ply", "b.ply"), ("c.ply", "d.ply")):
        opening.open([Path(name) for name in names])
        desk.answer(garment)
        assert document.garment is not None
        assert document.garment.name == names[0][0]
    assert [known.name for known in document.garments] == ["a", "b", "c", "d"]
    assert [path.stem for path in shelf.recent] == ["d", "c", "b", "a"]


def test_a_folder_of_many_goes_to_the_library_and_nothing_is_chosen(desk: Desk) -> None:
    document, shelf = Document(), Shelf()
    Opening(document, shelf, desk).open([Path("many")])  # type: ignore[arg-type]
    collection = OpenCollection("folder", Path("many"), ())
    desk.answer(lambda _: collection)
    assert shelf.collections == (collection,)
    assert document.garment is None
