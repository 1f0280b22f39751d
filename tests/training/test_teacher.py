"""A student that learns from a trained network's labels."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.files import fingerprint
from keygrid.methods import open_method
from keygrid.model.config import ModelConfig, preset
from keygrid.model.encoders.sprin.config import SprinConfig
from keygrid.model.inputs import Inputs
from keygrid.training.config import preset as training_preset
from keygrid.training.student import NEGATIVES, segment_loss
from keygrid.training.teacher import REACH, STRETCH, Teacher
from keygrid.training.trainer import Trainer

CPU = torch.device("cpu")


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def sphere(points: Tensor) -> Tensor:
    points = points - points.mean(1, keepdim=True)
    return points / points.norm(dim=-1).amax(1)[:, None, None]


def test_labels_are_the_points_near_the_teacher_s_stretched_keypoints(tiny_checkpoint: Path) -> None:
    points = sphere(draw(2, 128, 3))
    labels = Teacher(tiny_checkpoint, 4, CPU).label(points)
    network = Checkpoint.load(tiny_checkpoint).network()
    low, high = points.amin((1, 2), keepdim=True), points.amax((1, 2), keepdim=True)
    with torch.no_grad():  # the teacher normalises by the range of all coordinates
        found = network.locate(Inputs((points - (low + high) / 2) / ((high - low) / 2))).keypoints
    keypoints = found * ((high - low) / 2) + (low + high) / 2
    for cloud, placed, label in zip(points, keypoints * STRETCH, labels, strict=True):
        for keypoint, near in zip(placed, label, strict=True):
            distances = (cloud - keypoint).norm(dim=-1)
            shares = (distances - distances.min()) / (distances.max() - distances.min())
            assert torch.equal(near, shares < REACH)
    assert labels.any(-1).all()
    assert not labels.all(-1).any()


def test_the_loss_is_the_mean_over_many_draws_of_other_points() -> None:
    logits, labels = draw(1, 2, 40).double(), torch.zeros(1, 2, 40, dtype=torch.bool)
    labels[0, 0, :4], labels[0, 1, :30] = True, True
    errors = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.double(), reduction="none")[0]
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for _ in range(4000):
        others = 4 + torch.randperm(36, generator=generator)[: 4 * NEGATIVES]
        drawn.append(torch.cat([errors[0, :4], errors[0, others]]).mean())
    few, many = torch.stack(drawn).mean(), errors[1].mean()  # there are fewer than three times as many others
    assert segment_loss(logits, labels).item() == pytest.approx(((few + many) / 2).item(), abs=2e-3)
    assert segment_loss(torch.where(labels, 50.0, -50.0), labels).item() < 1e-12


def test_what_can_t_teach_is_said(tiny_checkpoint: Path, shirt: Garment, tmp_path: Path) -> None:
    with pytest.raises(KeygridError, match="has 4 keypoints, but the student 5"):
        Teacher(tiny_checkpoint, 5, CPU)
    surface = Path("assets/checkpoints/tops-k8-surface.safetensors")
    with pytest.raises(KeygridError, match="reads surfaces"):
        Teacher(surface, 8, CPU)
    model = replace(preset("useek", 4), encoder=SprinConfig((24, 8), 8))
    with pytest.raises(KeygridError, match="name one with --teacher"):
        Trainer(Dataset.of([shirt]), model, training_preset("useek", 4), tmp_path / "run")


def test_a_student_trains_predicts_and_resumes(
    tiny_checkpoint: Path, shirt: Garment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
    model: ModelConfig = replace(preset("useek", 4), points=96, encoder=SprinConfig((24, 8), 8))
    training = replace(
        training_preset("useek", 4, epochs=2), epoch_size=4, batch=2, validation_size=2, teacher=str(tiny_checkpoint)
    )
    Trainer(Dataset.of([shirt]), model, training, tmp_path).fit()
    path = tmp_path / "checkpoints" / "last.safetensors"
    checkpoint = Checkpoint.load(path)
    assert checkpoint.config == model
    assert checkpoint.record["teacher"] == fingerprint(tiny_checkpoint)
    (found,) = open_method(path).find([shirt])
    assert found.normalised.shape == (4, 3)
    assert found.heated is None
    again = Trainer(Dataset.of([shirt]), model, replace(training, epochs=3), tmp_path)
    again.resume()
    assert again.epoch == 2
