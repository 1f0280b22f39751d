import numpy as np
import pytest

from app.scene.screen import DIRECTIONS, Screen, label_corners, place_labels, uncovered
from tests.app.scene.conftest import predicted


@pytest.mark.parametrize("orthographic", [False, True])
def test_places_are_where_vtk_draws_them_and_found_again(stage, shirt, orthographic):
    stage.show(shirt, predicted(shirt))
    stage.view.settings.orthographic = orthographic
    stage.draw()
    screen, places = Screen.of(stage.scene.plotter), shirt.vertices[::900]
    found = screen.project(places)
    np.testing.assert_allclose(found[:, :2], [stage.display(place) for place in places], atol=0.6)
    np.testing.assert_allclose(screen.unproject(found), places, rtol=1e-6, atol=1e-4)
    ends = np.stack([places[0], places[0] + 3 * np.array([0.0, 1.0, 0.0])])
    stage.scene.look_from("front")
    screen = Screen.of(stage.scene.plotter)
    across = np.linalg.norm(np.diff(screen.project(ends)[:, :2], axis=0))
    assert screen.lengths(ends[:1], 3.0)[0] == pytest.approx(across, rel=1e-3)


def boxes_of(balls: np.ndarray, sizes: np.ndarray, sides: np.ndarray) -> np.ndarray:
    corners = label_corners(balls, sizes, sides)
    return np.concatenate([corners, corners + sizes], axis=1)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.maximum(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0).prod())


def test_labels_cover_neither_each_other_nor_balls_nor_the_edge():
    screen = np.array([400.0, 300.0])
    balls = np.array([[100, 100, 8], [118, 104, 8], [104, 120, 8], [392, 150, 8], [200, 295, 8], [5, 5, 8]], float)
    sizes = np.tile([20.0, 14.0], (len(balls), 1))
    before = np.full(len(balls), -1)
    sides = place_labels(balls, sizes, screen, before)
    boxes = boxes_of(balls, sizes, sides)
    for index, box in enumerate(boxes):
        assert all(overlap(box, other) == 0 for other in boxes[index + 1 :])
        assert all(overlap(box, [x - 0.7 * r, y - 0.7 * r, x + 0.7 * r, y + 0.7 * r]) == 0 for x, y, r in balls)
        assert (box[:2] >= 0).all()
        assert (box[2:] <= screen).all()


def test_a_label_stays_on_its_side_as_long_as_it_has_room():
    balls, sizes = np.array([[100.0, 100.0, 8.0]]), np.array([[20.0, 14.0]])
    for side in range(len(DIRECTIONS)):
        assert place_labels(balls, sizes, np.array([400.0, 300.0]), np.array([side])).tolist() == [side]
    crowded = np.concatenate([balls, [[100 - 22, 100 - 16, 8.0]]])
    assert place_labels(crowded, np.tile(sizes, (2, 1)), np.array([400.0, 300.0]), np.array([3, -1]))[0] != 3


def test_a_label_keeps_clear_of_what_others_have_taken():
    ball, size, none = np.array([[200.0, 150.0, 5.0]]), np.array([[60.0, 14.0]]), np.array([-1])
    screen = np.array([400.0, 300.0])
    assert place_labels(ball, size, screen, none)[0] == 0
    right = np.array([200.0, 0.0, 400.0, 300.0])
    side = place_labels(ball, size, screen, none, [right])[0]
    assert DIRECTIONS[side][0] == -1


def test_a_label_that_others_cover_has_no_room_and_covers_none_itself():
    boxes = np.array([[0.0, 0, 10, 10], [9, 0, 19, 10], [5, 0, 15, 10], [0, 20, 10, 30]])
    taken = np.array([[0.0, 20, 10, 25]])
    assert uncovered(boxes, taken, 0.2).tolist() == [True, True, False, False]
    assert uncovered(boxes, np.zeros((0, 4)), 0.2).tolist() == [True, True, False, True]
