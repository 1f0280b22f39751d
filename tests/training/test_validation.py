"""What is measured on garments that move, after a pass."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.evaluation.metrics import Track, measure
from keygrid.methods.learned import LearnedMethod
from keygrid.training.config import TrainingConfig
from keygrid.training.events import EpochEvent, Event
from keygrid.training.trainer import Trainer
from keygrid.training.validation import correspondence, follow, motions


@pytest.fixture
def waving() -> Garment:
    """A sheet of 8 by 8 squares, bent further from frame to frame."""
    across, along = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 2, 9))
    rest = np.stack([across, along, 0.3 * across**2], axis=-1).reshape(-1, 3)
    first = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel()
    faces = np.concatenate([first[:, None] + corners for corners in ([0, 1, 9], [1, 10, 9])])
    frames = np.stack([rest + [0, 0, 0.1 * t] * rest[:, :1] ** 2 for t in range(9)]).astype(np.float32)
    return Garment("waving", rest, faces, frames=frames)


def test_keypoints_are_those_that_are_predicted(waving: Garment, tiny_checkpoint: Path) -> None:
    network = Checkpoint.load(tiny_checkpoint).network().train()
    keypoints, strengths = follow(network, waving, [0, 4])
    assert network.training
    method = LearnedMethod(tiny_checkpoint)
    for frame, found, strength in zip((0, 4), keypoints, strengths, strict=True):
        expected = method.find([waving], [frame])[0]
        np.testing.assert_allclose(found, expected.keypoints, rtol=0, atol=1e-5)
        np.testing.assert_allclose(strength, expected.strengths, rtol=0, atol=1e-5)


def test_correspondence_is_measured_on_a_few_frames(waving: Garment, tiny_checkpoint: Path) -> None:
    network = Checkpoint.load(tiny_checkpoint).network()
    (shown,) = motions([replace(waving, frames=None), waving, waving], 1)
    np.testing.assert_array_equal(shown.garment.frames, waving.frames[[0, 2, 3, 5, 6, 8]])
    found = correspondence(network, [shown])
    expected = measure(Track(follow(network, shown.garment, range(6))[0], shown.garment))
    assert found == {name: pytest.approx(value) for name, value in expected.items()}
    assert found.keys() == {
            "strict", "tolerant", "pck_05", "pck_10", "coverage", "consistency", "off_surface",
        }  # fmt: skip


def test_what_does_not_move_is_left_out(waving: Garment) -> None:
    cloud = replace(waving, faces=np.empty((0, 3), np.int64))
    assert motions([replace(waving, frames=None), cloud], 3) == []
    assert motions([waving], 0) == []


def test_a_training_tells_scores_where_they_are_due(
    waving: Garment, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
    config = Checkpoint.load(tiny_checkpoint).config
    training = TrainingConfig(epochs=5, epoch_size=2, batch=2, validation_size=2, warm_up=0, validate_every=2)
    for name, garment, measured in (("moves", waving, [2, 4, 5]), ("still", replace(waving, frames=None), [])):
        events: list[Event] = []
        Trainer(Dataset.of([garment]), config, training, tmp_path / name).fit(events.append)
        assert [event.epoch for event in events if isinstance(event, EpochEvent) and event.scores] == measured
    last = Checkpoint.load(tmp_path / "moves" / "checkpoints" / "last.safetensors")
    assert last.record["history"][-1]["scores"].keys() >= {"strict", "tolerant", "coverage"}
    assert all(torch.isfinite(weight).all() for weight in last.weights.values())
