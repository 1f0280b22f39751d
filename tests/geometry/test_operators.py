"""Operators of a surface: what they are, and what they do not depend on."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.geometry import operators as made
from keygrid.geometry.mesh import edges_of, face_normals, split_in_four
from keygrid.geometry.operators import Operators, eigenpairs, gradient, operators, vertex_normals
from keygrid.geometry.surface import MOST, directed_openings, outward, surface_of

Arrays = tuple[np.ndarray, np.ndarray]

SHIRT = Path("assets/garments/tshirt-07-lift.npz")


@pytest.fixture(scope="module")
def shirt() -> Arrays:
    """A T-shirt that hangs from a grip."""
    garment = read_garment(SHIRT)
    return garment.vertices_in(12), garment.faces


@pytest.fixture(scope="module")
def of_shirt(shirt: Arrays) -> Operators:
    return operators(*shirt)


def grid(rows: int, columns: int) -> Arrays:
    """A flat sheet, one wide and long."""
    x, y = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack(corners, -1).reshape(-1, 3) for corners in ((a, b, c), (a, c, d))])
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1), faces


def tube(around: int, along: int, length: float = 2.0) -> Arrays:
    """An open cylinder of radius 1, normals outwards."""
    angle, height = np.meshgrid(np.arange(around) * 2 * np.pi / around, np.linspace(0, length, along))
    index = np.arange(around * along).reshape(along, around)
    after = np.roll(index, -1, axis=1)
    quads = (index[:-1], after[:-1], after[1:]), (index[:-1], after[1:], index[1:])
    faces = np.concatenate([np.stack(corners, -1).reshape(-1, 3) for corners in quads])
    return np.stack([np.cos(angle).ravel(), np.sin(angle).ravel(), height.ravel()], axis=1), faces


# Gradients and eigenpairs.


def gradient_by_hand(vertices: np.ndarray, faces: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return, for each triangle, the vector in its plane along which the function rises as along two edges."""
    summed, around = np.zeros_like(vertices), np.zeros(len(vertices))
    for a, b, c in faces:
        edges = np.stack([vertices[b] - vertices[a], vertices[c] - vertices[a]])
        slope = np.linalg.pinv(edges) @ [values[b] - values[a], values[c] - values[a]]
        area = np.linalg.norm(np.cross(*edges))
        for corner in (a, b, c):
            summed[corner] += area * slope
            around[corner] += area
    return summed / around[:, None]


@given(st.integers(0, 2**32))
def test_gradient_follows_the_plain_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vertices, faces = grid(4, 5)
    vertices = vertices + rng.normal(size=vertices.shape) * 0.05
    values = rng.normal(size=len(vertices))
    found = (gradient(vertices, faces) @ values).reshape(3, -1).T
    np.testing.assert_allclose(found, gradient_by_hand(vertices, faces, values), atol=1e-9)


def test_gradient_of_a_linear_function_is_the_same_everywhere() -> None:
    vertices, faces = grid(7, 9)
    found = (gradient(vertices, faces) @ (vertices @ [2.0, -3.0, 5.0])).reshape(3, -1)
    np.testing.assert_allclose(found, np.broadcast_to([[2.0], [-3.0], [0.0]], found.shape), atol=1e-9)


def test_eigenvalues_of_a_square_are_those_of_free_membranes() -> None:
    vertices, faces = grid(40, 40)
    found = operators(vertices, faces).values[:6]
    np.testing.assert_allclose(found, np.pi**2 * np.array([0, 1, 1, 2, 4, 4]), rtol=0.01, atol=1e-3)


def test_eigenvectors_are_orthonormal(of_shirt: Operators) -> None:
    product = of_shirt.basis.T @ (of_shirt.area[:, None] * of_shirt.basis)
    np.testing.assert_allclose(product, np.eye(made.EIGENPAIRS), atol=1e-3)


