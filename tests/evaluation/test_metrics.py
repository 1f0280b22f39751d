from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.evaluation.metrics import TOLERANCE, scores
from tests.evaluation.test_material import sheet

CORNERS = np.array([0, 20, 440, 420])  # of a sheet of 21 x 21 vertices, one after the other around it


def folding(frames: int = 5) -> Garment:
    """A sheet whose right half is turned over, until it lies just above the left one."""
    garment = sheet()
    moved = []
    for angle in np.linspace(0, np.pi, frames):
        vertices = garment.vertices.copy()
        right = vertices[:, 0] > 25
        beyond = vertices[right, 0] - 25
        vertices[right, 0] = 25 + np.cos(angle) * beyond
        vertices[right, 2] = np.sin(angle) * beyond + 0.2 * angle / np.pi
        moved.append(vertices)
    return replace(garment, frames=np.array(moved, np.float32))


def on(garment: Garment, vertices: NDArray[np.int64]) -> NDArray[np.float64]:
    """Keypoints that keep to some vertices, (T, K, 3)."""
    assert garment.frames is not None
    return garment.frames[:, vertices].astype(np.float64)


def test_keypoints_on_the_cloth_make_no_error() -> None:
    garment = folding()
    found = scores(on(garment, CORNERS), garment)
    assert found.strict.shape == found.tolerant.shape == (5, 4)
    assert found.strict.max() == 0
    assert found.tolerant.max() == 0
    assert found.consistency == 1
    np.testing.assert_allclose(found.coverage, found.coverage[0])
    assert found.coverage[0] == pytest.approx(0.383, rel=0.06)  # of a unit square, from a place to the nearest corner


def test_keypoints_that_stay_in_space_leave_the_cloth_s_part() -> None:
    garment = folding()
    still = np.broadcast_to(garment.vertices[CORNERS], (5, 4, 3))
    found = scores(still, garment)
    assert (found.strict[:, :2] == 0).all()  # the left half does not move
    # The others are nearest to the fold as soon as their half has left them.
    assert found.strict[0, 2:].min() > 0.4
    assert found.tolerant[0, 2:].min() > 0.4


def test_the_other_layer_counts_strictly_and_not_with_tolerance() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[-1, 2:, 2] -= 0.19  # nearer to what lies beneath, by a hair's breadth
    found = scores(keypoints, garment)
    assert found.strict[-1, 2:].min() > 0.9
    assert found.tolerant[-1, 2:].max() == pytest.approx(0, abs=TOLERANCE)
    assert (found.strict[:-1] == 0).all()


def test_the_error_is_taken_from_the_place_most_frames_agree_on() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[2, 0] = garment.frames[2, CORNERS[1]]
    found = scores(keypoints, garment)
    assert found.strict[2, 0] == pytest.approx(1, rel=0.01)
    assert (np.delete(found.strict[:, 0], 2) == 0).all()


def test_keypoints_that_change_places_are_not_consistent() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[3] = keypoints[3, [1, 0, 2, 3]]
    found = scores(keypoints, garment)
    assert found.consistency == pytest.approx(14 / 16)
    np.testing.assert_allclose(found.coverage, found.coverage[0])


def test_more_keypoints_cover_better() -> None:
    garment = folding()
    grid = np.arange(441).reshape(21, 21)
    few, many = (scores(on(garment, grid[::step, ::step].ravel()), garment).coverage.mean() for step in (20, 5))
    assert many < few / 3


def test_errors_do_not_depend_on_the_unit() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[3] = keypoints[3, [1, 0, 2, 3]]
    larger = replace(garment, vertices=garment.vertices * 1000, frames=garment.frames * 1000)
    np.testing.assert_allclose(scores(keypoints * 1000, larger).strict, scores(keypoints, garment).strict, atol=1e-6)


def test_a_single_frame_says_nothing_of_consistency() -> None:
    garment = folding(frames=1)
    assert np.isnan(scores(on(garment, CORNERS), garment).consistency)


def test_a_garment_that_does_not_move_is_refused() -> None:
    with pytest.raises(KeygridError, match="does not move"):
        scores(np.zeros((1, 2, 3)), sheet())
