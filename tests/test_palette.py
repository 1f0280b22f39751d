"""Keypoints' colours can be told apart, and stay."""

import numpy as np
import pytest

from keygrid.palette import colours


@pytest.mark.parametrize("count", [2, 8, 64])
def test_no_two_keypoints_have_the_same_colour_up_to_forty(count):
    palette = colours(count)
    assert palette.shape == (count, 3)
    assert palette.dtype == np.uint8
    # Four rounds of eight; after those, numbers alone tell keypoints apart.
    assert len(np.unique(palette[:32], axis=0)) == min(count, 32)


def test_a_keypoint_keeps_its_colour_whatever_the_count():
    np.testing.assert_array_equal(colours(64)[:8], colours(8))


def test_the_first_colours_are_okabe_and_itos():
    assert colours(2).tolist() == [[230, 159, 0], [86, 180, 233]]


def test_every_colour_is_seen_on_light_and_on_dark():
    for background in ((246, 247, 249), (28, 30, 34)):
        assert np.abs(colours(8).astype(int) - background).max(axis=1).min() > 60
