"""Refusals of garments that cannot be."""

from pathlib import Path

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError

CORNERS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
FACES = np.array([[0, 1, 2]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e31, -1e200])
def test_positions_that_nothing_can_be_computed_of_are_refused(value: float) -> None:
    broken = CORNERS.copy()
    broken[1, 2] = value
    frames = np.stack([CORNERS, broken])
    for vertices, moving in ((broken, None), (CORNERS, frames), (CORNERS, frames.astype(np.float64))):
        with pytest.raises(KeygridError, match="sheet has positions that are not finite or that exceed"):
            Garment("sheet", vertices, FACES, frames=moving)


@pytest.mark.parametrize("scale", [1e-30, 1e29])
def test_other_units_are_no_fault(scale: float) -> None:
    assert Garment("sheet", CORNERS * scale, FACES).diagonal == pytest.approx(np.sqrt(2) * scale)


def test_files_beyond_all_bounds_are_refused_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 1e35\nf 1 2 3\n")
    with pytest.raises(KeygridError, match=r"^a\.obj has coordinates beyond 1e\+30"):
        open_path(tmp_path / "a.obj")
