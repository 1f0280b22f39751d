"""Garments of which nothing tells the front from the back."""

import numpy as np
import pytest

from keygrid.methods.ambiguity import is_ambiguous

SIGNATURES = 3
RNG = np.random.default_rng(0)
ANGLE, HEIGHT = RNG.uniform(0, 2 * np.pi, 3000), RNG.uniform(-0.7, 0.7, 3000)
PLACES = np.column_stack([0.5 * np.sin(ANGLE), HEIGHT, 0.5 * np.cos(ANGLE)])
EVEN = np.column_stack([HEIGHT, HEIGHT**2, np.abs(PLACES[:, 0]), HEIGHT**3, np.cos(2 * ANGLE)])
NOISE = RNG.normal(size=EVEN.shape) * 0.03


def test_what_a_half_turn_changes_is_told() -> None:
    features = EVEN + NOISE
    features[:, -1] += 0.2 * (PLACES[:, 2] > 0)
    assert not is_ambiguous(PLACES, features, SIGNATURES)


@pytest.mark.parametrize("places", [PLACES, PLACES * [0.1, 1, 0.1], np.abs(PLACES) * [1, 1, 1]])
def test_what_a_half_turn_leaves_as_it_is_is_ambiguous(places: np.ndarray) -> None:
    assert is_ambiguous(places, EVEN + NOISE, SIGNATURES)


def test_what_differs_from_left_to_right_is_told_though_no_mirror_image_is_like_it() -> None:
    features = EVEN + NOISE
    features[:, -2:] += 1.5 * (PLACES[:, :1] > 0)
    assert not is_ambiguous(PLACES, features, SIGNATURES)
