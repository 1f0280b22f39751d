"""The checks that a simulation must pass."""

import numpy as np
import pytest

from keygrid.simulation.checks import Checks, check

RNG = np.random.default_rng(0)
SIDE = 15
GRID = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), axis=-1).reshape(-1, 2)
REST = np.column_stack([GRID, np.ones(len(GRID))]).astype(float)
FACES = np.array(
    [
        triangle
        for i in range(SIDE - 1)
        for j in range(SIDE - 1)
        for a in [i * SIDE + j]
        for triangle in ([a, a + 1, a + SIDE], [a + 1, a + SIDE + 1, a + SIDE])
    ]
)


def frames(**changes: np.ndarray) -> np.ndarray:
    """Three frames at rest, the middle one changed."""
    moved = np.repeat(REST[None], 3, axis=0)
    for change in changes.values():
        moved[1] = change
    return moved


def test_a_garment_at_rest_passes():
    checks = check(REST, frames(), FACES, contacts=0.4)
    assert checks == Checks(True, 1.0, 1.0, 0.0, 0.4)
    assert checks.failures() == []


@pytest.mark.parametrize(
    ("middle", "said"),
    [
        (np.where(REST[7] == REST, np.nan, REST), "not finite"),
        (REST * [0.7, 0.7, 1], "shrink to 0.70"),
        (REST * [1.5, 1.5, 1], "stretch to 1.50"),
        (REST - [0, 0, 1.01], "under the ground"),
    ],
)
def test_one_bad_frame_fails(middle, said):
    (failure,) = check(REST, frames(middle=middle), FACES, contacts=0).failures()
    assert said in failure


def test_a_few_vertices_may_be_bad():
    middle = REST.copy()
    middle[0] -= [0, 0, 1.2]  # one of 225, below one in a hundred
    assert check(REST, frames(middle=middle), FACES, contacts=1).failures() == []


def test_contacts_that_were_dropped_fail():
    (failure,) = check(REST, frames(), FACES, contacts=1.01).failures()
    assert "contacts" in failure


def test_figures_are_plain_numbers_for_a_file():
    figures = check(REST, frames(), FACES, contacts=0.123456).as_dict()
    assert figures == {"finite": 1, "shortest": 1.0, "longest": 1.0, "under_ground": 0.0, "contacts": 0.1235}
