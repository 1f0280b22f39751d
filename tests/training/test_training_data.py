"""Training on a data set in files: the same numbers whatever was read, skipped or kept before."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.data.cache import CloudCache
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.data.readers.sequence import write_sequence
from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig
from keygrid.training.config import TrainingConfig
from keygrid.training.trainer import Trainer

TRAINING = TrainingConfig(epochs=2, epoch_size=6, batch=3, validation_size=2, warm_up=1, farthest=6)


@pytest.fixture(autouse=True)
def _ordinary_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six sheets, one of which moves, and a damaged file."""
    folder = tmp_path / "garments"
    folder.mkdir()
    for index, name in enumerate("abcde"):
        corners = f"v 0 0 0\nv 1 0 {0.3 * index}\nv 1 2 0\nv 0 2 0.5\n"
        (folder / f"{name}.obj").write_text(corners + "f 1 2 3\nf 1 3 4\n")
    rest = np.array([[0, 0, 0], [1, 0, 0.3], [1, 2, 0], [0, 2, 0.5]])
    frames = np.stack([rest * [1, 1, scale] for scale in (1, 2, 3)]).astype(np.float32)
    write_sequence(Garment("f", rest, np.array([[0, 1, 2], [0, 2, 3]]), frames=frames), folder / "f.npz")
    (folder / "broken.obj").write_text("v 0 0 0\nf 1 2")
    return folder


@pytest.fixture
def make(folder: Path, tiny_config: ModelConfig, tmp_path: Path) -> Callable[..., Trainer]:
    """A trainer as a process makes it that knows nothing of earlier ones."""
    model = replace(tiny_config, points=64, normalisation="centred")

    def make_trainer(run: str, cache: CloudCache | None = None, **changes: int) -> Trainer:
        data = Dataset.open([folder], cache=cache)
        return Trainer(data, model, replace(TRAINING, **changes), tmp_path / run)

    return make_trainer


def weights(run: Path) -> dict[str, torch.Tensor]:
    return dict(Checkpoint.load(run / "checkpoints" / "last.safetensors").weights)


def train(trainer: Trainer) -> dict[str, torch.Tensor]:
    trainer.fit(lambda progress: None)
    return weights(trainer.run.path)


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(weight, b[name]) for name, weight in a.items())


def test_a_resumed_run_sees_the_same_clouds_with_and_without_the_cache(
    make: Callable[..., Trainer], tmp_path: Path
) -> None:
    cache = CloudCache(tmp_path / "clouds")
    expected = train(make("whole"))
    train(make("resumed", epochs=1, cache=cache))
    kept = sorted(cache.folder.rglob("*.cloud"))
    assert kept
    for path in kept[::2]:
        path.write_bytes(path.read_bytes()[:-1])
    trainer = make("resumed", cache=cache)
    trainer.resume()
    assert_same(train(trainer), expected)
    assert_same(train(make("again", cache=cache)), expected)


def test_a_run_names_its_garments_and_goes_on_without_the_damaged_one(make: Callable[..., Trainer]) -> None:
    trainer = make("run", epochs=1, seed=1)
    train(trainer)
    garments = trainer.record["garments"]
    assert sorted(garments["train"] + garments["validation"]) == ["a", "b", "broken", "c", "d", "e", "f"]
    assert len(garments["validation"]) == 1
    assert [member.entry.name for member in trainer.clouds.garments.skipped] == ["broken"]


def test_where_all_that_is_held_out_is_damaged_validation_uses_the_others(make: Callable[..., Trainer]) -> None:
    trainer = make("run", epochs=1, seed=0)
    assert trainer.record["garments"]["validation"] == trainer.record["garments"]["train"] == list("dcfeab")
    assert [member.entry.name for member in trainer.clouds.garments.skipped] == ["broken"]
    train(trainer)


def test_nothing_is_written_where_nothing_can_be_read(
    make: Callable[..., Trainer], folder: Path, tmp_path: Path
) -> None:
    for path in folder.iterdir():
        path.write_text("v 0 0 0\nf 1 2")
    with pytest.raises(KeygridError, match="garments can be used"):
        make("run")
    assert not (tmp_path / "run").exists()
