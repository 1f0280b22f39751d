from dataclasses import replace

import numpy as np
import pytest

from keygrid.evaluation.confusion import KINDS, confusion
from keygrid.evaluation.metrics import Track, measure
from keygrid.evaluation.symmetry import symmetric
from tests.evaluation.test_metrics import CORNERS, folding, on


def shares(track: Track) -> dict[str, list[float]]:
    return {kind: column.tolist() for kind, column in zip(KINDS, confusion(track, up=1, depth=2).T, strict=True)}


def test_keypoints_on_the_cloth_are_right() -> None:
    garment = folding()
    found = shares(Track(on(garment, CORNERS), garment))
    assert found["right"] == [1] * 4
    assert sum(sum(column) for column in found.values()) == pytest.approx(4)


def test_frames_found_as_mirror_images_are_told_by_their_kind_and_are_no_error_modulo_symmetries() -> None:
    garment = replace(folding(), frames=np.repeat(folding().vertices[None].astype(np.float32), 5, axis=0))
    keypoints = on(garment, CORNERS)
    keypoints[3:] = keypoints[3:, [3, 2, 1, 0]]  # two of five frames with left for right
    track = Track(keypoints, garment)
    found = shares(track)
    assert found["right"] == pytest.approx([0.6] * 4)
    assert found["sides"] == pytest.approx([0.4] * 4)
    modulo = symmetric(track)
    assert measure(track)["strict"] > 0.3
    assert modulo.error.max() == 0
    assert modulo.flipped["sides"].tolist() == [False] * 3 + [True] * 2


def test_the_other_layer_and_what_is_elsewhere_are_told_apart() -> None:
    garment = folding()
    keypoints = on(garment, np.array([0, 105]))
    keypoints[-1, 0] = garment.vertices_in(4)[420]  # lies on the first corner once the sheet is folded
    keypoints[-1, 1] = garment.vertices_in(4)[220]  # on the fold
    found = shares(Track(keypoints, garment))
    assert found["right"] == pytest.approx([0.8, 0.8])
    assert found["layer"] == pytest.approx([0.2, 0]) or found["sides"] == pytest.approx([0.2, 0])
    assert found["elsewhere"] == pytest.approx([0, 0.2])


def test_a_constant_predictor_is_consistent_and_covers_badly() -> None:
    garment = folding()
    still = replace(garment, frames=np.repeat(garment.vertices[None].astype(np.float32), 4, axis=0))
    one_place = np.repeat(on(still, CORNERS[:1]), 4, axis=1) + np.arange(4)[:, None] * 1e-3
    measures = measure(Track(one_place, still))
    assert measures["strict"] == 0
    spread = measure(Track(on(still, CORNERS), still))
    assert measures["coverage"] > 1.5 * spread["coverage"]
