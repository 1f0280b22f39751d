import os
from pathlib import Path

import pytest

from keygrid.clouds.watching import FolderWatch
from keygrid.errors import KeygridError


def names(watch: FolderWatch) -> list[str]:
    return [frame.path.name for frame in watch.look()]


def test_a_file_is_given_once_it_does_not_grow_any_more(tmp_path: Path) -> None:
    (tmp_path / "old.ply").write_text("x")
    (tmp_path / "notes.md").write_text("no cloud")
    (tmp_path / ".hidden.ply").write_text("x")
    watch = FolderWatch(tmp_path)
    assert names(watch) == []
    assert names(watch) == ["old.ply"]
    (tmp_path / "new.ply").write_text("half")
    assert names(watch) == []
    (tmp_path / "new.ply").write_text("half and the rest")
    assert names(watch) == []
    assert names(watch) == ["new.ply"]
    assert names(watch) == []
    (tmp_path / "new.ply").write_text("written again")
    assert names(watch) == []
    assert names(watch) == ["new.ply"]


def test_several_come_in_the_order_of_writing_and_one_can_be_put_back(tmp_path: Path) -> None:
    watch = FolderWatch(tmp_path)
    for number, name in enumerate(("b.ply", "a.ply", "c.ply")):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (1000 + number, 1000 + number))
    (tmp_path / "empty.ply").touch()
    watch.look()
    found = watch.look()
    assert [frame.path.name for frame in found] == ["b.ply", "a.ply", "c.ply"]
    assert [frame.written for frame in found] == [1000, 1001, 1002]
    assert not found[0].may_be_half
    watch.put_back(found[1])
    watch.look()
    (tmp_path / "c.ply").unlink()
    assert names(watch) == ["a.ply"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="can't be followed"):
        FolderWatch(tmp_path / "none")
