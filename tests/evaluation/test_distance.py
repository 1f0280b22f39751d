"""Distances between two places on a garment."""

import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.evaluation.distance import distances


@pytest.fixture
def sheet() -> Garment:
    """A unit square of 20 x 20 cells, which is folded in half in its second frame."""
    steps = np.linspace(0, 1, 21)
    x, y = np.meshgrid(steps, steps, indexing="ij")
    flat = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    corner = np.arange(21 * 21).reshape(21, 21)
    a, b, c, d = corner[:-1, :-1].ravel(), corner[1:, :-1].ravel(), corner[1:, 1:].ravel(), corner[:-1, 1:].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    folded = flat.copy()
    over = flat[:, 0] > 0.5
    folded[over] = np.stack([1 - flat[over, 0], flat[over, 1], np.full(over.sum(), 0.01)], axis=1)
    return Garment("sheet", flat, faces, frames=np.stack([flat, folded]).astype(np.float32))


def test_on_a_flat_sheet_both_are_alike(sheet):
    found = distances(sheet, np.array([0.1, 0.1, 0.0]), np.array([0.9, 0.6, 0.0]))
    assert found.straight == pytest.approx(np.hypot(0.8, 0.5))
    assert found.straight * 0.99 <= found.along <= found.straight * 1.05


def test_on_a_folded_one_the_cloth_is_farther(sheet):
    start, end = np.array([0.1, 0.5, 0.0]), np.array([0.1, 0.5, 0.01])
    found = distances(sheet, start, end, frame=1)
    assert found.straight == pytest.approx(0.01)
    assert found.along == pytest.approx(0.8, rel=0.05)


def test_a_cloud_has_no_cloth(sheet):
    cloud = Garment("cloud", sheet.vertices, np.empty((0, 3), np.int64))
    assert distances(cloud, cloud.vertices[0], cloud.vertices[-1]).along is None


def test_pieces_that_do_not_hang_together_have_no_way_between_them(sheet):
    count = len(sheet.vertices)
    two = Garment(
        "two", np.concatenate([sheet.vertices, sheet.vertices + 5]), np.concatenate([sheet.faces, sheet.faces + count])
    )
    found = distances(two, two.vertices[0], two.vertices[-1])
    assert found.along is None
    assert found.straight == pytest.approx(np.linalg.norm([6, 6, 5]))
