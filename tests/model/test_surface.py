"""The surface encoder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError
from keygrid.methods.learned import LearnedMethod
from keygrid.model.config import ModelConfig, preset
from keygrid.model.encoders.surface.config import SurfaceConfig
from keygrid.model.network import KeyGrid
from keygrid.model.preparation import inputs_of


@pytest.fixture(scope="module")
def shirt() -> Garment:
    return read_garment(Path("assets/garments/tshirt-07-lift.npz")).still(12)


@pytest.fixture(scope="module")
def network() -> KeyGrid:
    torch.manual_seed(0)
    return KeyGrid(preset("keygrid-surface")).eval()


def features_of(network: KeyGrid, garment: Garment) -> torch.Tensor:
    inputs, _ = inputs_of([garment], [sample(garment, 1024)], network.config)
    with torch.inference_mode():
        return network.encoder(inputs).point_features[0]


def test_a_surface_gives_keypoints_strengths_and_a_cloud(network: KeyGrid, shirt: Garment) -> None:
    inputs, _ = inputs_of([shirt] * 2, [sample(shirt, 1024, seed=s) for s in (0, 1)], network.config)
    output = network(inputs)
    assert output.weights.shape == (2, 8, 1024)
    assert output.keypoints.shape == (2, 8, 3)
    assert output.strengths.shape == (2, 28)
    assert output.reconstruction.shape == (2, 1024, 3)
    torch.testing.assert_close(output.weights.sum(-1), torch.ones(2, 8))


@pytest.mark.parametrize("turn", range(24))
def test_features_are_the_same_however_a_garment_is_turned(network: KeyGrid, shirt: Garment, turn: int) -> None:
    rotation = Rotation.create_group("O")[turn].as_matrix()
    turned = replace(shirt, vertices=shirt.vertices @ rotation.T)
    torch.testing.assert_close(features_of(network, turned), features_of(network, shirt), rtol=0, atol=0.02)


def test_a_reflected_garment_is_told_apart(network: KeyGrid, shirt: Garment) -> None:
    mirrored = replace(shirt, vertices=shirt.vertices * [-1, 1, 1])
    assert (features_of(network, mirrored) - features_of(network, shirt)).abs().max() > 0.1


def test_places_are_told_of_every_vertex_of_a_mesh(network: KeyGrid, shirt: Garment, tmp_path: Path) -> None:
    Checkpoint(network.config, network.state_dict()).save(tmp_path / "surface.safetensors")
    method = LearnedMethod(tmp_path / "surface.safetensors")
    stray = replace(shirt, vertices=np.concatenate([shirt.vertices, [[0.0, 0.0, 0.0]]]))
    places = method.places(stray)
    assert places is not None
    assert places.shape == stray.vertices.shape
    features = method.features(shirt)
    assert features.values[:, -3:] == pytest.approx(
        np.einsum("nc,ncd->nd", features.sample.barycentric, places[shirt.faces[features.sample.faces]]), abs=1e-3
    )


def test_every_parameter_learns(shirt: Garment) -> None:
    config = replace(preset("keygrid-surface"), points=128)
    config = replace(config, encoder=SurfaceConfig(width=8, gradients=4, blocks=2, centroids=(32, 16, 8, 4)))
    torch.manual_seed(0)
    network = KeyGrid(config)
    inputs, _ = inputs_of([shirt] * 2, [sample(shirt, 128, seed=s) for s in (0, 1)], config)
    output = network(inputs)
    (output.reconstruction.square().mean() + output.keypoints.square().mean()).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters() if parameter.grad is not None)


def test_a_cloud_has_no_surface(network: KeyGrid, shirt: Garment) -> None:
    cloud = Garment("cloud", shirt.vertices, np.empty((0, 3), np.int64))
    with pytest.raises(KeygridError, match="reads surfaces"):
        inputs_of([cloud], [sample(cloud, 1024)], network.config)


@pytest.mark.parametrize("wrong", [{"width": 0}, {"blocks": 1.5}, {"centroids": (8, 4)}, {"steepness": -1}])
def test_impossible_constants_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(KeygridError, match="is beyond what a network can have"):
        ModelConfig(encoder=SurfaceConfig(**wrong))  # type: ignore[arg-type]
