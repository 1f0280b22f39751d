"""The network's shorter ways against the published formulation, in all that they do."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.readers import read_garment
from keygrid.data.sampling import Normalisation, sample
from keygrid.geometry.points import gather
from keygrid.model import reference
from keygrid.model.config import ModelConfig, preset
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid, Output
from tests.networks import changed, spread
from tests.training.test_terms import published

ASSETS = Path(__file__).parents[2] / "assets"
PARTS = ("weights", "keypoints", "strengths", "reconstruction")


def differences(name: str) -> dict[str, Any]:
    """The disputed constants of a preset, without those of its size."""
    config = preset(name)
    return {
        "mix_keypoints": config.mix_keypoints,
        "distance": config.heatmap.distance,
        "sigma_squared": config.heatmap.sigma_squared if name == "paper" else 0.05,
        "heatmap_levels": config.decoder.heatmap_levels,
        "grid_position": config.decoder.grid_position,
    }


PRESETS: dict[str, dict[str, Any]] = {
    "released": differences("released"),
    "paper": differences("paper"),
    "every level sees cells": {"heatmap_levels": 4},
    "no level sees cells": {"heatmap_levels": 0},
}


def draw(batch: int = 2, total: int = 90, distinct: int | None = None, seed: int = 0) -> Tensor:
    rng = np.random.default_rng([seed, batch, total])
    points = rng.uniform(-1, 1, (batch, total, 3)) * [1, 0.8, 0.3]
    return torch.tensor(points[:, rng.integers(distinct, size=total)] if distinct else points)


def pair(tiny_config: ModelConfig, name: str = "released") -> tuple[KeyGrid, KeyGrid]:
    """The same network twice, in float64: without dropout, with statistics and weights that differ between points."""
    torch.manual_seed(0)
    network = KeyGrid(changed(tiny_config, dropout=0.0, **PRESETS[name])).double().train()
    with torch.no_grad():
        for seed in range(5):
            network(Inputs(draw(4, 100, seed=seed)))
    return spread(network), copy.deepcopy(network)


def assert_same(found: Output, expected: Output, atol: float = 1e-9) -> None:
    for part in PARTS:
        torch.testing.assert_close(getattr(found, part), getattr(expected, part), rtol=0, atol=atol)


def statistics(network: nn.Module) -> Iterator[Tensor]:
    return (tensor for name, tensor in network.named_buffers() if "running" in name)


def assert_learn_the_same(ours: KeyGrid, theirs: KeyGrid, points: Tensor) -> None:
    found, expected = ours(Inputs(points)), reference.forward(theirs, Inputs(points))
    assert_same(found, expected)
    for output in (found, expected):
        torch.stack(list(published(output, points, farthest=8, start=5).values())).sum().backward()
    for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if a.grad is None:  # strengths are not asked for where no level sees cells
            assert "strength" in name
            assert b.grad is None or not b.grad.any()
            continue
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-9, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")
    for a, b in zip(statistics(ours), statistics(theirs), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("distinct", [None, 20])
@pytest.mark.parametrize("name", PRESETS)
def test_a_step_of_training_is_the_published_one(
    tiny_config: ModelConfig, name: str, distinct: int | None, training: bool
) -> None:
    ours, theirs = (network.train(training) for network in pair(tiny_config, name))
    assert_learn_the_same(ours, theirs, draw(2, 90, distinct))


@pytest.mark.parametrize("name", ["released", "paper"])
def test_a_batch_of_one_is_learnt_from(tiny_config: ModelConfig, name: str) -> None:
    assert_learn_the_same(*pair(tiny_config, name), draw(1))


def test_steps_of_an_optimiser_lead_to_the_same_weights(tiny_config: ModelConfig) -> None:
    # As it begins: weights that tell points apart magnify rounding a hundredfold a step.
    torch.manual_seed(0)
    ours = KeyGrid(changed(tiny_config, dropout=0.0)).double()
    theirs, points = copy.deepcopy(ours), draw(3)
    for network in (ours, theirs):
        optimiser = torch.optim.SGD(network.parameters(), lr=0.01)
        for _ in range(3):
            optimiser.zero_grad()
            output = network(Inputs(points)) if network is ours else reference.forward(network, Inputs(points))
            torch.stack(list(published(output, points, farthest=8, start=5).values())).sum().backward()
            optimiser.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-8)
    with torch.no_grad():
        assert_same(ours.eval()(Inputs(points)), reference.forward(theirs.eval(), Inputs(points)), atol=1e-7)


@pytest.mark.parametrize("distinct", [None, 20])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", PRESETS)
def test_what_is_predicted_is_what_is_published(
    tiny_config: ModelConfig, name: str, batch: int, distinct: int | None
) -> None:
    network = pair(tiny_config, name)[0].eval()
    before = copy.deepcopy(network.state_dict())
    for total in (64, 150):
        points = draw(batch, total, distinct)
        for peak in (False, True):
            with torch.inference_mode():
                assert_same(network(Inputs(points), peak=peak), reference.forward(network, Inputs(points), peak=peak))
            # Where gradients might be asked for, layers run on their own.
            assert_same(network(Inputs(points), peak=peak), reference.forward(network, Inputs(points), peak=peak))
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize("name", ["released", "paper"])
def test_single_precision_is_close_to_the_published_formulation(tiny_config: ModelConfig, name: str) -> None:
    torch.manual_seed(0)
    network = KeyGrid(changed(tiny_config, **PRESETS[name])).eval()
    points = draw(3)
    with torch.inference_mode():
        found, expected = (
            network(Inputs(points.float())),
            reference.forward(copy.deepcopy(network).double(), Inputs(points)),
        )
    for part in PARTS:
        torch.testing.assert_close(getattr(found, part).double(), getattr(expected, part), rtol=0, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("place", [0, 41])
def test_a_point_that_is_not_a_number_is_seen(tiny_config: ModelConfig, place: int, training: bool) -> None:
    network, points = pair(tiny_config)[0].train(training), draw(2)
    points[1, place, 2] = torch.nan
    with torch.no_grad():
        found = network(Inputs(points))
    assert not found.weights[1].isfinite().any()
    assert not found.keypoints[1].isfinite().any()
    assert found.keypoints[0].isfinite().all() != training


def test_a_weight_that_is_not_a_number_is_seen(tiny_config: ModelConfig) -> None:
    network, points = pair(tiny_config)[0].eval(), draw(2)
    whole = copy.deepcopy(network.state_dict())
    with torch.no_grad():
        assert network(Inputs(points)).reconstruction.isfinite().all()
        for name, parameter in list(network.named_parameters())[::3]:  # linear and norms, weights and biases
            parameter.view(-1)[0] = torch.nan
            found = network(Inputs(points))
            assert not all(getattr(found, part).isfinite().all() for part in PARTS), name
            network.load_state_dict(whole)
        assert network(Inputs(points)).reconstruction.isfinite().all()


def frames() -> list[tuple[str, int]]:
    """Choose frames of T-shirts that are held back for tests: one frame of every third sequence."""
    manifest = json.loads((ASSETS / "garments" / "manifest.json").read_text())
    held_back = [s["file"] for s in manifest["sequences"] if s["split"] == "test" and s["category"] == "T-shirt"]
    return [(file, 5 * i % 20) for i, file in enumerate(held_back[::3])]


@pytest.mark.parametrize(("file", "frame"), frames())
def test_trained_keypoints_are_those_of_the_published_formulation(file: str, frame: int) -> None:
    network = Checkpoint.load(ASSETS / "checkpoints" / "tshirt-k8.safetensors").network().eval()
    garment = read_garment(ASSETS / "garments" / file)
    still, config = garment.still(frame), network.config
    drawn = sample(garment, config.points).on(still.vertices, still.faces)
    points = torch.from_numpy(Normalisation.fit(drawn, config.normalisation).apply(drawn)).float()[None]
    inputs = Inputs(points)
    with torch.inference_mode():
        found, peak, expected = network(inputs), network(inputs, peak=True), reference.forward(network, inputs)
    assert_same(found, expected, atol=1e-5)
    assert torch.equal(peak.keypoints, gather(points, expected.weights.argmax(dim=-1)))
