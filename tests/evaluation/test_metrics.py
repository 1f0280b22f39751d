from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from keygrid.data.garment import Garment, Landmarks
from keygrid.evaluation.metrics import (
    METRICS,
    TOLERANCE,
    Measures,
    Need,
    Track,
    agreement_by_frame,
    landmark_agreement,
    mean,
    measure,
    overlap,
)
from tests.conftest import ROOT
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
    found = Track(on(garment, CORNERS), garment)
    assert found.strict.shape == found.tolerant.shape == (5, 4)
    assert found.strict.max() == 0
    assert found.tolerant.max() == 0
    measures = measure(found)
    assert measures["consistency"] == measures["pck_05"] == measures["pck_10"] == 1
    coverage = measures.parts["coverage"]
    np.testing.assert_allclose(coverage, coverage[0])
    assert coverage[0] == pytest.approx(0.383, rel=0.06)  # of a unit square, from a place to the nearest corner


def test_keypoints_that_stay_in_space_leave_the_cloth_s_part() -> None:
    garment = folding()
    still = np.broadcast_to(garment.vertices[CORNERS], (5, 4, 3))
    found = Track(still, garment)
    assert (found.strict[:, :2] == 0).all()  # the left half does not move
    # The others are nearest to the fold as soon as their half has left them.
    assert found.strict[0, 2:].min() > 0.4
    assert found.tolerant[0, 2:].min() > 0.4


def test_the_other_layer_counts_strictly_and_not_with_tolerance() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[-1, 2:, 2] -= 0.19  # nearer to what lies beneath, by a hair's breadth
    found = Track(keypoints, garment)
    assert found.strict[-1, 2:].min() > 0.9
    assert found.tolerant[-1, 2:].max() == pytest.approx(0, abs=TOLERANCE)
    assert (found.strict[:-1] == 0).all()


def test_the_error_is_taken_from_the_place_most_frames_agree_on() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[2, 0] = garment.frames[2, CORNERS[1]]
    found = Track(keypoints, garment)
    assert found.strict[2, 0] == pytest.approx(1, rel=0.01)
    assert (np.delete(found.strict[:, 0], 2) == 0).all()


def test_keypoints_that_change_places_are_not_consistent() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[3] = keypoints[3, [1, 0, 2, 3]]
    found = Track(keypoints, garment)
    measures = measure(found)
    assert measures["consistency"] == pytest.approx(14 / 16)
    np.testing.assert_allclose(measures.parts["coverage"], measures["coverage"])


def test_more_keypoints_cover_better() -> None:
    garment = folding()
    grid = np.arange(441).reshape(21, 21)
    some = (on(garment, grid[::step, ::step].ravel()) for step in (20, 5))
    few, many = (measure(Track(keypoints, garment))["coverage"] for keypoints in some)
    assert many < few / 3


def test_errors_do_not_depend_on_the_unit() -> None:
    garment = folding()
    keypoints = on(garment, CORNERS)
    keypoints[3] = keypoints[3, [1, 0, 2, 3]]
    larger = replace(garment, vertices=garment.vertices * 1000, frames=garment.frames * 1000)
    np.testing.assert_allclose(Track(keypoints * 1000, larger).strict, Track(keypoints, garment).strict, atol=1e-6)


def test_pck_is_the_share_of_small_tolerant_errors() -> None:
    garment = folding()
    found = Track(on(garment, CORNERS) + np.random.default_rng(0).normal(scale=3, size=(5, 4, 3)), garment)
    measures = measure(found)
    assert measures["pck_05"] == (found.tolerant <= 0.05).mean() < measures["pck_10"] == (found.tolerant <= 0.1).mean()


def test_a_single_frame_says_nothing_of_consistency() -> None:
    garment = folding(frames=1)
    assert measure(Track(on(garment, CORNERS), garment)).keys() == {
        "strict", "tolerant", "pck_05", "pck_10", "coverage", "off_surface",
    }  # fmt: skip


def test_a_still_garment_tells_the_coverage_and_the_distance_alone() -> None:
    garment = sheet()
    found = measure(Track(garment.vertices[CORNERS][None], garment))
    assert found.keys() == {"coverage", "off_surface"}
    assert 0 < found["coverage"] < measure(Track(garment.vertices[CORNERS[:1]][None], garment))["coverage"]


def test_a_cloud_is_covered_straight() -> None:
    cloud = Garment("line", np.array([[0.0, 0, 0], [3, 0, 0], [4, 0, 0]]), np.empty((0, 3), np.int64))
    found = measure(Track(np.array([[[0.0, 0, 0], [4, 0, 0]]]), cloud))
    assert found == {"coverage": pytest.approx(1 / 3 / 4), "off_surface": 0}


