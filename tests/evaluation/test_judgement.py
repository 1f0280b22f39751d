from dataclasses import replace

import numpy as np
import pytest

from keygrid.data.garment import Garment, Landmarks
from keygrid.evaluation.judgement import judge, landmark_agreement
from keygrid.evaluation.metrics import scores
from tests.evaluation.test_material import sheet
from tests.evaluation.test_metrics import CORNERS, folding, on


def test_a_garment_that_moves_is_judged_as_it_is_evaluated() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS) + np.random.default_rng(0).normal(size=(5, 4, 3))
    found, known = judge(keypoints, garment), scores(keypoints, garment)
    np.testing.assert_array_equal(found.strict, known.strict)
    np.testing.assert_array_equal(found.tolerant, known.tolerant)
    assert found.coverage == pytest.approx(known.coverage.mean())
    assert found.consistency == known.consistency
    assert found.agreement is None, "there are no landmarks"


def test_a_still_garment_tells_the_coverage_alone() -> None:
    garment = sheet()
    found = judge(garment.vertices[CORNERS][None], garment)
    assert 0 < found.coverage < judge(garment.vertices[CORNERS[:1]][None], garment).coverage
    assert (found.strict, found.tolerant, found.consistency, found.agreement) == (None, None, None, None)


def test_a_cloud_is_covered_straight() -> None:
    cloud = Garment("line", np.array([[0.0, 0, 0], [3, 0, 0], [4, 0, 0]]), np.empty((0, 3), np.int64))
    assert judge(np.array([[[0.0, 0, 0], [4, 0, 0]]]), cloud).coverage == pytest.approx(1 / 3 / 4)


def test_keypoints_that_stay_with_landmarks_agree_with_them() -> None:
    garment = folding()
    marks = Landmarks(np.array([0, 700]), np.eye(3)[[0, 0]], ("left", "right"))
    garment = replace(garment, landmarks=marks)
    there = np.stack([marks.on(garment.vertices_in(frame), garment.faces) for frame in range(5)])
    assert judge(there, garment).agreement == 1
    swapped = there.copy()
    swapped[::2] = there[::2, ::-1]
    assert judge(swapped, garment).agreement == pytest.approx(8 / 20)  # of 20 pairs of frames, those of one kind


def test_agreement_is_the_mean_of_both_directions() -> None:
    landmarks = np.zeros((2, 2, 3))
    landmarks[:, 1, 0] = 10
    keypoints = np.zeros((2, 3, 3))  # one at each landmark, and one that changes sides
    keypoints[:, 1, 0] = 10
    keypoints[:, 2, 0] = [2, 8]
    assert landmark_agreement(keypoints, landmarks) == pytest.approx((2 / 3 + 1) / 2)
