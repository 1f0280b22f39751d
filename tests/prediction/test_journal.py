"""The file of an unfinished command: what it keeps, and what it goes on from."""

from contextlib import closing
from pathlib import Path

import pytest

from keygrid.errors import KeygridError
from keygrid.prediction.journal import Journal

RECORDS = [{"garment": 'a"\n', "keypoints": [{"position": [0.1, 1e-300, -2.5]}]}, {"garment": "b", "keypoints": []}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two steps of the command `one`."""
    path = tmp_path / "k.json.partial"
    with closing(Journal(path, "one")) as journal:
        assert (journal.is_stale, journal.steps, journal.found) == (False, 0, 0)
        journal.add(RECORDS[:1], ["c is damaged."])
        journal.add(RECORDS[1:], [])
        assert list(journal.records()) == RECORDS
    return path


def test_the_same_command_finds_what_it_left(path: Path) -> None:
    with closing(Journal(path, "one")) as journal:
        assert (journal.is_stale, journal.steps, journal.found) == (False, 2, 2)
        assert journal.reasons == ["c is damaged."]
        assert list(journal.records()) == RECORDS


def test_another_command_begins_again_and_leaves_nothing_if_it_does_nothing(path: Path) -> None:
    with closing(Journal(path, "other")) as journal:
        assert (journal.is_stale, journal.steps, journal.reasons) == (True, 0, [])
    assert not path.exists()


def test_what_was_cut_off_anywhere_is_dropped(path: Path) -> None:
    content = path.read_bytes()
    ends = [position + 1 for position, byte in enumerate(content) if byte == 10]
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        with closing(Journal(path, "one")) as journal:
            assert journal.steps == max(sum(end <= cut for end in ends) - 1, 0)
            journal.add(RECORDS, [])
            assert list(journal.records())[-2:] == RECORDS


def test_lines_out_of_order_are_dropped(path: Path) -> None:
    head, first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(head + second + first)
    with closing(Journal(path, "one")) as journal:
        assert journal.steps == 0


def test_two_commands_that_write_at_once_are_noticed(path: Path) -> None:
    with closing(Journal(path, "one")) as journal:
        journal.add(RECORDS, [])
        with path.open("r+b") as file:
            file.truncate(len(path.read_bytes()) - 5)
        with pytest.raises(KeygridError, match=r"Two commands wrote k\.json\.partial at the same time"):
            list(journal.records())


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="none does not exist; create it first"):
        Journal(tmp_path / "none" / "k.partial", "one")
