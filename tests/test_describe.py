"""Descriptions of what is on disk."""

import json
from pathlib import Path

import numpy as np
import pytest

from keygrid.data.garment import Garment, Landmarks
from keygrid.data.readers import read_garment
from keygrid.data.readers.sequence import write_sequence
from keygrid.describe import as_text, describe, guess_units
from keygrid.errors import KeygridError

ROOT = Path(__file__).parents[1]
SHIRT = ROOT / "assets" / "garments" / "unisex_shirt.ply"
TRIANGLE = "v 0 0 0\nv {0} 0 0\nv 0 {0} 0\nf 1 2 3\n"


def said(path: Path) -> dict[str, str]:
    """The lines of the text by their names, which are aligned."""
    lines = as_text(describe(path)).splitlines()
    # The longest name is followed by two spaces, and so is where every value begins.
    start = max(len(line) - len(line.partition("  ")[2].lstrip()) for line in lines if "  " in line.strip())
    assert all(line[start - 1] == " " for line in lines if len(line) >= start)
    return {line[:start].strip(): line[start:] for line in lines}


def test_what_was_left_out_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.obj"
    path.write_text(TRIANGLE.format(1) + "v 500 0 0\nf 1 2\n")
    description = describe(path)
    assert description["notes"] == [
        "1 face with fewer than three corners left out.",
        "1 vertex that no face uses left out.",
    ]
    assert description["extent"] == [1, 1, 0]
    assert said(path)["notes"] == description["notes"][0]
    assert description["notes"][1] in as_text(description)


def test_a_mesh() -> None:
    description = describe(SHIRT)
    assert description["kind"] == "surface"
    assert (description["vertices"], description["faces"], description["frames"]) == (6436, 12736, 0)
    assert description["extent"] == [65.12, 64.58, 27.48]
    assert "centimetres" in description["units"]
    assert "guess" in description["units"]
    assert said(SHIRT)["extent"] == "65.12 x 64.58 x 27.48"
    assert said(SHIRT)["landmarks"] == "none"
    json.dumps(description)


def test_a_sequence_and_what_its_maker_said(tmp_path: Path) -> None:
    rest = np.array([[0, 0, 0], [0.7, 0, 0], [0, 0.5, 0]])
    landmarks = Landmarks(np.array([0, 0]), np.tile([0.2, 0.3, 0.5], (2, 1)), ("hem", "collar"))
    frames = np.stack([rest, rest + 0.1]).astype(np.float32)
    shirt = Garment("shirt", rest, np.array([[0, 1, 2]]), None, frames, landmarks, "T-shirt", "our own")
    write_sequence(shirt, tmp_path / "a.npz", {"motion": "drop"})
    lines = said(tmp_path / "a.npz")
    assert (lines["kind"], lines["frames"], lines["category"]) == ("moving surface", "2", "T-shirt")
    assert lines["landmarks"] == "hem, collar"
    assert lines["motion"] == "drop"
    assert "metres" in lines["units"]


def test_a_collection_is_described_by_its_first_readable_garment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, content in enumerate(["v 0 0\n", TRIANGLE.format(30), TRIANGLE.format(40)]):
        folder = tmp_path / "Skirt" / f"S{number}"
        folder.mkdir(parents=True)
        (folder / f"S{number}.obj").write_text(content)
    read: list[str] = []

    def recorded(path: Path) -> Garment:
        read.append(path.name)
        return read_garment(path)

    monkeypatch.setattr("keygrid.data.formats.clothesnet.read_garment", recorded)
    description = describe(tmp_path)
    assert read == ["S0.obj", "S1.obj"]
    assert description["kind"] == "ClothesNet"
    assert description["garments"] == 3
    assert description["categories"] == {"Skirt": 3}
    assert description["first"]["name"] == "S1"
    keypoints, broken = description["missing"]
    assert "no keypoints" in keypoints
    assert broken.startswith("S0.obj")
    assert said(tmp_path)["vertices"] == "3"


def test_a_checkpoint(tmp_path: Path) -> None:
    checkpoint = ROOT / "assets" / "checkpoints" / "tshirt-k8.safetensors"
    lines = said(checkpoint)
    assert (lines["kind"], lines["category"], lines["keypoints"]) == ("checkpoint", "T-shirt", "8")
    assert lines["made by"].startswith("python main.py train")
    broken = tmp_path / "a.safetensors"
    broken.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(KeygridError, match=r"a\.safetensors can't be read"):
        describe(broken)


@pytest.mark.parametrize(
    ("side", "units"),
    [(0.6, "probably metres"), (60, "centimetres"), (600, "millimetres"), (1, "normalised"), (0.001, "unknown")],
)
def test_units_are_guessed_from_the_size(side: float, units: str) -> None:
    vertices = np.array([[0, 0, 0], [side, 0, 0], [0, side / 2, 0]])
    assert units in guess_units(Garment("a", vertices, np.array([[0, 1, 2]])))