def test_keypoints_that_stay_with_landmarks_agree_with_them() -> None:
    garment = folding()
    marks = Landmarks(np.array([0, 700]), np.eye(3)[[0, 0]], ("left", "right"))
    garment = replace(garment, landmarks=marks)
    there = np.stack([marks.on(garment.vertices_in(frame), garment.faces) for frame in range(5)])
    assert measure(Track(there, garment))["agreement"] == 1
    swapped = there.copy()
    swapped[::2] = there[::2, ::-1]
    # Of 20 pairs of frames, those of one kind.
    assert measure(Track(swapped, garment))["agreement"] == pytest.approx(8 / 20)


def test_agreement_is_the_mean_of_both_directions() -> None:
    landmarks = np.zeros((2, 2, 3))
    landmarks[:, 1, 0] = 10
    keypoints = np.zeros((2, 3, 3))  # one at each landmark, and one that changes sides
    keypoints[:, 1, 0] = 10
    keypoints[:, 2, 0] = [2, 8]
    assert landmark_agreement(keypoints, landmarks) == pytest.approx((2 / 3 + 1) / 2)


def test_only_landmarks_that_are_known_in_both_frames_of_a_pair_agree() -> None:
    landmarks, keypoints = np.zeros((4, 2, 3)), np.zeros((4, 2, 3))
    landmarks[:, 1, 0] = keypoints[:, 1, 0] = 10
    landmarks[3] = np.nan  # nothing is known there
    landmarks[0, 0] = np.nan
    keypoints[2, :, 0] = [10, 0]  # swapped
    found = agreement_by_frame(keypoints, landmarks)
    # Of the pairs with the first frame the second landmark alone is known: all keypoints are nearest to it.
    assert found[:3] == pytest.approx([(1 + 0.5) / 2, (1 + 0) / 2, (0.5 + 0) / 2])
    assert np.isnan(found[3])
    assert landmark_agreement(keypoints, landmarks) == pytest.approx(found[:3].mean())
    marks = Landmarks(np.array([0, 700, 0]), np.eye(3)[[0, 0, 0]], ("left", "right", "left"), (1, None, 2))
    garment = replace(folding(), landmarks=marks)
    there = np.stack([marks.on(garment.vertices_in(frame), garment.faces) for frame in range(5)])[:, :2]
    measures = measure(Track(there, garment))
    assert measures["agreement"] == 1
    assert measures.parts["miou"].tolist() == [0.5, 1, 1, 0.5, 0.5]
    assert "miou" not in measure(Track(there, replace(garment, landmarks=marks.chosen(marks.known_in(9) & False))))


def test_means_are_of_what_each_garment_tells() -> None:
    one, other = (
        Measures({"coverage": np.array([0.1, 0.3])}),
        Measures({"coverage": np.array(0.4), "strict": np.ones(2)}),
    )
    assert mean([one, other]) == {"strict": 1.0, "coverage": pytest.approx(0.3)}
    assert mean([]) == {}


def test_metrics_are_named_by_their_keys_and_the_documentation_has_them_all() -> None:
    text = (ROOT / "docs" / "evaluate.md").read_text(encoding="utf-8")
    for key, metric in METRICS.items():
        assert metric.key == key
        assert f"| `{key}` | {metric.title} | {metric.explanation} | {metric.unit} | {metric.better} |" in text
        assert all(isinstance(need, Need) for need in metric.needs)
    assert len({metric.short for metric in METRICS.values()}) == len(METRICS)


def test_landmarks_and_keypoints_overlap_by_pairs() -> None:
    places = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    assert overlap(places, places, 0.1) == 1
    assert overlap(places, places[::-1], 0.1) == 1
    assert overlap(places + 5, places, 0.1) == 0
    assert overlap(np.zeros((3, 3)), places, 0.1) == pytest.approx(1 / 5)  # three in one place make one pair
    assert overlap(places[:2], places, 0.1) == pytest.approx(2 / 3)


def test_keypoints_beside_the_cloth_are_off_the_surface() -> None:
    garment = folding()
    assert measure(Track(on(garment, CORNERS), garment))["off_surface"] == pytest.approx(0, abs=1e-6)
    above = np.add(on(garment, CORNERS)[:1], [0, 0, -7])
    assert measure(Track(above, garment))["off_surface"] == pytest.approx(7 / garment.diagonal, rel=1e-6)
