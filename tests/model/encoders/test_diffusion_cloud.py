"""The encoder that lets features diffuse on clouds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.sampling import sample
from keygrid.methods.learned import LearnedMethod
from keygrid.model.config import preset
from keygrid.model.encoders.cloud.config import DiffusionCloudConfig
from keygrid.model.network import KeyGrid
from keygrid.model.preparation import inputs_of, inputs_of_clouds
from tests.model.test_network import assert_sound


@pytest.fixture(scope="module")
def shirt() -> Garment:
    return read_garment(Path("assets/garments/tshirt-07-lift.npz")).still(12)


@pytest.fixture(scope="module")
def network() -> KeyGrid:
    torch.manual_seed(0)
    return KeyGrid(preset("keygrid-cloud")).eval()


@pytest.fixture(scope="module")
def points(shirt: Garment) -> NDArray[np.float64]:
    return sample(shirt, 1024).points


def features_of(network: KeyGrid, points: NDArray[np.float64]) -> torch.Tensor:
    inputs, _ = inputs_of_clouds([points], network.config)
    with torch.inference_mode():
        return network.encoder(inputs).point_features[0]


def test_clouds_give_keypoints_strengths_and_clouds(network: KeyGrid, shirt: Garment) -> None:
    inputs, _ = inputs_of_clouds([sample(shirt, 1024, seed=seed).points for seed in (0, 1)], network.config)
    with torch.no_grad():
        output = network(inputs)
    assert_sound(output, inputs.points, 8)
    assert output.strengths.shape == (2, 28)


def test_a_surface_is_seen_as_the_cloud_of_its_points(network: KeyGrid, shirt: Garment) -> None:
    drawn = sample(shirt, 1024)
    of_surface, _ = inputs_of([shirt], [drawn], network.config)
    with torch.inference_mode():
        found = network.encoder(of_surface).point_features[0]
    torch.testing.assert_close(found, features_of(network, drawn.points), rtol=0, atol=0)


@pytest.mark.parametrize("degrees", [17, 90, 200])
def test_features_are_the_same_however_a_cloud_is_turned(
    network: KeyGrid, points: NDArray[np.float64], degrees: float
) -> None:
    rotation = Rotation.from_euler("y", degrees, degrees=True).as_matrix()
    turned = features_of(network, points @ rotation.T)
    torch.testing.assert_close(turned, features_of(network, points), rtol=0, atol=0.05)


def test_a_reflected_cloud_is_told_apart(network: KeyGrid, points: NDArray[np.float64]) -> None:
    assert (features_of(network, points * [-1, 1, 1]) - features_of(network, points)).abs().max() > 0.05


def test_the_order_of_points_does_not_matter(network: KeyGrid, points: NDArray[np.float64]) -> None:
    order = np.random.default_rng(0).permutation(len(points))
    mixed = features_of(network, points[order])
    torch.testing.assert_close(mixed, features_of(network, points)[order], rtol=0, atol=0.02)


@pytest.mark.parametrize("count", [64, 65, 300])
def test_few_points_are_enough(network: KeyGrid, shirt: Garment, count: int) -> None:
    assert features_of(network, sample(shirt, count).points).isfinite().all()


def test_all_that_is_learnt_has_gradients(shirt: Garment) -> None:
    config = DiffusionCloudConfig(width=8, gradients=4, blocks=2, centroids=(32, 16, 8, 4))
    torch.manual_seed(0)
    network = KeyGrid(replace(preset("keygrid-cloud"), points=128, encoder=config)).train()
    inputs, _ = inputs_of_clouds([sample(shirt, 128, seed=s).points for s in (0, 1)], network.config)
    output = network(inputs)
    (output.keypoints.square().mean() + output.features[..., -3:].square().mean()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.encoder.parameters())


def test_a_checkpoint_finds_keypoints_of_clouds_and_surfaces(
    network: KeyGrid, shirt: Garment, points: NDArray[np.float64], tmp_path: Path
) -> None:
    Checkpoint(network.config, network.state_dict()).save(tmp_path / "cloud.safetensors")
    method = LearnedMethod(tmp_path / "cloud.safetensors")
    assert isinstance(method.config.encoder, DiffusionCloudConfig)
    assert not method.needs_surface
    twice = np.concatenate([points, points])
    cloud = Garment("cloud", twice, np.empty((0, 3), np.int64))
    for found in method.find([shirt, cloud]):
        assert found.keypoints.shape == (8, 3)
        assert np.isfinite(found.keypoints).all()
    assert method.places(shirt) is None
