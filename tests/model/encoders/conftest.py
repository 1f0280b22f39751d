"""What tests of encoders share."""

import pytest

from keygrid.model.config import ModelConfig
from keygrid.model.encoders.pointnet.config import PointNetConfig


@pytest.fixture(scope="session")
def tiny_encoder(tiny_config: ModelConfig) -> PointNetConfig:
    assert isinstance(tiny_config.encoder, PointNetConfig)
    return tiny_config.encoder
