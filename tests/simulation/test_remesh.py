"""Meshes for the simulator, and the way back."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.simulation.garments import tailored
from keygrid.simulation.remesh import LARGEST_MESH, Remeshed, nearest_material, remesh

TRIANGLE = np.array([[0, 1, 2]])


@pytest.fixture(scope="module")
def skirt() -> Garment:
    return tailored("Skirt", None, [])


@pytest.fixture(scope="module")
def remeshed(skirt) -> Remeshed:
    return remesh(skirt, 500)


def test_edges_are_of_one_length_and_vertices_as_many_as_asked(remeshed):
    garment = remeshed.garment
    assert len(garment.vertices) == pytest.approx(500, rel=0.25)
    edges = np.diff(garment.vertices[garment.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)], axis=1)
    lengths = np.linalg.norm(edges[:, 0], axis=1)
    assert lengths.std() < 0.25 * lengths.mean()


def test_the_way_back_reproduces_the_original_surface(skirt, remeshed):
    np.testing.assert_allclose(remeshed.carry_back(remeshed.garment.vertices), skirt.vertices, atol=1e-9)


def test_the_way_back_follows_a_rigid_motion(skirt, remeshed):
    turn, shift = Rotation.from_rotvec([0.3, -1, 2]), [5, 6, 7]
    carried = remeshed.carry_back(turn.apply(remeshed.garment.vertices) + shift)
    np.testing.assert_allclose(carried, turn.apply(skirt.vertices) + shift, atol=1e-9)


def test_new_vertices_lie_on_the_original_surface(skirt, remeshed):
    points = remeshed.garment.vertices
    on_original = nearest_material(points, skirt.vertices, skirt.faces).on(skirt.vertices, skirt.faces)
    away = np.linalg.norm(on_original - points, axis=1)
    assert away.max() < 0.01 * skirt.diagonal


def test_landmarks_stay_in_place(skirt, remeshed):
    before = skirt.landmarks.on(skirt.vertices, skirt.faces)
    after = remeshed.garment.landmarks.on(remeshed.garment.vertices, remeshed.garment.faces)
    assert remeshed.garment.landmarks.names == skirt.landmarks.names
    assert np.linalg.norm(after - before, axis=1).max() < 0.02 * skirt.diagonal


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
def test_any_unit_will_do(skirt, remeshed, unit):
    scaled = remesh(replace(skirt, vertices=skirt.vertices * unit), 500)
    assert len(scaled.garment.vertices) == pytest.approx(len(remeshed.garment.vertices), rel=0.02)
    assert np.ptp(scaled.garment.vertices, axis=0) == pytest.approx(np.ptp(skirt.vertices, axis=0) * unit, rel=0.02)


def two_pieces(skirt: Garment) -> Garment:
    faces = np.concatenate([skirt.faces, skirt.faces + len(skirt.vertices)])
    return Garment("pair", np.concatenate([skirt.vertices, skirt.vertices + 200]), faces)


def moebius_strip() -> Garment:
    count = 12
    angles = 2 * np.pi * np.arange(count) / count
    sides = [
        np.stack([(1 + s * np.cos(angles / 2)) * np.cos(angles), (1 + s * np.cos(angles / 2)) * np.sin(angles),
                  s * np.sin(angles / 2)], axis=1)
        for s in (-0.3, 0.3)
    ]  # fmt: skip
    low, high = np.arange(count), np.arange(count) + count
    after_low, after_high = np.append(low[1:], high[0]), np.append(high[1:], low[0])
    faces = np.concatenate([np.stack([low, after_low, high], 1), np.stack([after_low, after_high, high], 1)])
    return Garment("g", np.concatenate(sides), faces)


def test_a_panel_wound_the_other_way_is_turned(skirt, remeshed):
    faces = skirt.faces.copy()
    faces[: len(faces) // 3] = faces[: len(faces) // 3, ::-1]
    turned = remesh(replace(skirt, faces=faces), 500)
    assert len(turned.garment.vertices) == len(remeshed.garment.vertices)


UNFIT = {
    "only one side": lambda _: moebius_strip(),
    "is a cloud": lambda _: Garment("g", np.eye(3), np.empty((0, 3), np.int64)),
    "no area": lambda _: Garment("g", np.outer(np.arange(3.0), [1, 1, 1]), TRIANGLE),
    "not manifold: 1 of its edges": lambda _: Garment("g", np.eye(5, 3), np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]])),
    "2 pieces": two_pieces,
    "simplify it": lambda _: Garment("g", np.eye(3), np.broadcast_to(TRIANGLE, (LARGEST_MESH + 1, 3))),
}


@pytest.mark.parametrize("said", UNFIT)
def test_what_cannot_be_simulated_is_refused_in_words(skirt, said):
    with pytest.raises(KeygridError, match=said):
        remesh(UNFIT[said](skirt), 500)
