"""SPRIN: what turning, moving and mirroring a cloud does to its features, shapes and gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from keygrid.model.config import preset
from keygrid.model.encoders.sprin.config import SprinConfig
from keygrid.model.encoders.sprin.encoder import Sprin, invariants
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid
from keygrid.model.preparation import inputs_of_clouds

SMALL = SprinConfig(centroids=(24, 8), narrowing=8)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def test_the_preset_has_the_published_code_s_widths() -> None:
    network = KeyGrid(preset("useek", 6))
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters()}
    assert shapes["encoder.fine.0.0.kernel.0.weight"] == (80, 8)
    assert shapes["encoder.coarse.1.0.mix.0.weight"] == (256, 128 * 256)
    assert shapes["encoder.coarse.1.1.mix.weight"] == (32, 256)
    assert shapes["encoder.back_to_middle.mix.0.weight"] == (128, 32 * 288)
    assert shapes["point_weights.hidden.0.weight"] == (128, 80)
    assert shapes["point_weights.hidden.3.weight"] == (256, 128)
    assert shapes["point_weights.last.weight"] == (6, 256)


def test_invariants_are_those_of_one_pair_by_hand() -> None:
    neighbours = torch.tensor([[[[0.0, 1, 0], [0, 3, 0]]]], dtype=torch.float64)
    centres = torch.tensor([[[2.0, 0, 0]]], dtype=torch.float64)
    first = invariants(neighbours, centres)[0, 0, 0]
    mean, near, centre = np.array([0, 2.0, 0]), np.array([0, 1.0, 0]), np.array([2.0, 0, 0])
    sides = [mean - near, near - centre, centre - mean]
    lengths = [np.linalg.norm(side) for side in sides]
    cosines = [sides[i] @ sides[j] / (lengths[i] * lengths[j]) for i, j in ((0, 1), (1, 2), (2, 0))]
    np.testing.assert_allclose(first.numpy(), [0.5, 1, *lengths, *cosines], atol=1e-6)


@pytest.mark.parametrize("batch", [1, 2])
def test_all_parts_learn(batch: int) -> None:
    torch.manual_seed(0)
    network = KeyGrid(replace(preset("useek", 4), encoder=SMALL)).double().train()
    output = network(Inputs(draw(batch, 96, 3)))
    assert output.keypoints.shape == (batch, 4, 3)
    assert output.reconstruction.shape == (batch, 0, 3)
    assert output.logits is not None
    torch.testing.assert_close(output.logits.softmax(-1), output.weights)
    output.logits.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_a_cloud_that_is_turned_and_moved_has_the_same_features() -> None:
    torch.manual_seed(0)
    config = replace(preset("useek", 4), encoder=SMALL)
    encoder = Sprin(SMALL).double().eval()
    cloud = draw(120, 3).numpy() * [3, 7, 1]
    turn = Rotation.random(rng=np.random.default_rng(3)).as_matrix()
    found = []
    with torch.no_grad():
        for points in (cloud, cloud @ turn.T * 4 + [10, -5, 2], cloud * [-1, 1, 1], cloud * [1, 1, 2]):
            inputs, _ = inputs_of_clouds([points], config)
            found.append(encoder(Inputs(inputs.points.double())).point_features)
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=1e-4)
    torch.testing.assert_close(found[2], found[0], rtol=0, atol=1e-4)
    assert (found[3] - found[0]).abs().max() > 1e-2
