from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.state.document import OpenMethod, Subject
from app.state.drift import Drifts, next_worst
from keygrid.data.garment import Garment
from keygrid.prediction import MethodId, Prediction
from tests.app.scene.conftest import predicted


@pytest.fixture(scope="module")
def moving(shirt: Garment) -> Garment:
    frames = np.stack([shirt.vertices + step for step in range(4)]).astype(np.float32)
    return replace(shirt, frames=frames)


def found(moving: Garment, vertices: list[list[int]]) -> dict[int, Prediction]:
    return {frame: replace(predicted(moving, len(row)), vertices=np.array(row)) for frame, row in enumerate(vertices)}


def test_a_keypoint_that_keeps_to_the_cloth_drifts_nowhere_however_it_moves(moving: Garment) -> None:
    drifts = Drifts.of(moving, found(moving, [[10, 900], [10, 900], [10, 4000], [10, 900]]))
    assert drifts is not None
    assert drifts.distances[:, 0].tolist() == [0, 0, 0, 0]
    away = np.linalg.norm(moving.vertices[4000] - moving.vertices[900]) / moving.diagonal
    np.testing.assert_allclose(drifts.distances[:, 1], [0, 0, away, 0])
    np.testing.assert_allclose(drifts.of_keypoint(None), [0, 0, away / 2, 0])
    np.testing.assert_allclose(drifts.of_keypoint(1), drifts.distances[:, 1])
    np.testing.assert_allclose(drifts.of_keypoint(7), drifts.of_keypoint(None))


def test_there_is_no_drift_without_frames_or_with_one(moving: Garment, shirt: Garment) -> None:
    one = found(moving, [[1]])
    assert Drifts.of(moving, one) is None
    assert Drifts.of(shirt, {**one, 1: one[0]}) is None
    assert Drifts.of(None, {}) is None


def test_frames_are_walked_from_the_worst_to_the_best_and_around(moving: Garment) -> None:
    subject = Subject(garment=moving, method=OpenMethod(MethodId.of_file(Path("random.safetensors"), "0"), 2))
    subject.predictions = found(moving, [[10, 900], [10, 902], [10, 4000], [10, 900]])
    drifts = Drifts.of(moving, subject.predictions)
    assert drifts is not None
    order = np.argsort(-drifts.distances[:, 1], kind="stable").tolist()
    seen = []
    for _ in range(5):
        frame = next_worst(subject)
        assert frame is not None
        subject.frame = frame
        seen.append(frame)
    begin = (order.index(0) + 1) % 4
    assert seen == [order[(begin + step) % 4] for step in range(5)]
    assert next_worst(Subject()) is None
