"""Beginning a training with the weights of a checkpoint."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.errors import KeygridError
from keygrid.files import fingerprint
from keygrid.model.config import ModelConfig
from keygrid.model.network import KeyGrid
from keygrid.training.state import start_from


def test_a_network_begins_with_the_weights_of_a_checkpoint(tiny_checkpoint: Path, tiny_config: ModelConfig) -> None:
    network = KeyGrid(tiny_config)
    known = Checkpoint.load(tiny_checkpoint).weights
    assert any(not torch.equal(tensor, known[name]) for name, tensor in network.state_dict().items())
    assert start_from(tiny_checkpoint, network, tiny_config) == fingerprint(tiny_checkpoint)
    assert all(torch.equal(tensor, known[name]) for name, tensor in network.state_dict().items())


def test_the_checkpoint_of_another_network_is_refused(tiny_checkpoint: Path, tiny_config: ModelConfig) -> None:
    other = replace(tiny_config, keypoints=tiny_config.keypoints + 1)
    with pytest.raises(KeygridError, match="holds a different network"):
        start_from(tiny_checkpoint, KeyGrid(other), other)
