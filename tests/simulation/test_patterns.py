"""Panels: cut, filled out and sewn."""

from itertools import pairwise

import numpy as np
import pytest

from keygrid.errors import KeygridError
from keygrid.simulation.patterns import cut, fill_out, line, mirrored, sew


def strip(half: float, length: float = 60) -> list:
    """A straight tube's panel: open below and above, sewn at its sides."""
    return [
        line((0, 0), (half, 0), sewn=False),
        line((half, 0), (half, length), sewn=True),
        line((half, length), (0, length), sewn=False),
    ]


@pytest.mark.parametrize("half", [6.0, 20.0])
def test_a_strip_of_cloth_becomes_half_a_tube(half):
    panel = cut(mirrored(strip(half)))
    heights = fill_out(panel, thickness=1.0)
    np.testing.assert_allclose(heights, np.sqrt(half**2 - panel.points[:, 0] ** 2), atol=0.02 * half)
    np.testing.assert_allclose(fill_out(panel, thickness=0.4), 0.4 * heights)


def test_cloth_stays_in_the_plane_at_its_seams_only():
    panel = cut(mirrored(strip(10)))
    heights = fill_out(panel, 0.5)
    np.testing.assert_array_equal(heights[panel.sewn], 0)
    assert (heights[~panel.sewn] > 0).all()


def test_panels_cover_their_outline():
    panel = cut(mirrored(strip(10, 40)))
    a, b, c = np.moveaxis(panel.points[panel.faces], 1, 0)
    area = np.cross(np.pad(b - a, ((0, 0), (0, 1))), np.pad(c - a, ((0, 0), (0, 1))))[:, 2] / 2
    assert (area > 0).all()
    assert area.sum() == pytest.approx(20 * 40)


def test_a_line_bulges_to_its_right():
    middle = line((0, 0), (0, 10), bulge=2, sewn=True).points
    assert middle[len(middle) // 2] == pytest.approx((2, 5), abs=0.2)
    np.testing.assert_array_equal(middle[[0, -1]], [(0, 0), (0, 10)])


def test_sewing_joins_the_seams_and_nothing_else():
    front, back = cut(mirrored(strip(10))), cut(mirrored(strip(10)))
    vertices, faces = sew(front, back, 0.5)
    assert len(vertices) == 2 * len(front.points) - front.sewn.sum()
    assert len(faces) == 2 * len(front.faces)
    assert vertices[:, 2].min() == pytest.approx(-vertices[:, 2].max())


def test_panels_whose_seams_differ_are_refused():
    with pytest.raises(KeygridError, match="seams differ"):
        sew(cut(mirrored(strip(10))), cut(mirrored(strip(11))), 0.5)


def test_an_outline_that_crosses_itself_cannot_be_cut():
    corners = [(0, 0), (10, 0), (-5, 20), (0, 30)]
    crossing = [line(a, b, sewn=True) for a, b in pairwise(corners)]
    with pytest.raises(ValueError, match="intersect"):
        cut(mirrored(crossing))
