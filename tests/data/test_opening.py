"""Whatever a user points at."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.collection import Collection
from keygrid.data.formats.convert import WRITERS, convert
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError


def refusal(path: Path) -> str:
    """The one sentence that a path is refused with."""
    with pytest.raises(KeygridError) as caught:
        open_path(path)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def garment(path: Path) -> Garment:
    opened = open_path(path)
    assert isinstance(opened, Garment)
    return opened


def collection(path: Path) -> Collection:
    opened = open_path(path)
    assert isinstance(opened, Collection)
    return opened


def test_a_mesh_file_is_a_garment(tmp_path: Path) -> None:
    path = tmp_path / "a#2.obj"  # a name that looks like an item
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    assert garment(path).source == path
    assert "no item 7" in refusal(Path(f"{path}#7"))


def test_a_folder_is_all_that_can_be_read_in_it(tmp_path: Path) -> None:
    for name in ("b/cloud10.xyz", "b/cloud9.xyz", "a.XYZ", "b/notes.md", ".hidden/c.xyz", "b/.xyz", "b/c/unlike.npy"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("1 2 3\n4 5 6\n")
    (tmp_path / "b" / "back").symlink_to(tmp_path)
    found = collection(tmp_path)
    assert [entry.name for entry in found.entries] == ["a", "b/cloud9", "b/cloud10", "b/c/unlike"]
    assert found.read(found.entries[0]).source == tmp_path / "a.XYZ"
    np.testing.assert_array_equal(found.read(found.entries[1]).vertices, [[1, 2, 3], [4, 5, 6]])
    assert "could not be read" in refusal(found.entries[3].path)


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "missing")
    assert "does not exist" in refusal(tmp_path / "missing.h5#3")
    assert "no mesh or cloud" in refusal(tmp_path)


def test_importing_the_data_package_is_cheap() -> None:
    heavy = {"h5py", "torch", "trimesh", "scipy", "keygrid.data.formats"}
    code = f"import sys, keygrid.data; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_a_large_folder_is_listed_without_reading_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3000):
        (tmp_path / f"{number}a.obj").touch()
    monkeypatch.setattr("keygrid.data.readers.refuse_unopenable", lambda path: pytest.fail(f"{path} was opened"))
    found = collection(tmp_path)
    assert [entry.name for entry in found.entries[:3]] == ["0a", "1a", "2a"]
    assert len(found) == 3000


def test_links_that_lead_nowhere_are_no_reason_to_refuse_the_rest(tmp_path: Path) -> None:
    (tmp_path / "loop.obj").symlink_to(tmp_path / "loop.obj")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a.xyz").write_text("1 2 3\n")
    found = collection(tmp_path)
    assert [entry.name for entry in found.entries] == ["a", "loop"]


@pytest.mark.parametrize(
    ("name", "cause"),
    [("a" * 5000, "cannot be opened"), ("a\0b.obj", "could not be read"), ("a.xyz/b.obj", "cannot be opened")],
)
def test_names_that_cannot_be(name: str, cause: str, tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("1 2 3\n")
    assert cause in refusal(tmp_path / name)


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", denied)
    assert "ask its owner" in refusal(tmp_path)


def test_nothing_is_converted_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("1 2 3\n")
    shape = garment(tmp_path / "a.xyz")
    for out, cause in {tmp_path: "already exists", tmp_path / "no" / "where": "does not exist"}.items():
        with pytest.raises(KeygridError, match=cause):
            convert(shape, "obj", out)
    assert [path.name for path in tmp_path.iterdir()] == ["a.xyz"]
    (tmp_path / "out").mkdir()
    convert(shape, "obj", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.obj"]


def test_garments_of_one_name_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    for number, name in enumerate(("a/b.xyz", "a_b.xyz")):
        (tmp_path / "in" / name).write_text(f"{number} 2 3\n")
    convert(collection(tmp_path / "in"), "obj", tmp_path / "out")
    written = {path.name: path.read_text().split()[1] for path in (tmp_path / "out").iterdir()}
    assert written == {"a_b.obj": "1", "a_b_2.obj": "0"}


def damaged(data: bytes, number: int) -> bytes:
    """A copy with a few bytes replaced, inserted or left out, or with its end cut off."""
    rng = np.random.default_rng(number)
    if number % 4 == 0:
        return data[: int(rng.integers(1, len(data)))]
    changed = bytearray(data)
    for _ in range(1 + number % 5):
        place = int(rng.integers(min(len(changed), 2000) if number % 2 else len(changed)))
        changed[place : place + int(rng.integers(0, 9))] = rng.bytes(int(rng.integers(0, 9)))
    return bytes(changed)


@pytest.mark.parametrize("form", WRITERS)
def test_damage_anywhere_is_a_garment_or_one_sentence(form: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rest = rng.random((100, 3))
    frames = np.stack([rest, rest + 0.1 * rng.random((100, 3))]).astype(np.float32)
    shape = Garment("a", rest, rng.permutation(300).reshape(-1, 3) % 100, None, frames, category="Tops")
    convert(shape, form, tmp_path / "in")
    files = sorted(path for path in (tmp_path / "in").rglob("*") if path.is_file())
    refusals = []
    for number in range(30):
        path = files[number % len(files)]
        whole = path.read_bytes()
        path.write_bytes(damaged(whole, number))
        try:
            opened = open_path(tmp_path / "in")
            found = [opened] if isinstance(opened, Garment) else list(opened)
        except KeygridError as error:
            refusals.append(str(error))
        else:
            assert all(np.isfinite(one.vertices).all() for one in found)
        path.write_bytes(whole)
    assert refusals
    assert all(message.endswith(".") and "\n" not in message for message in refusals)
