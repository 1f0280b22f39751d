import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keygrid.evaluation.matching import match


@given(seed=st.integers(0, 2**32 - 1), keypoints=st.integers(1, 9), frames=st.integers(1, 4))
def test_shuffled_keypoints_find_their_partners(seed: int, keypoints: int, frames: int) -> None:
    random = np.random.default_rng(seed)
    reference = random.normal(size=(frames, keypoints, 3))
    order = random.permutation(keypoints)
    found = match(reference, reference[:, order])
    assert found.partners.tolist() == order.tolist()
    assert found.distances == pytest.approx(np.zeros(keypoints))


def test_the_sum_is_least_though_each_may_have_a_nearer_one() -> None:
    reference = np.array([[[0, 0, 0], [1, 0, 0]]], dtype=float)
    others = np.array([[[0.9, 0, 0], [3, 0, 0]]], dtype=float)
    found = match(reference, others)  # 0.9 is nearest to 1, but 3 is farther from 0 than 0.9 is
    assert found.partners.tolist() == [0, 1]
    assert found.distances == pytest.approx([0.9, 2.0])


def test_what_is_too_many_has_no_partner() -> None:
    reference = np.zeros((1, 1, 3))
    found = match(reference, np.array([[[5.0, 0, 0], [1, 0, 0], [2, 0, 0]]]))
    assert found.partners.tolist() == [-1, 0, -1]
    assert np.isnan(found.distances[[0, 2]]).all()
    assert found.partner_of(0) == 1
    assert match(np.zeros((1, 3, 3)), np.zeros((1, 1, 3))).partner_of(2) is None
