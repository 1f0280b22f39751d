from dataclasses import replace

import numpy as np
import pytest
import torch

from keygrid.data.augmentation import Augmentation
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig
from keygrid.training.dataset import FRAMES_A_TURN, Batch, Clouds, PairedClouds, _spread


def make_garment(name: str = "a", scale: float = 1.0, points: int = 0) -> Garment:
    """A bent sheet, or a cloud of some points."""
    rng = np.random.default_rng(len(name))
    if points:
        return Garment(name, rng.normal(scale=scale, size=(points, 3)), np.empty((0, 3), dtype=np.int64))
    corners = np.array([[0, 0, 0], [1, 0, 0.3], [1, 2, 0], [0, 2, 0.5]]) * scale
    return Garment(name, corners, np.array([[0, 1, 2], [0, 2, 3]]))


def model(points: int) -> ModelConfig:
    return ModelConfig(points=points, normalisation="centred")


@pytest.fixture
def clouds() -> Clouds:
    return Clouds(Dataset.of([make_garment("a"), make_garment("b", 3.0)]), model(100), Augmentation(), (0, 1))


def test_clouds_are_normalised_float32(clouds: Clouds) -> None:
    batch = clouds.batch(range(0, 6)).points
    assert batch.shape == (6, 100, 3)
    assert batch.dtype == torch.float32
    torch.testing.assert_close(batch.amax((1, 2)), torch.ones(6), rtol=0, atol=1e-6)
    torch.testing.assert_close(batch.amin((1, 2)), -torch.ones(6), rtol=0, atol=1e-6)
    torch.testing.assert_close(batch.amax(1), -batch.amin(1), rtol=0, atol=1e-6)  # centred on every axis


def test_range_normalises_by_the_lowest_and_highest_coordinate(clouds: Clouds) -> None:
    batch = replace(clouds, model=replace(clouds.model, normalisation="range")).batch(range(0, 6)).points
    torch.testing.assert_close(batch.amax((1, 2)), torch.ones(6), rtol=0, atol=1e-6)
    torch.testing.assert_close(batch.amin((1, 2)), -torch.ones(6), rtol=0, atol=1e-6)
    assert (batch.amax(1) + batch.amin(1)).abs().max() > 0.1


def test_a_cloud_follows_from_its_number_alone(clouds: Clouds) -> None:
    together = clouds.batch(range(3, 8)).points
    assert torch.equal(torch.cat([clouds.batch([i]).points for i in range(3, 8)]), together)
    assert torch.equal(replace(clouds).batch(range(3, 8)).points, together)


def test_no_two_clouds_are_the_same(clouds: Clouds) -> None:
    others = [clouds, replace(clouds, seed=(1, 1)), replace(clouds, seed=(0, 2)), replace(clouds, seed=(2**32 - 1, 0))]
    batch = torch.cat([some.batch(range(0, 6)).points for some in others]).flatten(1)
    apart = (batch[:, None] - batch).abs().amax(-1)
    assert apart[~torch.eye(len(batch), dtype=torch.bool)].min() > 1e-2


def test_garments_take_turns() -> None:
    flat = Garment("flat", np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]]), np.array([[0, 1, 2]]))
    tall = Garment("tall", np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0.0]]), np.array([[0, 1, 2]]))
    batch = (
        Clouds(Dataset.of([flat, tall]), model(64), Augmentation(rotate=0, deform=0), (0,)).batch(range(0, 6)).points
    )
    lengths = batch.amax(1) - batch.amin(1)  # [6, 3]
    assert (lengths[::2, 2] == 0).all()
    assert (lengths[1::2, 0] == 0).all()
    assert (lengths[::2, 0] > 0.5).all()


def test_augmentation_is_applied_to_the_drawn_points(clouds: Clouds) -> None:
    garment = make_garment("a", points=100)
    still = replace(clouds, augmentation=Augmentation(rotate=0, deform=0), garments=Dataset.of([garment]))
    points = garment.vertices
    low, high = points.min(axis=0), points.max(axis=0)
    expected = (points - (low + high) / 2) / (high - low).max() * 2
    np.testing.assert_allclose(still.batch(range(0, 1)).points[0].numpy(), expected, atol=1e-6)
    assert (
        replace(still, augmentation=Augmentation()).batch(range(0, 1)).points - still.batch(range(0, 1)).points
    ).abs().max() > 0.05


def test_clouds_of_fewer_points_are_filled_up_by_repetition() -> None:
    small, large = make_garment("small", points=70), make_garment("large", points=500)
    batch = Clouds(Dataset.of([small, large]), model(128), Augmentation(), (0,)).batch(range(0, 4)).points
    assert batch.shape == (4, 128, 3)
    assert [len(cloud.unique(dim=0)) for cloud in batch] == [70, 128, 70, 128]


def test_a_pass_mixes_garments_and_sees_each_cloud_once(clouds: Clouds) -> None:
    passes = [clouds.shuffled(epoch, 20) for epoch in range(3)]
    assert [sorted(order) for order in passes] == [list(range(20 * e, 20 * e + 20)) for e in range(3)]
    assert all(order != sorted(order) for order in passes)
    assert [n - 20 for n in passes[1]] != passes[0]
    assert passes[1] == replace(clouds).shuffled(1, 20)
    assert passes[1] != replace(clouds, seed=(5, 1)).shuffled(1, 20)


