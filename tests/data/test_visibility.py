import numpy as np
import pytest

from keygrid.data.visibility import visible


def test_a_camera_sees_the_side_that_faces_it() -> None:
    sphere = np.random.default_rng(0).normal(size=(4000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    for up in range(3):
        for azimuth in (0.0, 2.0):
            found = sphere[visible(sphere, azimuth, up)]
            middle = found.mean(axis=0) / np.linalg.norm(found.mean(axis=0))
            assert middle[up] == pytest.approx(np.sin(np.radians(35)), abs=0.05)
            assert (found @ middle).min() > -0.1
    front, behind = (sphere[visible(sphere, azimuth)].mean(axis=0) for azimuth in (0.0, np.pi))
    assert front[2] > 0 > behind[2]


def test_a_camera_above_sees_the_upper_side() -> None:
    block = np.random.default_rng(0).uniform(-1, 1, (2000, 3))
    block[:, 1] = np.sign(block[:, 1])
    upper = visible(block, 0.0, above=np.pi / 2)
    assert (block[upper, 1] > 0).mean() > 0.9
    assert upper[block[:, 1] > 0].mean() > 0.9
