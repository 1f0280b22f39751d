"""Training a network that lets features diffuse on clouds, which come again and again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.data.readers import read_garment
from keygrid.errors import KeygridError
from keygrid.methods import open_method
from keygrid.model.config import ModelConfig, preset
from keygrid.model.decoder_config import GridDecoderConfig
from keygrid.model.encoders.cloud.config import DiffusionCloudConfig
from keygrid.training.config import TrainingConfig
from keygrid.training.config import preset as training_preset
from keygrid.training.dataset import PairedClouds
from keygrid.training.trainer import Trainer


@pytest.fixture(scope="module")
def shirts() -> list[Garment]:
    return [read_garment(Path(f"assets/garments/tshirt-01-{motion}.npz")) for motion in ("drop", "lift")]


@pytest.fixture(scope="module")
def model() -> ModelConfig:
    encoder = DiffusionCloudConfig(width=8, gradients=4, blocks=1, centroids=(32, 16, 8, 4))
    return replace(preset("keygrid-cloud", 4), points=96, encoder=encoder, decoder=GridDecoderConfig(((8, 8),) * 4))


@pytest.fixture(scope="module")
def training() -> TrainingConfig:
    return replace(
        training_preset("keygrid-cloud", 4, epochs=2), epoch_size=4, batch=4, validation_size=2, pool=6,
        validate_motions=0,
    )  # fmt: skip


def test_it_trains_and_predicts(
    shirts: list[Garment],
    model: ModelConfig,
    training: TrainingConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
    trainer = Trainer(Dataset.of(shirts), model, training, tmp_path)
    trainer.fit()
    assert set(trainer.record["history"][-1]["train"]) == {"similarity", "strict", "coverage", "canonical", "template"}
    assert not trainer.run.clouds.exists()
    (found,) = open_method(tmp_path / "checkpoints" / "last.safetensors").find([shirts[0]], [3])
    assert np.isfinite(found.keypoints).all()


def test_clouds_come_again_from_the_folder(
    shirts: list[Garment], model: ModelConfig, training: TrainingConfig, tmp_path: Path
) -> None:
    clouds = PairedClouds(Dataset.of(shirts), model, training.augmentation, (0, 0), pool=6, folder=tmp_path)
    first = clouds.batch([0, 1, 4, 5])
    assert len(list(tmp_path.iterdir())) == 2
    again = clouds.batch([6, 7, 10, 11])
    without = replace(clouds, folder=None).batch([0, 1, 4, 5])
    for other in (again, without):
        torch.testing.assert_close(other.points, first.points, rtol=0, atol=0)
        for one, two in zip(other.inputs.surfaces, first.inputs.surfaces, strict=True):
            for name, tensor in two.operators.items():
                torch.testing.assert_close(one.operators[name], tensor, rtol=0, atol=0)
        for pair, same in zip(other.pairs, first.pairs, strict=True):
            torch.testing.assert_close(pair.rest, same.rest, rtol=0, atol=0)
            torch.testing.assert_close(pair.anchors, same.anchors, rtol=0, atol=0)


def test_a_damaged_file_is_drawn_anew(
    shirts: list[Garment], model: ModelConfig, training: TrainingConfig, tmp_path: Path
) -> None:
    clouds = PairedClouds(Dataset.of(shirts), model, training.augmentation, (0, 0), pool=6, folder=tmp_path)
    first = clouds.batch([0, 1])
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for damaged in (b"", b"nothing", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        torch.testing.assert_close(clouds.batch([0, 1]).points, first.points, rtol=0, atol=0)
        assert path.stat().st_size >= len(whole) - 64  # it also holds a name, which is not the same


def test_a_pool_holds_pairs() -> None:
    with pytest.raises(KeygridError, match="even"):
        replace(training_preset("keygrid-cloud", 4), pool=7)
