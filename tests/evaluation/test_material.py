import numpy as np
import pytest

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.evaluation.material import Material


def sheet(side: int = 21, length: float = 50.0) -> Garment:
    """A square of cloth in the plane z = 0."""
    u, v = np.meshgrid(*[np.linspace(0, length, side)] * 2, indexing="ij")
    vertices = np.stack([u, v, np.zeros_like(u)], axis=-1).reshape(-1, 3)
    corner = np.arange(side * side).reshape(side, side)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return Garment("sheet", vertices, faces)


def test_the_refined_mesh_lies_on_the_surface_and_is_fine() -> None:
    garment = sheet()
    material = Material.of(garment)
    places = material.of_vertices @ garment.vertices
    assert material.unit == pytest.approx(50)
    assert len(places) > 4 * len(garment.vertices)
    assert np.ptp(places, axis=0).tolist() == pytest.approx([50, 50, 0])
    np.testing.assert_allclose(np.asarray(material.of_vertices.sum(axis=1)).ravel(), 1)
    assert np.median(material.graph.data) <= 0.0145 * 50  # the lines across are longer than edges


def test_vertices_share_the_area() -> None:
    garment = sheet(side=6)
    material = Material.of(garment)
    places = material.of_vertices @ garment.vertices
    assert material.shares.sum() == pytest.approx(1)
    assert material.shares[places[:, 0] <= 25].sum() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(material.shares @ places, [25, 25, 0], atol=1e-9)


def test_distances_are_those_in_the_plane() -> None:
    garment = sheet()
    material = Material.of(garment)
    places = material.of_vertices @ garment.vertices
    sources = np.array([0, 3, len(places) - 1, 3])
    found = material.distances(sources)
    expected = np.linalg.norm(places[sources][:, None] - places, axis=-1) / 50
    assert found.shape == (4, len(places))
    assert (found >= expected - 1e-12).all()
    assert (found <= expected * 1.09 + 1e-12).all()  # the worst direction
    assert np.median(found[expected > 0.1] / expected[expected > 0.1]) < 1.04
    np.testing.assert_array_equal(found[1], found[3])


def test_distances_follow_the_cloth_where_it_is_bent() -> None:
    flat = sheet()
    angle = flat.vertices[:, 0] / 50 * np.pi
    bent = np.stack([np.cos(angle), flat.vertices[:, 1] * np.pi / 50, np.sin(angle)], axis=1) * 50 / np.pi
    material = Material.of(Garment("bent", bent, flat.faces))
    found = material.distances(np.array([0]))[0]
    np.testing.assert_allclose(found, Material.of(flat).distances(np.array([0]))[0], atol=0.01)


def test_what_hangs_together_nowhere_is_as_far_as_the_farthest() -> None:
    one = sheet(side=5)
    above = one.vertices + np.array([0, 0, 9])
    both = Garment("two", np.concatenate([one.vertices, above]), np.concatenate([one.faces, one.faces + 25]))
    found = Material.of(both).distances(np.array([0]))[0]
    assert np.isfinite(found).all()
    assert found[25] == pytest.approx(found.max())


def test_a_cloud_has_no_cloth() -> None:
    with pytest.raises(KeygridError, match="is a cloud"):
        Material.of(Garment("dust", np.zeros((9, 3)), np.zeros((0, 3), np.int64)))
