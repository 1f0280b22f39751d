"""The command `vary`, in this process: a garment takes a second, and a process of its own as long again."""

from pathlib import Path

import numpy as np
import pytest

from keygrid.cli.vary import vary
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError


def test_garments_of_chosen_categories_are_made_once(tmp_path: Path) -> None:
    def make() -> None:
        moving = [Path("assets/garments/hat-01-drop.npz"), Path("assets/garments/vest-01-drop.npz")]
        vary(tmp_path, count=1, seed=3, category=["Hat", "Trousers"], poses=1, moving=moving, copies=1)

    make()
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(made) == {"hat-00003.npz", "trousers-00003.npz", "hat-01-drop-0.npz"}
    assert read_garment(tmp_path / "trousers-00003.npz").category == "Trousers"
    places = read_garment(tmp_path / "hat-01-drop-0.npz").places
    assert places is not None
    assert np.ptp(places[:, 1]) > 0.5
    make()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == made


def test_no_poses_can_not_be_made(tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="--poses"):
        vary(tmp_path, poses=0)
