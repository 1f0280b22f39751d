"""Training a network that reads surfaces, by the same trainer as any other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.dataset import Dataset
from keygrid.data.readers import read_garment
from keygrid.methods import open_method
from keygrid.model.config import preset
from keygrid.model.decoder_config import GridDecoderConfig
from keygrid.model.encoders.surface.config import SurfaceConfig
from keygrid.training.config import preset as training_preset
from keygrid.training.trainer import Trainer


def test_a_surface_network_trains_and_predicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
    shirts = [read_garment(Path(f"assets/garments/tshirt-01-{motion}.npz")) for motion in ("drop", "lift")]
    encoder = SurfaceConfig(width=8, gradients=4, blocks=1, centroids=(32, 16, 8, 4))
    model = replace(preset("keygrid-surface", 4), points=96, encoder=encoder, decoder=GridDecoderConfig(((8, 8),) * 4))
    training = replace(
        training_preset("keygrid-surface", 4, epochs=2), epoch_size=4, batch=4, validation_size=2, validate_motions=0
    )
    Trainer(Dataset.of(shirts), model, training, tmp_path).fit()
    path = tmp_path / "checkpoints" / "last.safetensors"
    checkpoint = Checkpoint.load(path)
    assert checkpoint.config == model
    history = checkpoint.record["history"]
    assert set(history[-1]["train"]) == {"similarity", "strict", "coverage", "canonical", "template"}
    method = open_method(path)
    assert method.needs_surface
    (found,) = method.find([shirts[0]], [3])
    assert np.isfinite(found.keypoints).all()
