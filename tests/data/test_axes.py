from dataclasses import replace

import numpy as np
import pytest

from keygrid.data.axes import UPS, in_file_axes, stand_up, turn_of
from keygrid.data.garment import Garment, Up

AXES = {"x": [1, 0, 0], "y": [0, 1, 0], "z": [0, 0, 1], "-x": [-1, 0, 0], "-y": [0, -1, 0], "-z": [0, 0, -1]}


@pytest.mark.parametrize("up", UPS)
def test_a_turn_takes_what_is_up_to_y_and_mirrors_nothing(up: Up) -> None:
    np.testing.assert_array_equal(turn_of(up) @ AXES[up], [0, 1, 0])
    assert np.linalg.det(turn_of(up)) == pytest.approx(1)


def test_a_garment_stands_up_with_its_frames_and_its_positions_go_back() -> None:
    points = np.random.default_rng(0).normal(size=(70, 3))
    frames = np.stack([points, points + 1]).astype(np.float32)
    garment = Garment("g", points, np.empty((0, 3), np.int64), frames=frames)
    stood = stand_up(garment, "z")
    assert stood.up == "z"
    np.testing.assert_array_equal(stood.vertices[:, 1], points[:, 2])
    np.testing.assert_array_equal(stood.vertices_in(1)[:, 1], frames[1, :, 2])
    np.testing.assert_array_equal(in_file_axes(stood.vertices, "z"), points)
    np.testing.assert_allclose(stand_up(stood, "-x").vertices, stand_up(garment, "-x").vertices)
    assert stand_up(stood, "z") is stood
    assert replace(stand_up(stood, "y"), up="y").vertices == pytest.approx(points)
