"""Motions of garments, before any cloth is simulated."""

from typing import get_args, get_type_hints

import numpy as np
import pytest

from keygrid.simulation.cloth import RATE, TOP_SPEED
from keygrid.simulation.garments import tailored
from keygrid.simulation.motions import MOTIONS, Motion, begin, grip, stages
from keygrid.simulation.remesh import remesh
from keygrid.simulation.run import TO_SIMULATOR


@pytest.fixture(scope="module", params=["T-shirt", "Hat"])
def worn(request) -> np.ndarray:
    garment = remesh(tailored(request.param, None, []), 600).garment
    return garment.vertices @ TO_SIMULATOR["y"].T


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("motion", MOTIONS)
def test_garments_begin_above_the_ground_and_grips_start_where_they_are(worn, motion: Motion, seed):
    start = begin(motion, worn, np.random.default_rng(seed))
    assert start.vertices.shape == worn.shape
    assert 0 < start.vertices[:, 2].min() < 11
    for stage in range(stages(motion)):
        grasp = grip(motion, start.vertices, np.random.default_rng(seed), stage)
        assert (len(grasp.gripped) > 0) == (motion != "drop")
        assert len(np.unique(grasp.gripped)) == len(grasp.gripped) < 0.2 * len(worn)
        np.testing.assert_allclose(grasp.path(0.0), 0, atol=1e-12)


@pytest.mark.parametrize("motion", [motion for motion in MOTIONS if motion != "drop"])
def test_grips_are_no_faster_than_cloth_can_follow(worn, motion: Motion):
    start = begin(motion, worn, np.random.default_rng(0))
    grasp = grip(motion, start.vertices, np.random.default_rng(0))
    way = np.stack([np.atleast_2d(grasp.path(i / grasp.lasting))[0] for i in range(grasp.lasting + 1)])
    speed = np.linalg.norm(np.diff(way, axis=0), axis=1) * RATE
    assert speed.max() < 1.2 * TOP_SPEED
    assert speed[0] < 0.5 * TOP_SPEED
    assert speed[-1] == 0


def test_a_fold_in_half_brings_each_side_over_to_the_other(worn):
    start = begin("fold-half", worn, np.random.default_rng(0)).vertices
    grasp = grip("fold-half", start, np.random.default_rng(0))
    middle = np.median(start[:, 0])
    before = start[grasp.gripped, 0] - middle
    after = before + grasp.path(1.0)[:, 0]
    assert np.sign(before).min() == np.sign(before).max()
    assert (np.sign(after) == -np.sign(before)).all()


@pytest.mark.parametrize("seed", range(6))
def test_any_fold_brings_corners_to_the_other_side_of_a_line(worn, seed):
    start = begin("fold-any", worn, np.random.default_rng(seed)).vertices
    grasp = grip("fold-any", start, np.random.default_rng(seed))
    way = np.atleast_2d(grasp.path(1.0))[:, :2]
    outwards = -way[0] / np.linalg.norm(way[0])
    np.testing.assert_allclose(np.abs(way @ [-outwards[1], outwards[0]]), 0, atol=1e-9)
    before = start[grasp.gripped, :2] @ outwards
    after = before + way @ outwards
    assert before.min() > after.max()


def test_a_garment_folded_twice_is_folded_across_and_then_along(worn):
    start = begin("fold-twice", worn, np.random.default_rng(0)).vertices
    ways = [
        np.atleast_2d(grip("fold-twice", start, np.random.default_rng(0), stage).path(1.0))[0, :2] for stage in range(2)
    ]
    assert stages("fold-twice") == 2
    assert ways[0] @ ways[1] == pytest.approx(0, abs=1e-9)
    assert all(np.linalg.norm(way) > 1 for way in ways)


def test_what_lies_is_flat_and_what_is_lifted_goes_up(worn):
    start = begin("lift", worn, np.random.default_rng(1)).vertices
    assert np.ptp(start[:, 2]) < 0.5 * np.ptp(start[:, :2], axis=0).min()
    end = grip("lift", start, np.random.default_rng(1)).path(1.0)
    assert end[2] > 0.5 * np.ptp(start[:, :2], axis=0).min()
    np.testing.assert_array_equal(end[:2], 0)


@pytest.mark.parametrize("up", TO_SIMULATOR)
def test_axes_are_turned_and_not_mirrored(up):
    turn = TO_SIMULATOR[up]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3))
    assert np.linalg.det(turn) == pytest.approx(1)
    np.testing.assert_array_equal(turn @ np.eye(3)["xyz".index(up)], [0, 0, 1])


def test_the_command_offers_every_motion():
    from keygrid.cli.simulate import simulate

    assert get_args(get_type_hints(simulate)["motion"]) == MOTIONS