@pytest.fixture
def paired() -> PairedClouds:
    """Of one sheet in two motions, and of another one."""
    sheet = make_garment("a")
    moved = [sheet.vertices + [0, 0, height] * np.array([[0], [1], [2], [0]]) for height in (0, 1, 2)]
    motions = [replace(sheet, frames=np.array(frames, np.float32)) for frames in (moved[:2], moved[1:])]
    other = Garment("other", sheet.vertices * 2, sheet.faces[:, ::-1].copy())
    augmentation = Augmentation(rotate=0, deform=0, mirror=True)
    return PairedClouds(Dataset.of([*motions, other]), model(80), augmentation, (0, 1))


def test_a_pair_follows_from_its_number_alone_and_shows_the_same_material(paired: PairedClouds) -> None:
    batch = paired.batch(range(4, 10))
    assert batch.points.shape == (6, 80, 3)
    assert batch.points.dtype == torch.float32
    assert len(batch.pairs) == 3
    again = replace(paired).batch(range(6, 8))
    assert torch.equal(again.points, batch.points[2:4])
    assert torch.equal(again.pairs[0].rest, batch.pairs[1].rest)


def test_points_of_a_pair_lie_where_their_material_is(paired: PairedClouds) -> None:
    """The other garment does not move, so its cloud is its shape at rest, reflected or not."""
    still = [pair for number in range(0, 24, 2) for pair in [paired.batch([number, number + 1])] if _is_still(pair)]
    assert len(still) >= 4
    signs = set()
    for batch in still:
        rest = batch.pairs[0].rest
        sign = torch.sign((batch.points * rest).sum((0, 1)))
        assert sign[1:].tolist() == [1, 1]
        signs.add(float(sign[0]))
        # Normalised by the points that were drawn, which don't reach quite as far as the vertices.
        torch.testing.assert_close(batch.points, rest, rtol=0, atol=0.15)
    assert signs == {1.0}  # what is reflected is reflected in both


def _is_still(batch: Batch) -> bool:
    height = batch.points[..., 2].amax(1) - batch.points[..., 2].amin(1)
    return bool((height < 0.7).all()) and bool((batch.pairs[0].rest[..., 2].abs() < 0.3).all())


def test_motions_of_one_garment_are_mixed_and_pairs_stay_together(paired: PairedClouds) -> None:
    assert len(paired.batch(range(2)).pairs[0].cloth.shares) == 4
    numbers = paired.shuffled(3, 20)
    assert sorted(numbers) == list(range(60, 80))
    assert [b - a for a, b in zip(numbers[::2], numbers[1::2], strict=True)] == [1] * 10
    assert numbers != sorted(numbers)
    cloths = {id(pair.cloth) for pair in paired.batch(range(8)).pairs}
    assert len(cloths) == 2


def test_dropped_points_take_their_material_with_them(paired: PairedClouds) -> None:
    thinned = replace(paired, augmentation=replace(paired.augmentation, drop=0.9))
    for number in range(0, 8, 2):
        batch = thinned.batch([number, number + 1])
        for points, rest in zip(batch.points, batch.pairs[0].rest, strict=True):
            together = torch.cat([points, rest], dim=1).unique(dim=0)
            assert len(together) == len(points.unique(dim=0))


def test_garments_with_more_frames_come_more_often_and_evenly() -> None:
    sheet = make_garment("a")
    frames = np.repeat(sheet.vertices[None].astype(np.float32), 3 * FRAMES_A_TURN, axis=0)
    others = [Garment(f"still {number}", sheet.vertices, sheet.faces[:, [1, 2, 0]] + 4 * number) for number in (0, 1)]
    others = [replace(one, vertices=np.tile(sheet.vertices, (number + 1, 1))) for number, one in enumerate(others)]
    data = Dataset.of([replace(sheet, frames=frames), *others])
    pairs = PairedClouds(data, model(80), Augmentation(), (0,)).batch(range(20)).pairs
    shown = [id(pair.cloth) for pair in pairs]
    assert shown[:5] == shown[5:]
    assert sorted(shown[:5].count(cloth) for cloth in set(shown)) == [1, 1, 3]
    often = max(shown, key=shown.count)
    assert [cloth == often for cloth in shown[:5]] == [True, True, False, True, False]


def test_a_template_is_spread_over_the_garments_and_on_them(paired: PairedClouds) -> None:
    template = paired.template(4)
    assert torch.equal(template, replace(paired).template(4))
    rest = torch.cat([pair.cloth.rest for pair in paired.batch(range(8)).pairs])
    assert torch.cdist(template, rest).amin(1).max() == 0
    assert len(template.unique(dim=0)) == 4


def test_clouds_have_no_pairs() -> None:
    dust = PairedClouds(Dataset.of([make_garment("dust", points=90)]), model(80), Augmentation(), (0,))
    with pytest.raises(KeygridError, match="choose the preset released"):
        dust.batch(range(2))


def test_a_small_part_that_is_far_away_has_a_place_of_its_own() -> None:
    rng = np.random.default_rng(0)
    body, sleeve = rng.random((2000, 3)), [1.6, 0.5, 0.5] + 0.1 * rng.random((20, 3))
    places, _ = min((_spread(np.concatenate([body, sleeve]), 8, rng) for _ in range(8)), key=lambda found: found[1])
    assert np.linalg.norm(places - sleeve.mean(axis=0), axis=1).min() < 0.4
    assert np.isfinite(_spread(np.zeros((20, 3)), 4, rng)[0]).all()
