"""Pictures without a window."""

from pathlib import Path

import numpy as np
import pyvista as pv

from app.scene.offscreen import render
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from keygrid.data.readers import read_garment
from keygrid.methods import open_method

ROOT = Path(__file__).parents[3]


def test_what_follows_the_camera_is_in_its_place(tmp_path: Path) -> None:
    shirt = read_garment(ROOT / "assets" / "garments" / "unisex_shirt.ply")
    (found,) = open_method("farthest?k=8").find([shirt])
    pictures = []
    for is_on in (True, False):
        settings = ViewSettings({"axes": is_on, "ground": False})
        render(shirt, found, settings, SliceSettings(), tmp_path / "shirt.png", size=(640, 400))
        pictures.append(np.asarray(pv.read(tmp_path / "shirt.png").point_data["PNGImage"]).reshape(400, 640, 3))
    is_other = (pictures[0] != pictures[1]).any(axis=2)  # [rows from below, columns]
    assert is_other[:80, :80].sum() > 50
    assert not is_other[80:].any()
    assert not is_other[:, 80:].any()
