"""Locks between processes, with real ones that end in every way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keygrid.errors import KeygridError
from keygrid.locks import locked

HOLD = """
import sys
from pathlib import Path
from keygrid.locks import locked
with locked(Path(sys.argv[1]), "The run is being trained", "stop it"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def hold(path: Path) -> None:
    with locked(path, "The run is being trained", "stop it"):
        pass


def test_others_are_told_who_holds_it(holder, tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match=rf"^The run is being trained by process {holder.pid}; stop it\.$"):
        hold(tmp_path / "lock")
    holder.stdin.close()
    holder.wait()
    hold(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()


def test_the_lock_of_a_killed_process_is_free(holder, tmp_path: Path) -> None:
    holder.kill()
    holder.wait()
    assert (tmp_path / "lock").exists()
    hold(tmp_path / "lock")


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"pid": "x", "host": 1}', '{"pid": 1e999, "host": ""}', "\xff"])
def test_a_damaged_lock_names_nobody(content: str, holder, tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(content, encoding="latin-1")
    with pytest.raises(KeygridError, match="trained by another process; stop it"):
        hold(tmp_path / "lock")


def test_other_machines_are_named(holder, tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(json.dumps({"pid": 7, "host": "elsewhere"}))
    with pytest.raises(KeygridError, match="process 7 on elsewhere"):
        hold(tmp_path / "lock")


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="missing does not exist"):
        hold(tmp_path / "missing" / "lock")
