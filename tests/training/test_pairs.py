"""Two clouds of one garment, of which it is known what is the same material."""

import numpy as np
import pytest
import torch

from keygrid.data.garment import Garment
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError
from keygrid.training import pairs as correspondence
from keygrid.training.pairs import Cloth, Pair


def sheet(side: int = 11) -> Garment:
    """A unit square of cloth, rolled up in its second frame."""
    u, v = (axis.ravel() for axis in np.meshgrid(*[np.linspace(0, 1, side)] * 2, indexing="ij"))
    corner = np.arange(side * side).reshape(side, side)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    flat, rolled = np.stack([u, v, 0 * u], axis=1), np.stack([np.cos(5 * u) / 5, v, np.sin(5 * u) / 5], axis=1)
    return Garment("sheet", flat, faces, frames=np.stack([flat, rolled]).astype(np.float32))


@pytest.fixture
def garment() -> Garment:
    return sheet()


def pair_of(garment: Garment, points: int = 100) -> Pair:
    return Pair.of(Cloth.of(garment), garment.faces, [sample(garment, points, seed) for seed in (1, 2)])


def test_anchors_know_how_far_apart_they_are_on_the_cloth(garment: Garment) -> None:
    cloth = Cloth.of(garment)
    assert cloth.distances.shape == (121, 121)
    assert cloth.shares.sum().item() == pytest.approx(1)
    first, last = cloth.nearest[0], cloth.nearest[-1]
    assert cloth.distances[first, last].item() == pytest.approx(np.sqrt(2), rel=0.05)
    torch.testing.assert_close(cloth.distances, cloth.distances.T)
    assert sorted(cloth.nearest.tolist()) == list(range(121))


def test_of_many_vertices_some_are_anchors(garment: Garment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correspondence, "ANCHORS", 30)
    cloth = Cloth.of(garment)
    assert cloth.distances.shape == (30, 30)
    assert cloth.nearest.unique().tolist() == list(range(30))
    assert cloth.shares.sum().item() == pytest.approx(1)
    assert 0 < cloth.shares.min() < cloth.shares.max() < 0.1


def test_positions_at_rest_are_centred(garment: Garment) -> None:
    cloth, pair = Cloth.of(garment), pair_of(garment)
    assert cloth.rest.amin(0).tolist() == [-1, -1, 0]
    assert cloth.rest.amax(0).tolist() == [1, 1, 0]
    expected = 2 * sample(garment, 100, 2).points - [1, 1, 0]
    np.testing.assert_allclose(pair.rest[1], expected, atol=1e-6)
    np.testing.assert_allclose(pair.mirrored(0).rest, pair.rest * torch.tensor([-1.0, 1, 1]))


def test_weights_move_to_the_cloth_and_values_back(garment: Garment) -> None:
    pair = pair_of(garment)
    weights = torch.rand(2, 3, 100, generator=torch.Generator().manual_seed(0))
    on_cloth = pair.on_cloth(weights)
    torch.testing.assert_close(on_cloth.sum(-1), weights.sum(-1))
    # What is linear on the material comes out as it is at the points, whichever way it is taken.
    values = torch.empty(121)
    values[pair.cloth.nearest] = pair.cloth.rest[:, 0]
    at_points = pair.at_points(values.expand(2, 3, -1))
    torch.testing.assert_close(at_points, pair.rest[:, None, :, 0].expand(-1, 3, -1), rtol=0, atol=1e-6)
    torch.testing.assert_close((on_cloth * values).sum(-1), (weights * at_points).sum(-1), rtol=0, atol=1e-4)


def test_it_goes_to_a_device_with_its_cloth(garment: Garment) -> None:
    pair = pair_of(garment).to(torch.device("meta"))
    assert {t.device.type for t in (pair.anchors, pair.barycentric, pair.rest, *vars(pair.cloth).values())} == {"meta"}


def test_a_cloud_has_no_cloth() -> None:
    with pytest.raises(KeygridError, match="is a cloud"):
        Cloth.of(Garment("dust", np.random.default_rng(0).normal(size=(80, 3)), np.empty((0, 3), np.int64)))
