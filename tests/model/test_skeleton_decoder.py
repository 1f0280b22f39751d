"""Skeleton Merger's network: the points of segments, and what a checkpoint of it predicts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.geometry.composite import composite_chamfer
from keygrid.methods import open_method
from keygrid.model.config import ModelConfig, preset
from keygrid.model.decoder_config import GridDecoderConfig, SkeletonDecoderConfig
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid
from keygrid.model.skeleton_decoder import SegmentClouds, SkeletonDecoder, merged
from tests.networks import spread, untrained


@pytest.fixture(scope="module")
def config(tiny_config: ModelConfig) -> ModelConfig:
    return replace(tiny_config, decoder=SkeletonDecoderConfig(spacing=0.1, least=3, most=12))


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_the_preset_is_the_published_code_s() -> None:
    ours, released = preset("skeleton-merger", 10), preset("released", 10)
    assert ours.decoder == SkeletonDecoderConfig(spacing=0.01, least=15, most=200)
    assert replace(ours, decoder=GridDecoderConfig()) == released


def test_points_are_evenly_spaced_and_moved_by_their_offsets(config: ModelConfig) -> None:
    decoder = SkeletonDecoder(config)
    starts = torch.zeros(1, 6, 3)
    ends = torch.tensor([[0.05, 0, 0], [0.5, 0, 0], [0, 1, 0], [0, 0, 5], [0, 0, 0], [0, 0.8, 0.6]])[None]
    found = decoder(starts, ends)
    assert found.counts.tolist() == [[3, 5, 10, 12, 3, 10]]
    assert found.points.shape == (1, 6, 12, 3)
    for segment, count in enumerate(found.counts[0].tolist()):
        straight = torch.linspace(0, 1, count)[:, None] * ends[0, segment]
        expected = straight + decoder.offsets[segment, :count]
        torch.testing.assert_close(found.points[0, segment, :count], expected)
        torch.testing.assert_close(found.points[0, segment, count:], expected[-1:].expand(12 - count, 3))


def test_a_merged_cloud_has_points_by_strength() -> None:
    points = torch.arange(3.0)[None, :, None, None].expand(1, 3, 8, 3).clone()  # segment e lies at (e, e, e)
    clouds = SegmentClouds(points, torch.tensor([[4, 4, 8]]), torch.empty(0))
    cloud = merged(clouds, torch.tensor([[0.8, 0.0, 0.4]]), 100)
    assert cloud.shape == (1, 100, 3)
    assert torch.unique(cloud[0, :, 0], return_counts=True)[1].tolist() == [50, 50]
    assert set(cloud[0, :, 0].tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("batch", [1, 3])
def test_all_parts_of_the_network_learn(config: ModelConfig, batch: int) -> None:
    torch.manual_seed(0)
    network, points = KeyGrid(config).train(), draw(batch, 128, 3)
    output = network(Inputs(points))
    assert output.segments is not None
    assert output.reconstruction.shape == points.shape
    assert output.strengths.shape == (batch, 6)
    loss = composite_chamfer(points, output.segments.points, output.segments.counts, output.strengths).mean()
    (loss + output.segments.offsets.square().sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_a_garment_s_segments_do_not_depend_on_the_rest_of_the_batch(config: ModelConfig) -> None:
    torch.manual_seed(0)
    network = KeyGrid(config).double().train()
    network(Inputs(draw(8, 128, 3).double()))
    network = spread(network).eval()
    points = draw(3, 128, 3, seed=1).double()
    with torch.inference_mode():
        together, alone = network(Inputs(points)), network(Inputs(points[1:2]))
    assert together.segments is not None
    assert alone.segments is not None
    assert torch.equal(together.segments.counts[1:2], alone.segments.counts)
    torch.testing.assert_close(together.reconstruction[1:2], alone.reconstruction)


def test_a_checkpoint_comes_back_and_has_segments_but_no_heatmap(
    config: ModelConfig, shirt: Garment, tmp_path: Path
) -> None:
    path = untrained(config, tmp_path / "merger.safetensors")
    assert Checkpoint.load(path).config == config
    method = open_method(path)
    (found,) = method.find([shirt])
    assert len(found.edges) == len(found.strengths) == 6
    assert found.explain().heatmap is None
    assert found.heated is None
    assert found.reconstruction.shape == (128, 3)
    assert np.isfinite(found.reconstruction).all()
    with pytest.raises(KeygridError, match=r"merger.* has no heatmap; choose a checkpoint of Key-Grid"):
        _ = found.grid_heatmap
