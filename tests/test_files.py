"""Files that appear whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keygrid.errors import KeygridError
from keygrid.files import atomic, make_folder, refuse_unwritable

KILLED = """
import os, signal, sys
from pathlib import Path
from keygrid.files import atomic
with atomic(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, text: str = "new") -> None:
    with atomic(path) as temporary:
        assert temporary.suffix == path.suffix
        temporary.write_text(text)


def fail(path: Path, error: BaseException) -> None:
    with atomic(path) as temporary:
        temporary.write_text("half")
        raise error


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    write(path)
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, "No space left on device"), "a.json can't be written, because the disk is full; free some space"),
        (OSError(5, "Input/output error"), "a.json can't be written: Input/output error"),
        (OSError("Unable to write"), "a.json can't be written: Unable to write"),
    ],
)
def test_a_write_that_fails_leaves_what_was_there(error: OSError, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(KeygridError, match=sentence):
        fail(path, error)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_an_error_of_the_program_stays_as_it_is(tmp_path: Path) -> None:
    for error in (IndexError(), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            fail(tmp_path / "a.json", error)
    assert names(tmp_path) == []


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.json").mkdir()
    for path, sentence in (
        (tmp_path / "folder.json", "is a folder; name a file in it"),
        (tmp_path / "missing" / "a.json", "does not exist; create it first"),
        (tmp_path / "file" / "a.json", "does not exist; create it first"),
        (tmp_path / ("a" * 300 + ".json"), "too long for a file"),
    ):
        for attempt in (refuse_unwritable, write):
            with pytest.raises(KeygridError, match=sentence):
                attempt(path)
    with pytest.raises(KeygridError, match="can't be made"):
        make_folder(tmp_path / "file" / "folder")
    assert names(tmp_path) == ["file", "folder.json"]


def test_the_longest_names_can_be_written(tmp_path: Path) -> None:
    for name in ("a" * 250 + ".json", "ä" * 125 + ".json"):
        write(tmp_path / name)
        assert (tmp_path / name).read_text() == "new"


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)]) as process:
        assert process.wait() == -9
    (left,) = tmp_path.iterdir()
    write(tmp_path / "state-other.pt")
    write(path)
    assert left.exists()  # it may be somebody's whose number cannot be seen from here
    os.utime(left, (0, 0))
    write(tmp_path / "other.pt")
    assert left.exists()
    with atomic(path) as mine:
        mine.write_text("new")
        os.utime(mine, (0, 0))
        write(path)  # as another thread may
        assert mine.exists()
    assert names(tmp_path) == ["other.pt", "state-other.pt", "state.pt"]
