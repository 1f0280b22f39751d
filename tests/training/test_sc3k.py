"""What SC3K learns from, by hand and at its limits, and the copies that it learns on."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from keygrid.data.augmentation import Augmentation, rotation
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.methods import open_method
from keygrid.model.config import ModelConfig, preset
from keygrid.model.encoders.residual.config import ResidualConfig
from keygrid.training import sc3k
from keygrid.training.config import preset as training_preset
from keygrid.training.dataset import Clouds, TurnedClouds
from keygrid.training.trainer import Trainer


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def turns(*angles: float) -> Tensor:
    return torch.from_numpy(np.stack([rotation(1, math.radians(angle)) for angle in angles]))


@pytest.fixture(scope="module")
def config() -> ModelConfig:
    small = ResidualConfig(widths=(8, 12, 16), transform=(8, 12), transform_head=(8,), blocks=(12, 8))
    return replace(preset("sc3k", 4), points=96, encoder=small)


def test_distances_are_those_of_a_loop() -> None:
    keypoints, points = draw(3, 5, 3), draw(3, 40, 3, seed=1)
    apart, to_keypoints, to_points = [], [], []
    for k, p in zip(keypoints, points, strict=True):
        nearest = [min((a - b).norm() for b in k if b is not a and not torch.equal(a, b)) for a in k]
        apart.append(1 / torch.stack(nearest).mean())
        to_keypoints.append(torch.stack([torch.stack([(a - b).norm() for b in k]).min() for a in p]).mean())
        to_points.append(torch.stack([torch.stack([(a - b).norm() for b in p]).min() for a in k]).mean())
    torch.testing.assert_close(sc3k.separation(keypoints), torch.stack(apart).mean())
    torch.testing.assert_close(sc3k.to_keypoints(keypoints, points), torch.stack(to_keypoints).mean())
    torch.testing.assert_close(sc3k.to_points(keypoints, points), torch.stack(to_points).mean())


def test_keypoints_that_overlap_are_counted_from_both_sides() -> None:
    apart = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]])
    near = torch.tensor([[[0.0, 0, 0], [0.04, 0, 0], [0, 1, 0]]])
    assert sc3k.overlap(apart).item() == 0
    assert sc3k.overlap(torch.cat([apart, near])).item() == 1
    assert sc3k.separation(torch.zeros(1, 4, 3)).isfinite()


def test_boxes_of_the_same_size_do_not_differ() -> None:
    points = draw(2, 50, 3)
    corners = torch.stack([points.amin(1), points.amax(1)], dim=1)
    assert sc3k.box(corners, points).item() == 0
    assert sc3k.box(corners / 2, points).item() > 0


def test_keypoints_that_turn_with_their_copies_lose_nothing() -> None:
    shape, of_copies = draw(2, 6, 3), turns(20, -130, 75, 75)
    keypoints = shape.repeat_interleave(2, dim=0) @ of_copies.transpose(1, 2)
    assert sc3k.turned(keypoints, of_copies).item() == pytest.approx(0, abs=1e-12)
    assert sc3k.pose(keypoints, of_copies).item() == pytest.approx(0, abs=1e-6)
    still = shape.repeat_interleave(2, dim=0)
    assert sc3k.turned(still, of_copies).item() > 0.1
    assert sc3k.pose(still, of_copies).item() == pytest.approx(math.radians(150 / 2 / 2), abs=1e-6)


def test_a_reflection_is_no_pose() -> None:
    shape = draw(1, 6, 3)
    mirrored = torch.cat([shape, shape * torch.tensor([-1.0, 1, 1])])
    assert sc3k.pose(mirrored, turns(0, 0)).item() > 0.1


def test_gradients_are_finite_even_where_keypoints_nearly_coincide() -> None:
    keypoints = (draw(4, 5, 3) * 1e-4).requires_grad_()
    of_copies, points = turns(10, 100, -20, 30), draw(4, 40, 3, seed=2)
    terms = [
        sc3k.separation(keypoints), sc3k.to_keypoints(keypoints, points), sc3k.to_points(keypoints, points),
        sc3k.box(keypoints, points), sc3k.turned(keypoints, of_copies), sc3k.pose(keypoints, of_copies),
    ]  # fmt: skip
    (gradient,) = torch.autograd.grad(torch.stack(terms).sum(), keypoints)
    assert gradient.isfinite().all()
    assert gradient.abs().amin(dim=(1, 2)).shape == (4,)


@pytest.fixture
def clouds(shirt: Garment, config: ModelConfig) -> TurnedClouds:
    return TurnedClouds(Dataset.of([shirt]), config, Augmentation(rotate=180.0, deform=0.1), (0, 0))


def test_copies_of_a_cloud_are_turned_onto_each_other(clouds: TurnedClouds) -> None:
    batch = clouds.batch(range(4))
    assert batch.turns is not None
    onto = batch.turns[::2] @ batch.turns[1::2].transpose(1, 2)
    torch.testing.assert_close(batch.points[::2], batch.points[1::2] @ onto.transpose(1, 2), rtol=0, atol=1e-5)
    assert (batch.points[0] - batch.points[1]).abs().max() > 0.1
    assert (batch.points[0] - batch.points[2]).abs().max() > 0.1
    torch.testing.assert_close(batch.points.norm(dim=-1).amax(1), torch.ones(4))
    torch.testing.assert_close(batch.points.mean(1), torch.zeros(4, 3), rtol=0, atol=1e-5)


def test_copies_differ_in_noise_and_repeat_with_the_pool(clouds: TurnedClouds) -> None:
    noisy = replace(clouds, augmentation=replace(clouds.augmentation, rotate=0.0, noise=0.01), pool=4)
    first, second = noisy.batch([0, 1]), noisy.batch([4, 5])
    assert torch.equal(first.points, second.points)
    assert not torch.equal(first.points[0], first.points[1])
    assert (first.points[0] - first.points[1]).abs().max() < 0.1


def test_sc3k_trains_and_predicts_keypoints_without_segments(
    config: ModelConfig, shirt: Garment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
    training = replace(training_preset("sc3k", 4, epochs=2), epoch_size=4, batch=4, validation_size=4)
    trainer = Trainer(Dataset.of([shirt]), config, training, tmp_path)
    assert type(trainer.clouds) is TurnedClouds
    trainer.fit()
    (found,) = open_method(tmp_path / "checkpoints" / "last.safetensors").find([shirt])
    assert found.normalised.shape == (4, 3)
    assert found.edges.shape == (0, 2)
    assert found.strengths.shape == (0,)
    assert found.heated is None
    assert found.reconstruction.shape == (0, 3)
    np.testing.assert_allclose(found.explain().weights.sum(axis=1), 1, rtol=1e-5)


def test_losses_on_frames_and_on_copies_exclude_each_other() -> None:
    with pytest.raises(KeygridError, match="can use only one kind"):
        replace(training_preset("sc3k", 8), weights={"turned": 1, "strict": 1})
    with pytest.raises(KeygridError, match="that are even"):
        replace(training_preset("sc3k", 8), batch=3)


def test_without_losses_on_copies_clouds_come_one_by_one(config: ModelConfig, shirt: Garment, tmp_path: Path) -> None:
    training = replace(training_preset("sc3k", 4), weights={"shape": 1}, validation_size=4)
    assert type(Trainer(Dataset.of([shirt]), config, training, tmp_path).clouds) is Clouds
