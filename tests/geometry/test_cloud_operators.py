"""Operators of clouds, and normals that know which side is out."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError
from keygrid.geometry.cloud_operators import FEATURES, NODES, cloud_operators
from keygrid.geometry.operators import EIGENPAIRS, Operators, vertex_normals
from keygrid.geometry.orientation import oriented_normals

FINITE = ("features", "values", "basis", "slopes", "area", "normals")


@pytest.fixture(scope="module")
def shirt() -> Garment:
    """A shirt that has been laid down."""
    return read_garment(Path("assets/garments/tshirt-07-fold-half.npz")).still(0)


@pytest.fixture(scope="module")
def points(shirt: Garment) -> NDArray[np.float64]:
    return sample(shirt, 2048).points


@pytest.fixture(scope="module")
def known(points: NDArray[np.float64]) -> Operators:
    return cloud_operators(points)


def sphere(count: int) -> NDArray[np.float64]:
    steps = np.arange(count) + 0.5
    z, turn = 1 - 2 * steps / count, np.pi * (1 + 5**0.5) * steps
    return np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], axis=1)


def test_normals_of_a_shirt_that_lies_flat_point_outwards(shirt: Garment) -> None:
    drawn = sample(shirt, 2048, seed=1)
    truth = drawn.on(vertex_normals(shirt.vertices, shirt.faces), shirt.faces)
    normals, _ = oriented_normals(drawn.points)
    assert ((normals * truth).sum(axis=1) > 0).mean() > 0.93
    lengths = np.linalg.norm(normals, axis=1)
    assert lengths.max() <= 1
    sure = lengths > 0.9
    assert ((normals * truth).sum(axis=1) > 0)[sure].mean() > 0.97


def test_edges_keep_to_a_layer(shirt: Garment) -> None:
    """What is beside each other on both layers has other values in slow eigenvectors: the layers are far apart."""
    drawn = sample(shirt, 2048, seed=1)
    front = drawn.on(vertex_normals(shirt.vertices, shirt.faces), shirt.faces)[:, 1] > 0
    found = cloud_operators(drawn.points)
    slow = found.carry @ found.basis[:, 1:9]
    apart = np.abs(slow[front].mean(axis=0) - slow[~front].mean(axis=0)) / slow.std(axis=0)
    assert apart.max() > 1


def test_eigenvalues_of_a_sphere_are_known() -> None:
    found = cloud_operators(sphere(1024))
    # l (l + 1) times 4 pi, as the area is one; three of the first kind and five of the second.
    expected = 4 * np.pi * np.repeat([2.0, 6.0], [3, 5])
    shares = found.values[1:9] / expected
    np.testing.assert_allclose(shares / shares.mean(), 1, atol=0.15)
    assert 0.5 < shares.mean() < 2


def test_eigenvectors_are_orthonormal(known: Operators) -> None:
    products = known.basis.T @ (known.area[:, None] * known.basis)
    np.testing.assert_allclose(products, np.eye(EIGENPAIRS), atol=1e-3)
    assert known.features.shape == (NODES, FEATURES)
    assert known.carry.shape == (2048, NODES)
    np.testing.assert_allclose(np.asarray(known.carry.sum(axis=1)), 1, atol=1e-12)


def test_gradients_of_heights_lead_upwards_along_a_sphere() -> None:
    cloud = sphere(1024)
    found = cloud_operators(cloud)
    on_nodes = np.linalg.lstsq(found.carry.toarray(), cloud[:, 2], rcond=None)[0]
    spectrum = found.basis.T @ (found.area * on_nodes)
    slopes = np.stack([found.carry @ slope for slope in found.slopes @ spectrum], axis=1)
    upwards = np.array([0, 0, 1]) - cloud[:, 2:] * cloud
    assert np.corrcoef(slopes.ravel(), upwards.ravel())[0, 1] > 0.97
    np.testing.assert_allclose((slopes * upwards).sum() / np.square(upwards).sum(), np.sqrt(4 * np.pi), rtol=0.3)


@pytest.mark.parametrize("degrees", [30, 90, 145, 270])
def test_a_turn_turns_vectors_and_nothing_else(points: NDArray[np.float64], known: Operators, degrees: float) -> None:
    rotation = Rotation.from_euler("y", degrees, degrees=True).as_matrix()
    turned = cloud_operators(points @ rotation.T * 3 + 10)
    # Points are sorted by coordinates, so the nodes come in another order.
    before, after = known.carry @ known.features, turned.carry @ turned.features
    np.testing.assert_allclose(after, before, atol=0.05)
    np.testing.assert_allclose(turned.carry @ turned.normals, known.carry @ known.normals @ rotation.T, atol=1e-3)


def test_the_order_of_points_does_not_matter(points: NDArray[np.float64], known: Operators) -> None:
    order = np.random.default_rng(0).permutation(len(points))
    mixed = cloud_operators(points[order])
    np.testing.assert_allclose(mixed.carry @ mixed.features, (known.carry @ known.features)[order], atol=1e-4)


@pytest.mark.parametrize("count", [16, 64, 100])
def test_small_clouds_serve(count: int) -> None:
    found = cloud_operators(sphere(count))
    assert found.basis.shape == (count, EIGENPAIRS)
    assert all(np.isfinite(getattr(found, name)).all() for name in FINITE)


def test_coincident_points_are_one() -> None:
    cloud = sphere(80)
    found = cloud_operators(np.concatenate([cloud, cloud, cloud[:5]]))
    assert len(found.basis) == 80
    assert found.carry.shape == (165, 80)
    once = cloud_operators(cloud)
    np.testing.assert_allclose(found.features, once.features, atol=1e-5)


@pytest.mark.parametrize(
    "cloud",
    [
        np.stack([np.arange(70.0), np.zeros(70), np.zeros(70)], axis=1),
        np.stack([np.arange(70.0) % 7, np.arange(70.0) // 7, np.zeros(70)], axis=1),
        np.concatenate([np.random.default_rng(0).normal(size=(70, 3)) * 1e-9, [[1.0, 0, 0]]]),
        np.random.default_rng(0).normal(size=(70, 3)) * 1e-20,
        np.random.default_rng(0).normal(size=(70, 3)) * 1e20,
    ],
    ids=["line", "grid", "speck and a far point", "tiny", "huge"],
)
def test_nothing_is_ever_not_a_number(cloud: NDArray[np.float64]) -> None:
    found = cloud_operators(cloud)
    assert all(np.isfinite(getattr(found, name)).all() for name in FINITE)
    assert np.isfinite(found.carry.data).all()


def test_too_few_different_points_are_refused() -> None:
    with pytest.raises(KeygridError, match="different points; this one has 3"):
        cloud_operators(np.repeat(np.eye(3), 30, axis=0))
