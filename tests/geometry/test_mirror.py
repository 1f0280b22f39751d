import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from keygrid.data.garment import Garment
from keygrid.geometry.mirror import left_right_plane

AWAY = np.array([40.0, 0, -7])


@pytest.mark.parametrize("degrees", [0, 25, 70])
def test_a_shirt_is_its_own_image_left_for_right_however_it_stands(shirt: Garment, degrees: float) -> None:
    turn = Rotation.from_euler("y", degrees, degrees=True).as_matrix().T
    mirror = left_right_plane(shirt.vertices @ turn + AWAY)
    assert abs(mirror.normal @ turn[0]) > 0.999
    assert mirror.error < 0.006
    places = shirt.vertices[::500] @ turn + AWAY
    np.testing.assert_allclose(mirror.image(mirror.image(places)), places)


def test_half_a_shirt_is_not(shirt: Garment) -> None:
    half = shirt.vertices[
        (shirt.vertices[:, 0] < np.median(shirt.vertices[:, 0]))
        | (shirt.vertices[:, 1] > np.median(shirt.vertices[:, 1]))
    ]
    assert left_right_plane(half).error > 0.015
