from collections.abc import Iterator
from typing import Literal

import numpy as np
import pytest
import torch
from scipy.spatial import ConvexHull
from torch import Tensor

from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig, preset
from keygrid.model.decoder import Heatmap
from keygrid.model.heatmap import nearest_cells
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid, Output
from tests.networks import changed, spread
from tests.training.test_terms import published


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.tensor(np.random.default_rng([seed, *shape]).uniform(-1, 1, shape), dtype=dtype)


def make(config: ModelConfig, seed: int = 0) -> KeyGrid:
    torch.manual_seed(seed)
    return KeyGrid(config)


def assert_sound(output: Output, points: Tensor, keypoints: int) -> None:
    """All parts of an output have their shapes, the kind of number of the points, and values that they can have."""
    batch, total, _ = points.shape
    assert output.weights.shape == (batch, keypoints, total)
    assert output.keypoints.shape == (batch, keypoints, 3)
    assert output.strengths.shape == (batch, keypoints * (keypoints - 1) // 2)
    assert output.reconstruction.shape == points.shape
    for tensor in (output.weights, output.keypoints, output.strengths, output.reconstruction):
        assert tensor.dtype == points.dtype
        assert tensor.isfinite().all()
    torch.testing.assert_close(output.weights.sum(-1), torch.ones_like(output.weights[..., 0]))
    assert (output.weights >= 0).all()
    assert (output.strengths > 0).all()
    assert (output.strengths < 1).all()


@pytest.mark.parametrize("name", ["released", "paper"])
@pytest.mark.parametrize(("total", "keypoints"), [(64, 2), (100, 64), (2048, 8)])
def test_shapes_of_both_presets(name: str, total: int, keypoints: int) -> None:
    network = make(preset(name, keypoints))
    points = draw(1, total, 3)
    trained = network.train()(Inputs(points))
    assert_sound(trained, points, keypoints)
    terms = published(trained, points, farthest=keypoints + 4, start=0)
    torch.stack(list(terms.values())).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    with torch.no_grad():
        assert_sound(network.eval()(Inputs(points)), points, keypoints)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_float64_stays_float64(tiny_config: ModelConfig, batch: int, training: bool) -> None:
    points = draw(batch, 70, 3, dtype=torch.float64)
    assert_sound(make(tiny_config).double().train(training)(Inputs(points)), points, tiny_config.keypoints)


def test_float32_agrees_with_float64(tiny_config: ModelConfig) -> None:
    network, points = make(tiny_config).eval(), draw(2, 200, 3)
    with torch.no_grad():
        single, double = network(Inputs(points)), network.double()(Inputs(points.double()))
    torch.testing.assert_close(single.keypoints.double(), double.keypoints, rtol=0, atol=1e-5)
    torch.testing.assert_close(single.reconstruction.double(), double.reconstruction, rtol=0, atol=1e-4)


def settled(network: KeyGrid) -> KeyGrid:
    """The network with running statistics of clouds, and weights that differ from point to point."""
    network.train()
    with torch.no_grad():
        for seed in range(20):
            network(Inputs(draw(4, 100, 3, seed=seed, dtype=network.point_weights.last.weight.dtype)))
    return spread(network).eval()


def test_keypoints_lie_in_the_convex_hull_of_the_cloud(tiny_config: ModelConfig) -> None:
    points = draw(3, 100, 3, dtype=torch.float64)
    with torch.no_grad():
        output = settled(make(tiny_config).double())(Inputs(points))
    torch.testing.assert_close(output.keypoints, output.weights @ points, rtol=0, atol=1e-12)
    for cloud, keypoints in zip(points.numpy(), output.keypoints.numpy(), strict=True):
        faces = ConvexHull(cloud).equations
        assert (keypoints @ faces[:, :3].T + faces[:, 3] < 1e-9).all()


def test_peak_places_keypoints_on_their_heaviest_points(tiny_config: ModelConfig) -> None:
    network, points = settled(make(tiny_config)), draw(2, 100, 3)
    with torch.no_grad():
        soft, peak = network(Inputs(points)), network(Inputs(points), peak=True)
    assert torch.equal(soft.weights, peak.weights)
    for b in range(2):
        for k in range(tiny_config.keypoints):
            assert torch.equal(peak.keypoints[b, k], points[b, soft.weights[b, k].argmax()])
    # Skeleton and reconstruction follow from the keypoints that are shown.
    assert not torch.equal(soft.reconstruction, peak.reconstruction)


def test_peak_takes_the_first_of_equally_heavy_points(tiny_config: ModelConfig) -> None:
    network = make(tiny_config).eval()
    with torch.no_grad():
        network.point_weights.last.weight.zero_()
        points = draw(1, 80, 3)
        assert torch.equal(network(Inputs(points), peak=True).keypoints, points[:, :1].expand(-1, 4, -1))


def test_a_cloud_s_result_does_not_depend_on_its_batch(tiny_config: ModelConfig) -> None:
    network, points = make(tiny_config).double().eval(), draw(4, 100, 3, dtype=torch.float64)
    with torch.no_grad():
        together, other = network(Inputs(points)), network(Inputs(torch.cat([points[2:3], points[:1] * 0.3])))
        alone = network(Inputs(points[2:3]))
    for name in ("weights", "keypoints", "strengths", "reconstruction"):
        row = getattr(alone, name)[0]
        torch.testing.assert_close(getattr(together, name)[2], row, rtol=0, atol=1e-12)
        torch.testing.assert_close(getattr(other, name)[0], row, rtol=0, atol=1e-12)


@pytest.mark.parametrize("peak", [False, True])
def test_keypoints_and_skeletons_alone_are_those_of_the_whole(tiny_config: ModelConfig, peak: bool) -> None:
    network, points = settled(make(tiny_config)), draw(3, 100, 3)
    with torch.no_grad():
        whole = network(Inputs(points), peak=peak)
        located = network.locate(Inputs(points), peak=peak)
        skeleton = network(Inputs(points), peak=peak, rebuild=False)
    for name in ("weights", "keypoints", "features"):
        assert torch.equal(getattr(located, name), getattr(whole, name))
        assert torch.equal(getattr(skeleton, name), getattr(whole, name))
    assert torch.equal(skeleton.strengths, whole.strengths)
    assert located.strengths.numel() == located.reconstruction.numel() == skeleton.reconstruction.numel() == 0


def test_segments_join_the_keypoints_of_each_edge(tiny_config: ModelConfig) -> None:
    network, points = settled(make(tiny_config).double()), draw(1, 100, 3, dtype=torch.float64)
    heatmaps: list[Heatmap] = []
    network.decoder.register_forward_pre_hook(lambda _module, inputs: heatmaps.append(inputs[1]))
    with torch.no_grad():
        output = network(Inputs(points))
        i, j = np.transpose(tiny_config.edges)
        found = heatmaps[0]((output.keypoints[:, i] + output.keypoints[:, j]) / 2)
    # In the middle of a segment the heatmap is its own strength, or a stronger one's that passes nearby.
    assert (found >= output.strengths - 1e-12).all()
    assert ((found - output.strengths).abs() < 1e-12).any()


@pytest.mark.parametrize("keypoints", [0, 1, 65, 10**6])
def test_too_few_and_too_many_keypoints_are_refused(keypoints: int) -> None:
    with pytest.raises(KeygridError, match="from 2 to 64 keypoints"):
        KeyGrid(preset("released", keypoints))


def test_the_decoder_sees_value_and_position_of_the_cell(tiny_config: ModelConfig) -> None:
    levels = [draw(2, 9, 3), draw(2, 14, 3)]
    found = make(tiny_config).decoder.look_up(levels, lambda positions: positions.sum(-1))
    value_alone = make(changed(tiny_config, grid_position=False)).decoder
    for points, ours, alone in zip(
        levels, found, value_alone.look_up(levels, lambda positions: positions.sum(-1)), strict=True
    ):
        cells = nearest_cells(points, tiny_config.heatmap.grid)
        assert torch.equal(ours, torch.cat([cells.sum(-1, keepdim=True), cells], dim=-1))
        assert torch.equal(alone, cells.sum(-1, keepdim=True))
    assert value_alone.look_up([], lambda positions: positions.sum(-1)) == []


def some_parameters(network: KeyGrid, count: int) -> Iterator[tuple[Tensor, int]]:
    """One entry each of randomly chosen parameters, all parts of the network among them."""
    rng = np.random.default_rng(0)
    parameters = list(network.parameters())
    for index in rng.permutation(len(parameters))[:count]:
        yield parameters[index], int(rng.integers(parameters[index].numel()))


@pytest.mark.parametrize(("training", "distance"), [(False, "nearest"), (True, "farthest")])
def test_the_gradient_of_the_losses_is_that_of_finite_differences(
    tiny_config: ModelConfig, training: bool, distance: Literal["nearest", "farthest"]
) -> None:
    config = changed(tiny_config, dropout=0.0, distance=distance, sigma_squared=1.0)
    network = settled(make(config).double()).train(training)
    points = draw(2, 80, 3, dtype=torch.float64)

    def loss() -> Tensor:
        return torch.stack(list(published(network(Inputs(points)), points, farthest=8, start=5).values())).sum()

    loss().backward()

    def slope(parameter: Tensor, entry: int, step: float) -> float:
        values = []
        with torch.no_grad():  # not through `.data`, whose changes go unnoticed
            flat = parameter.view(-1)
            kept = float(flat[entry])
            for shifted in (kept + step, kept - step):
                flat[entry] = shifted
                values.append(float(loss()))
            flat[entry] = kept
        return (values[0] - values[1]) / (2 * step)

    compared = moved = 0
    for parameter, entry in some_parameters(network, count=24):
        coarse, fine = slope(parameter, entry, 2e-6), slope(parameter, entry, 1e-6)
        if abs(coarse - fine) > 1e-6 * max(1, abs(fine)):
            continue  # a kink of a ReLU, a maximum or a nearest point lies between
        assert parameter.grad is not None
        assert float(parameter.grad.view(-1)[entry]) == pytest.approx(fine, rel=1e-4, abs=1e-7)
        compared += 1
        moved += abs(fine) > 1e-6
    assert compared > 10
    assert moved > 4


def test_a_skeleton_s_numbers_are_the_points_kind_under_autocast(tiny_config: ModelConfig) -> None:
    network, inputs = settled(make(tiny_config)), Inputs(draw(2, 100, 3))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        whole, skeleton = network(inputs), network(inputs, rebuild=False)
    for name in ("weights", "keypoints", "strengths"):
        assert getattr(skeleton, name).dtype == torch.float32
        assert torch.equal(getattr(whole, name), getattr(skeleton, name))
