"""Real simulations, small ones: what comes out, and what an interruption changes, which is nothing."""

from pathlib import Path

import numpy as np
import pytest

from keygrid.data import open_path
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.simulation.garments import tailored
from keygrid.simulation.run import Recipe, Result, simulate, simulate_to

RECIPE = Recipe("drag", frames=5, seed=1, vertices=220)


@pytest.fixture(scope="module")
def skirt() -> Garment:
    return tailored("Skirt", None, ["length=30"])


@pytest.fixture(scope="module")
def dragged(skirt) -> Result:
    return simulate(skirt, RECIPE)


def test_a_simulation_passes_its_checks_and_says_how_it_was_made(dragged):
    assert dragged.checks.failures() == []
    assert dragged.about["motion"] == "drag"
    assert dragged.about["checks"]["finite"] == 1
    assert "newton" in dragged.about["simulator"]


def test_frames_are_in_the_file_s_units_and_axes_above_the_ground(skirt, dragged):
    garment = dragged.garment
    assert garment.frame_count == 5
    assert garment.frames[..., 1].min() > -0.02 * skirt.diagonal  # y is up
    assert np.ptp(garment.frames[0][:, 1]) < 0.5 * np.ptp(skirt.vertices[:, 1])  # it lies
    edges = garment.faces[:, :2]
    at_rest = np.linalg.norm(np.diff(garment.vertices[edges], axis=1), axis=2)
    moved = np.linalg.norm(np.diff(garment.frames[-1][edges], axis=1), axis=2)
    assert np.median(moved / at_rest) == pytest.approx(1, abs=0.05)


def test_the_grip_drags_it_along(skirt, dragged):
    way = (dragged.garment.frames[-1] - dragged.garment.frames[0])[:, [0, 2]]
    assert np.linalg.norm(way, axis=1).max() > 0.5 * skirt.diagonal


def test_landmarks_are_carried_along(dragged):
    garment = dragged.garment
    carried = garment.landmarks.on(garment.frames[-1], garment.faces)
    assert "left waist" in garment.landmarks.names
    low, high = garment.frames[-1].min(axis=0), garment.frames[-1].max(axis=0)
    assert ((carried >= low) & (carried <= high)).all()


def test_an_interrupted_run_goes_on_and_ends_the_same(skirt, dragged, tmp_path):
    class PowerCutError(Exception):
        pass

    def cut(done: int, _total: int) -> None:
        if done == 45:
            raise PowerCutError

    unfinished = tmp_path / "unfinished.npz"
    with pytest.raises(PowerCutError):
        simulate(skirt, RECIPE, unfinished=unfinished, report=cut)
    assert unfinished.exists()
    steps: list[int] = []
    resumed = simulate(skirt, RECIPE, unfinished=unfinished, report=lambda done, _total: steps.append(done))
    assert steps[0] == 41
    np.testing.assert_array_equal(resumed.garment.frames, dragged.garment.frames)
    assert resumed.about == dragged.about
    assert not unfinished.exists()


def test_a_damaged_or_foreign_unfinished_run_is_passed_over(skirt, tmp_path):
    unfinished = tmp_path / "unfinished.npz"
    unfinished.write_bytes(b"PK\x03\x04 half an archive")
    steps: list[int] = []

    class EnoughError(Exception):
        pass

    def watch(done: int, _total: int) -> None:
        steps.append(done)
        raise EnoughError

    with pytest.raises(EnoughError):
        simulate(skirt, RECIPE, unfinished=unfinished, report=watch)
    assert steps == [1]


def test_a_sequence_on_the_file_s_own_vertices(skirt, tmp_path):
    recipe = Recipe("drop", frames=2, seed=2, vertices=200, own_mesh=True)
    path = simulate_to(skirt, recipe, tmp_path / "new" / "folder", "skirt", about={"split": "train"})
    written = open_path(path)
    assert written.frames.shape == (2, len(skirt.vertices), 3)
    np.testing.assert_array_equal(written.faces, skirt.faces)
    assert written.category == "Skirt"
    np.testing.assert_allclose(written.vertices, skirt.vertices, atol=1e-3 * skirt.diagonal)
    before = path.stat().st_mtime_ns
    assert simulate_to(skirt, recipe, path.parent, "skirt") == path
    assert path.stat().st_mtime_ns == before  # what is there stays
    assert [p.name for p in path.parent.iterdir()] == ["skirt.npz"]


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (Recipe("drop", frames=1), "2 to 600 frames"),
        (Recipe("drop", vertices=10), "200 to 20000 vertices"),
        (Recipe("drop", seed=-1), "seed"),
    ],
)
def test_recipes_that_make_no_sense(skirt, recipe, said):
    with pytest.raises(KeygridError, match=said):
        simulate(skirt, recipe)


def test_a_result_that_fails_its_checks_is_not_written(skirt, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("keygrid.simulation.checks.STRAIN_LIMITS", (1.2, 1.1))
    with pytest.raises(KeygridError, match=r"failed its checks and was discarded: edges shrink .* Try another seed"):
        simulate_to(skirt, Recipe("drop", frames=2, vertices=200), tmp_path, "skirt")
    assert list(tmp_path.iterdir()) == []
