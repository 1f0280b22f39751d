from dataclasses import replace

import numpy as np
import pytest

from app.state.holding import HeldSlices
from app.state.view import View
from keygrid.data.garment import Garment
from keygrid.data.sampling import Normalisation
from keygrid.prediction import Prediction
from tests.app.scene.conftest import predicted


@pytest.fixture(scope="module")
def moving(shirt: Garment) -> Garment:
    return replace(shirt, frames=np.stack([shirt.vertices] * 3).astype(np.float32))


def at(moving: Garment, centre: tuple[float, float, float], scale: float) -> Prediction:
    return replace(predicted(moving), normalisation=Normalisation(centre, scale))


def test_planes_stay_in_space_while_frames_are_normalised_anew(moving: Garment) -> None:
    view = View()
    held = HeldSlices(view)
    view.subject.choose(garment=moving)
    view.subject.show(at(moving, (0, 10, 2), 4), 0)
    view.slices.move(0.5, "z")  # 4 in file units
    view.slices.move(0.25, "free")
    view.subject.show(at(moving, (0, 12, 3), 2), 1)
    view.subject.go_to(1)
    assert view.slices.z == pytest.approx(0.5)
    assert view.slices.y == pytest.approx(-1), "as far as the box reaches"
    normal = np.array(view.slices.normal)
    assert view.slices.free * 2 + normal @ (0, 12, 3) == pytest.approx(0.25 * 4 + normal @ (0, 10, 2), abs=1e-5)
    view.subject.show(at(moving, (0, 10, 2), 8), 2)
    view.subject.go_to(2)
    assert (view.slices.z, view.slices.y) == pytest.approx((0.25, 0)), "what was out of reach is where it was"
    view.subject.go_to(0)
    assert (view.slices.z, view.slices.y) == pytest.approx((0.5, 0))
    del held


def test_another_garment_keeps_the_share_of_its_box(moving: Garment, shirt: Garment) -> None:
    view = View()
    held = HeldSlices(view)
    view.subject.choose(garment=moving)
    view.subject.show(at(moving, (0, 0, 0), 1), 0)
    view.slices.move(0.5, "z")
    view.subject.choose(garment=shirt)
    view.subject.show(at(shirt, (0, 0, 50), 9))
    assert view.slices.z == 0.5
    del held