def test_a_tiny_surface_has_fewer_eigenpairs() -> None:
    import robust_laplacian

    vertices, faces = grid(3, 3)
    laplacian, mass = robust_laplacian.mesh_laplacian(vertices, faces)
    values, basis = eigenpairs(laplacian, mass.diagonal(), 12)
    assert values.shape == (12,)
    assert basis.shape == (9, 12)
    assert not basis[:, 7:].any()
    assert (values[7:] > 1e5).all()


# What nothing depends on.


@pytest.mark.parametrize("turn", range(24))
def test_no_rotation_changes_what_a_network_sees(shirt: Arrays, of_shirt: Operators, turn: int) -> None:
    vertices, faces = shirt
    rotation = Rotation.create_group("O")[turn].as_matrix()
    turned = operators(vertices @ rotation.T, faces)
    np.testing.assert_allclose(turned.features, of_shirt.features, atol=2e-3)
    np.testing.assert_allclose(turned.values, of_shirt.values, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(turned.normals, of_shirt.normals @ rotation.T, atol=1e-5)


def test_units_and_place_do_not_matter(shirt: Arrays, of_shirt: Operators) -> None:
    vertices, faces = shirt
    moved = operators(vertices * 0.0254 + [3.0, -1.0, 2.0], faces)
    np.testing.assert_allclose(moved.features, of_shirt.features, atol=2e-3)


def test_a_reflection_turns_the_sign_of_the_odd_product(shirt: Arrays, of_shirt: Operators) -> None:
    """n . (g x h) of two gradients is what tells left from right; everything else stays."""
    vertices, faces = shirt
    mirror = operators(vertices * [-1, 1, 1], faces)

    def odd(seen: Operators) -> np.ndarray:
        spectrum = seen.basis.T @ (seen.area[:, None] * seen.features[:, [5, 16]])
        of_features = seen.slopes @ spectrum
        return np.einsum("av,av->v", seen.normals.T, np.cross(of_features[..., 0], of_features[..., 1], axis=0))

    assert mirror.is_oriented
    np.testing.assert_allclose(mirror.features, of_shirt.features, atol=2e-3)
    there, here = odd(mirror), odd(of_shirt)
    np.testing.assert_allclose(there, -here, atol=2e-2 * np.abs(here).max())
    assert np.abs(here).max() > 0


def test_features_converge_as_triangles_are_split() -> None:
    coarse, middle, fine = (operators(*tube(n, n)) for n in (24, 48, 72))
    heights = [tube(n, n)[0] for n in (24, 48, 72)]

    def error(one: int, seen: Operators) -> float:
        near = cKDTree(heights[2]).query(heights[one])[1]
        return float(np.abs(seen.features - fine.features[near]).mean())

    assert error(1, middle) < error(0, coarse)
    assert error(1, middle) < 0.05


# Meshes as people have them.


def test_normals_point_outwards_however_triangles_are_wound(shirt: Arrays) -> None:
    vertices, faces = shirt
    outwards = vertex_normals(vertices, outward(vertices, faces)[0])
    rng = np.random.default_rng(0)
    mixed = np.where(rng.random(len(faces))[:, None] < 0.5, faces, faces[:, ::-1])
    for other in (faces[:, ::-1], mixed):
        found, told = outward(vertices, other)
        assert told
        np.testing.assert_allclose(vertex_normals(vertices, found), outwards, atol=1e-9)


@pytest.mark.parametrize("name", ["tshirt-07-drop", "tshirt-07-fold-half", "tshirt-08-fold-sleeve", "dress-06-drop"])
def test_a_garment_that_lies_flat_is_oriented(name: str) -> None:
    garment = read_garment(Path(f"assets/garments/{name}.npz"))
    for frame in (0, garment.frame_count // 2, garment.frame_count - 1):
        found, told = outward(garment.vertices_in(frame), garment.faces)
        assert told
        np.testing.assert_array_equal(found, garment.faces)


def test_a_sheet_has_no_inside() -> None:
    assert not outward(*grid(10, 10))[1]


def test_openings_are_the_ends_of_a_tube() -> None:
    vertices, faces = tube(20, 10)
    loops = directed_openings(faces, len(vertices))
    assert sorted(len(loop) for loop in loops) == [20, 20]
    for loop in loops:
        assert set(loop[:, 0]) == set(loop[:, 1])


def test_seams_are_welded_and_stray_vertices_are_no_part_of_the_surface() -> None:
    vertices, faces = tube(30, 30)
    apart = vertices[faces].reshape(-1, 3)  # each triangle by itself
    stray = np.concatenate([apart, [[9.0, 9.0, 9.0]]])
    surface = surface_of(stray, np.arange(len(apart)).reshape(-1, 3))
    assert len(surface.vertices) == len(vertices)
    np.testing.assert_allclose(surface.carry[:-1] @ surface.vertices, apart, atol=1e-5)
    np.testing.assert_allclose(surface.carry.sum(axis=1), 1)


def test_buttons_take_after_the_cloth_beneath_them() -> None:
    vertices, faces = tube(30, 30)
    button, triangles = grid(3, 3)
    both = np.concatenate([vertices, button * 0.05 + [1.02, 0.0, 1.0]])
    surface = surface_of(both, np.concatenate([faces, triangles + len(vertices)]))
    assert len(surface.vertices) == len(vertices)
    beneath = surface.carry[len(vertices) :] @ surface.vertices
    assert np.linalg.norm(beneath - button * 0.05 - [1.02, 0.0, 1.0], axis=1).max() < 0.15


def test_triangles_without_area_change_nothing() -> None:
    vertices, faces = tube(30, 30)
    more = np.concatenate([faces, [[0, 1, 1], [5, 5, 5], [0, 0, 7]]])
    np.testing.assert_array_equal(operators(vertices, more).features, operators(vertices, faces).features)


def test_a_mesh_without_area_is_refused() -> None:
    with pytest.raises(KeygridError, match="has no area"):
        surface_of(np.zeros((3, 3)), np.array([[0, 1, 2]]))


def test_a_coarse_mesh_is_made_finer() -> None:
    vertices, faces = tube(8, 6)
    seen = operators(vertices, faces)
    assert len(seen.features) >= 400
    np.testing.assert_allclose(seen.carry @ surface_of(vertices, faces).vertices, vertices, atol=1e-9)


def test_a_fine_mesh_is_seen_through_a_proxy_that_keeps_layers_apart(shirt: Arrays) -> None:
    vertices, faces = shirt
    rest = read_garment(SHIRT).vertices
    while len(vertices) <= MOST:
        edges, finer = split_in_four(len(vertices), faces)
        vertices, rest = (np.concatenate([v, v[edges].mean(axis=1)]) for v in (vertices, rest))
        faces = finer
    surface = surface_of(vertices, faces)
    assert 2000 < len(surface.vertices) <= 3000
    edges, counts = edges_of(surface.faces)
    assert (counts <= 2).mean() > 0.98
    assert surface.is_oriented
    # Vertices that share a triangle of the proxy are close to each other at rest.
    stands_for = cKDTree(vertices).query(surface.vertices)[1]
    apart = np.linalg.norm(rest[stands_for][edges[:, 0]] - rest[stands_for][edges[:, 1]], axis=1)
    assert np.quantile(apart, 0.999) < 0.15 * np.ptp(rest, axis=0).max()
    moved = np.linalg.norm(surface.carry @ surface.vertices - vertices, axis=1)
    assert moved.mean() < 0.03 * np.ptp(vertices, axis=0).max()
    area = np.linalg.norm(face_normals(surface.vertices, surface.faces), axis=1).sum()
    assert area == pytest.approx(np.linalg.norm(face_normals(vertices, faces), axis=1).sum(), rel=0.15)
