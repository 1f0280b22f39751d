"""SC3K's encoder: shapes, gradients, and what its points know of each other."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig, preset
from keygrid.model.decoder_config import GridDecoderConfig
from keygrid.model.encoders.residual.config import ResidualConfig
from keygrid.model.encoders.residual.encoder import ResidualBlock, ResidualEncoder
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid

SMALL = ResidualConfig(widths=(8, 12, 16), transform=(8, 12), transform_head=(8,), blocks=(12, 8))


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


def test_the_preset_has_the_published_code_s_widths() -> None:
    network = KeyGrid(preset("sc3k", 10))
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters() if p.ndim == 2}
    assert shapes["encoder.positions.last.weight"] == (9, 256)
    assert shapes["encoder.features.last.weight"] == (64 * 64, 256)
    assert shapes["encoder.rest.3.weight"] == (1024, 128)
    assert shapes["encoder.blocks.0.first.0.weight"] == (1024, 1024)
    assert shapes["encoder.blocks.1.second.0.weight"] == (256, 512)
    assert shapes["point_weights.last.weight"] == (10, 256)
    assert not any(name.startswith(("decoder", "strength", "point_weights.hidden")) for name in shapes)


@pytest.mark.parametrize("shares_shortcut", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_all_parts_learn(batch: int, shares_shortcut: bool) -> None:
    torch.manual_seed(0)
    config = replace(preset("sc3k", 4), encoder=replace(SMALL, shares_shortcut=shares_shortcut))
    network = KeyGrid(config).double().train()
    output = network(Inputs(draw(batch, 80, 3)))
    assert output.keypoints.shape == (batch, 4, 3)
    assert output.strengths.shape == (batch, 0)
    assert output.reconstruction.shape == (batch, 0, 3)
    output.keypoints.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_the_order_of_points_and_the_rest_of_the_batch_change_nothing() -> None:
    torch.manual_seed(0)
    encoder = ResidualEncoder(SMALL).double().train()
    points = draw(3, 70, 3)
    for _ in range(5):
        encoder(Inputs(points))
    encoder.eval()
    order = torch.randperm(70)
    with torch.no_grad():
        together = encoder(Inputs(points)).point_features
        alone = encoder(Inputs(points[1:2, order])).point_features
    torch.testing.assert_close(together[1:2, order], alone)


def test_a_block_whose_last_layer_is_shared_is_its_formula() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(6, 5, shares_shortcut=True).double().eval()
    rows = draw(9, 6)
    linear, norm = block.second.children()
    inner = torch.relu(block.first[1](block.first[0](rows)))
    torch.testing.assert_close(block(rows), torch.relu(norm(linear(inner)) + norm(linear(rows))))


def test_a_decoder_that_needs_levels_is_refused() -> None:
    with pytest.raises(KeygridError, match="encoder residual has no levels"):
        ModelConfig(encoder=SMALL, decoder=GridDecoderConfig())
