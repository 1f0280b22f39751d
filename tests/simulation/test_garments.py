"""Parametric garments: manifold, open where the body comes out, with landmarks in their places."""

import gpytoolbox
import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.simulation.cutting import Pattern
from keygrid.simulation.garments import PATTERNS, TShirt, tailored
from keygrid.simulation.landmarks import tshirt_landmarks
from keygrid.simulation.remesh import refuse_unfit

OPENINGS = {"T-shirt": 4, "Trousers": 3, "Skirt": 2, "Dress": 4, "Vest": 4, "Hat": 1}
SEEDS = [None, 0, 1, 2]


@pytest.fixture(scope="module", params=[(c, s) for c in PATTERNS for s in SEEDS], ids=lambda p: f"{p[0]}-{p[1]}")
def made(request) -> tuple[Pattern, Garment]:
    category, seed = request.param
    kind = PATTERNS[category]
    pattern = kind() if seed is None else kind.sampled(np.random.default_rng(seed))
    return pattern, pattern.build("sample")


def directed_edges(faces: np.ndarray) -> np.ndarray:
    return faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)


def test_is_manifold_oriented_and_in_one_piece(made):
    _, garment = made
    edges = directed_edges(garment.faces)
    # An inner edge is run through once each way, an edge of an opening once.
    assert len(np.unique(edges, axis=0)) == len(edges)
    refuse_unfit(garment)
    assert len(np.unique(garment.faces)) == len(garment.vertices)


def test_is_open_where_the_body_comes_out(made):
    pattern, garment = made
    assert len(gpytoolbox.boundary_loops(garment.faces.astype(np.int32))) == OPENINGS[pattern.category]


def test_faces_outwards(made):
    _, garment = made
    corners = garment.vertices[garment.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    front = corners.mean(axis=1)[:, 2] > 0.25 * garment.vertices[:, 2].max()
    steep = front & (np.abs(normals[:, 2]) > 0.5 * np.linalg.norm(normals, axis=1))
    if garment.category != "Hat":  # the front of a hat's brim is seen from above
        assert (normals[steep, 2] > 0).mean() > 0.99


def test_landmarks_lie_where_they_are_said_to(made):
    pattern, garment = made
    places = pattern.places()
    assert garment.landmarks is not None
    assert garment.landmarks.names == tuple(places)
    found = dict(zip(places, garment.landmarks.on(garment.vertices, garment.faces), strict=True))
    for name, place in places.items():
        assert np.linalg.norm(found[name] - place) < 0.1 * garment.diagonal, name
        if name.startswith("left"):
            mirrored = found[name.replace("left", "right", 1)] * [-1, 1, 1]
            np.testing.assert_allclose(found[name], mirrored, atol=0.02 * garment.diagonal, err_msg=name)
            assert found[name][0] > 0, name


def test_measures_are_met():
    garment = tailored("T-shirt", None, ["length=70", "chest=56", "sleeve_angle=20"])
    assert np.ptp(garment.vertices[:, 1]) == pytest.approx(70, abs=0.5)
    landmarks = dict(zip(garment.landmarks.names, garment.landmarks.on(garment.vertices, garment.faces), strict=True))
    assert landmarks["left underarm"][0] == pytest.approx(28, abs=0.1)


@pytest.mark.parametrize("category", PATTERNS)
def test_the_same_seed_makes_the_same_garment_and_another_seed_another(category):
    first, again, other = (tailored(category, seed, []) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.vertices, again.vertices)
    assert not np.allclose(np.ptp(first.vertices, axis=0), np.ptp(other.vertices, axis=0), rtol=1e-3)


@pytest.mark.parametrize(
    ("measures", "said"),
    [
        (["lenght=3"], "has no measure 'lenght'; its measures are length"),
        (["length"], "must be a number"),
        (["length=x"], "must be a number"),
        (["length=10", "rise=30"], "contradict"),
        (["cuff=nan"], "contradict"),
        (["stance=-90"], "contradict"),
    ],
)
def test_measures_that_make_no_sense(measures, said):
    with pytest.raises(KeygridError, match=said):
        tailored("Trousers", None, measures)


def test_landmarks_are_found_on_a_tshirt_that_is_not_ours(shirt):
    """Compare with our own pattern, where they are known; on the real shirt, check what must hold."""
    ours = TShirt().build("ours")
    found = tshirt_landmarks(ours)
    assert set(found.names) == set(ours.landmarks.names)
    known = dict(zip(ours.landmarks.names, ours.landmarks.on(ours.vertices, ours.faces), strict=True))
    for name, place in zip(found.names, found.on(ours.vertices, ours.faces), strict=True):
        assert np.linalg.norm(place - known[name]) < (5 if "shoulder" in name else 1), name

    real = tshirt_landmarks(shirt)
    places = dict(zip(real.names, real.on(shirt.vertices, shirt.faces), strict=True))
    for name in ("hem", "underarm", "sleeve top", "shoulder", "neck"):
        mirrored = places[f"right {name}"] * [-1, 1, 1]
        assert np.linalg.norm(places[f"left {name}"] - mirrored) < 0.05 * shirt.diagonal, name
    assert places["front neck"][1] < places["back neck"][1]
    order = ["left hem", "left underarm", "left shoulder", "left neck"]
    assert np.all(np.diff([places[name][1] for name in order]) > 0)


def test_landmarks_of_something_else_are_refused():
    with pytest.raises(KeygridError, match="four openings"):
        tshirt_landmarks(tailored("Skirt", None, []))
