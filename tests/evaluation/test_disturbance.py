import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.evaluation.disturbance import Disturbance, disturbed
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def shirt() -> Garment:
    return read_garment(ROOT / "assets" / "garments" / "tshirt-07-lift.npz").still(0)


def seen(garment: Garment, kind: str, level: float, *, surface: bool, count: int = 500) -> Garment:
    rng = np.random.default_rng(0)
    return disturbed(garment, Disturbance(kind, level), count, rng, surface=surface)  # type: ignore[arg-type]


def test_a_cloud_has_as_many_points_as_are_asked_for(shirt: Garment) -> None:
    assert len(seen(shirt, "points", 128, surface=False).vertices) == 128
    assert len(seen(shirt, "noise", 0.0, surface=False).vertices) == 500
    assert seen(shirt, "points", 128, surface=False).is_cloud


def test_noise_is_as_large_as_it_says(shirt: Garment) -> None:
    without, noisy = (seen(shirt, "noise", level, surface=True) for level in (0.0, 0.02))
    assert np.array_equal(without.vertices, shirt.vertices)
    moved = (noisy.vertices - shirt.vertices) / (np.ptp(shirt.vertices, axis=0).max() / 2)
    assert moved.std() == pytest.approx(0.02, rel=0.05)


def test_what_is_missing_is_one_part(shirt: Garment) -> None:
    whole = seen(shirt, "missing", 0.0, surface=False)
    part = seen(shirt, "missing", 0.4, surface=False)
    assert len(part.vertices) == pytest.approx(0.6 * len(whole.vertices), abs=2)
    mesh = seen(shirt, "missing", 0.4, surface=True)
    assert 0 < len(mesh.faces) < 0.7 * len(shirt.faces)
    assert mesh.faces.max() == len(mesh.vertices) - 1


def test_a_mesh_has_no_number_of_points_to_change(shirt: Garment) -> None:
    with pytest.raises(KeygridError, match="methods for clouds"):
        seen(shirt, "points", 128, surface=True)
    with pytest.raises(KeygridError, match="Only 19 points"):
        seen(shirt, "missing", 0.7, surface=False, count=64)
