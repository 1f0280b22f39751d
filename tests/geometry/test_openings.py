from pathlib import Path

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.axes import turn_of
from keygrid.geometry.openings import stands_on_z

GARMENTS = Path(__file__).parents[2] / "assets/garments"


@pytest.mark.parametrize("name", ["unisex_shirt.ply", "trousers-01-lift.npz", "skirt-01-lift.npz", "dress-01-lift.npz"])
def test_garments_stand_on_y_and_turned_on_z(name: str) -> None:
    garment = open_path(GARMENTS / name)
    assert not stands_on_z(garment.vertices, garment.faces)
    assert stands_on_z(garment.vertices @ turn_of("z"), garment.faces)


def test_nothing_is_told_of_a_cloud_of_cloth_that_lies_and_of_a_towel() -> None:
    shirt = open_path(GARMENTS / "unisex_shirt.ply")
    assert not stands_on_z(shirt.vertices @ turn_of("z"), shirt.faces[:0])
    assert not stands_on_z(shirt.vertices @ turn_of("z") * [1, 1, 0.05], shirt.faces)
    towel = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.5]])
    assert not stands_on_z(towel, np.array([[0, 1, 2], [0, 2, 3]]))
