"""The training loop, and the directory it writes."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import Tensor

from keygrid.data.dataset import Dataset
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.model.config import ModelConfig
from keygrid.model.network import KeyGrid
from keygrid.training.checkpoint import Checkpoint
from keygrid.training.config import TrainingConfig
from keygrid.training.dataset import Clouds
from keygrid.training.losses import losses
from keygrid.training.memory import keep_freed_memory

Losses = dict[str, float]


@dataclass(frozen=True)
class Progress:
    """Where a training stands; reported after every step, and with `validation` after every epoch.

    Attributes:
        epoch: passes begun, from 1.
        step: steps done in all.
        steps: steps of the whole training.
        losses: unweighted terms of the step, or means over the epoch where `validation` is given.
        validation: the same terms on validation clouds.
        seconds_left: estimated from the steps of this process.
    """

    epoch: int
    step: int
    steps: int
    losses: Losses
    seconds_left: float
    validation: Losses | None = None


class Trainer:
    """Trains one network into a run directory.

    The directory holds `config.json`, `events.jsonl` (a line an epoch), `state.pt` (to resume from) and
    `checkpoints/` with `best.safetensors` (lowest validation loss once both terms are trained) and `last.safetensors`.

    Args:
        garments: what to learn from, and to validate on; on the same if all that is meant for it is damaged.
        model: the network's configuration.
        training: the training's configuration.
        run: the directory; made if it is missing.
        category: stored in the checkpoints.
        command: the command line that started this, stored in the checkpoints.
        device: where to train.

    Raises:
        KeygridError: there is nothing to train on that can be read.
    """

    def __init__(
        self, garments: Dataset, model: ModelConfig, training: TrainingConfig, run: Path,
        *, category: str = "", command: str = "", device: str = "cpu",
    ) -> None:  # fmt: skip
        self.model, self.training, self.run = model, training, run
        self.category, self.device = category, torch.device(device)
        torch.manual_seed(training.seed)
        self.network = KeyGrid(model).to(self.device)
        self.optimiser = _optimiser(self.network, training)
        train, validate = garments.split(training.seed)
        if not validate.is_usable:
            validate = train
        self.clouds, self.held_out = (
            Clouds(part, model.points, model.normalisation, training.augmentation, (training.seed, stream))
            for stream, part in enumerate((train, validate))
        )
        self.clouds.batch(0, 1)  # raises before anything is written
        self.record: dict[str, Any] = {
            "command": command,
            "training": asdict(training),
            "garments": {"train": train.names, "validation": validate.names},
            "seconds": 0.0,
            "history": [],
        }
        self.epoch = 0

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.training.epoch_size // self.training.batch)

    def resume(self) -> None:
        """Go on from the last whole epoch of the run directory; only the number of epochs may have changed.

        Raises:
            KeygridError: the run has no saved state, a damaged one, or was made with another configuration.
        """
        try:
            state = torch.load(self.run / "state.pt", map_location=self.device, weights_only=True)
        except FileNotFoundError as error:
            raise KeygridError(f"{self.run} has no saved state to resume from; start it without --resume.") from error
        except (RuntimeError, EOFError, OSError, ValueError, KeyError, UnpicklingError) as error:
            raise KeygridError(f"{self.run / 'state.pt'} is damaged, so this run can't be resumed.") from error
        same_garments = state["record"]["garments"] == self.record["garments"]
        if not same_garments or _but_epochs(state["config"]) != _but_epochs(_plain(self._config())):
            raise KeygridError(f"{self.run} was begun with another configuration; resume with the same options.")
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch = state["epoch"]
        self.record |= {"seconds": state["record"]["seconds"], "history": state["record"]["history"]}

    def fit(self, report: Callable[[Progress], None]) -> None:
        """Train to the last epoch, calling `report` after every step and every epoch.

        Raises:
            KeygridError: a loss became NaN or infinite, the checkpoints of earlier epochs are kept; the directory can't
                be made, or holds a training that was not resumed.
        """
        self._prepare_run()
        keep_freed_memory()
        began, first_epoch, earlier = time.monotonic(), self.epoch, self.record["seconds"]
        total = self.training.epochs * self.steps_per_epoch
        while self.epoch < self.training.epochs:
            terms: list[Losses] = []
            for terms_of_step in self._epoch():
                terms.append(terms_of_step)
                done = self.epoch * self.steps_per_epoch + len(terms)
                pace = (time.monotonic() - began) / (done - first_epoch * self.steps_per_epoch)
                report(Progress(self.epoch + 1, done, total, terms_of_step, pace * (total - done)))
            means = {name: float(np.mean([t[name] for t in terms])) for name in terms[0]}
            validation = self._validate()
            self._guard(sum(validation.values()), done)
            self.epoch += 1
            self.record["seconds"] = earlier + time.monotonic() - began
            self.record["history"].append({"epoch": self.epoch, "train": means, "validation": validation})
            self._save(validation)
            report(Progress(self.epoch, done, total, means, pace * (total - done), validation))

    def _prepare_run(self) -> None:
        if self.epoch == 0 and (self.run / "state.pt").exists():
            raise KeygridError(f"{self.run} holds a training already; go on with --resume, or name another directory.")
        try:
            (self.run / "checkpoints").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KeygridError(f"The directory {self.run} can't be made: {error.strerror}.") from error
        with atomic(self.run / "config.json") as path:
            path.write_text(json.dumps(self._config(), indent=2))
        # A process that was killed while it saved may have left an event that will come again, or half of one.
        with atomic(self.run / "events.jsonl") as path:
            path.write_text("".join(map(_event, self.record["history"])))

    def _epoch(self) -> Iterator[Losses]:
        self.network.train()
        weights = {"farthest": self.training.farthest_weight}
        if self.epoch >= self.training.warm_up:
            weights["similarity"] = self.training.similarity_weight
        for i in range(self.steps_per_epoch):
            step = self.epoch * self.steps_per_epoch + i
            # Everything random in a step follows from its number: a resumed run repeats what it would have drawn.
            rng = np.random.default_rng([self.training.seed, 2, step])
            torch.manual_seed(int(rng.integers(2**62)))
            begin = i * self.training.batch
            size = min(self.training.batch, self.training.epoch_size - begin)
            points = self.clouds.batch(self.epoch * self.training.epoch_size + begin, size).to(self.device)
            terms = self._losses(points, int(rng.integers(points.shape[1])))
            loss = torch.stack([weight * terms[name] for name, weight in weights.items()]).sum()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            # Read once, when all work of the step is under way: reading waits for the device.
            total, *values = torch.stack([loss, *terms.values()]).tolist()
            self._guard(total, step + 1)
            yield dict(zip(terms, values, strict=True))

    def _losses(self, points: Tensor, start: int) -> dict[str, Tensor]:
        return losses(self.network(points), points, self.training.farthest, start)

    @torch.no_grad()
    def _validate(self) -> Losses:
        self.network.eval()
        batches = [
            self._losses(self.held_out.batch(begin, self.training.batch).to(self.device), start=0)
            for begin in range(0, self.training.validation_size, self.training.batch)
        ]
        return {name: float(torch.stack([terms[name] for terms in batches]).mean()) for name in batches[0]}

    def _guard(self, loss: float, step: int) -> None:
        if not np.isfinite(loss):
            raise KeygridError(
                f"The loss became {loss:g} at step {step}, so training stopped and keeps what it saved after "
                f"{self.epoch} epochs; try a lower --learning-rate or another --seed."
            )

    def _save(self, validation: Losses) -> None:
        checkpoint = Checkpoint(self.model, self.network.state_dict(), self.category, self.record)
        checkpoint.save(self.run / "checkpoints" / "last.safetensors")
        trained = [sum(e["validation"].values()) for e in self.record["history"] if e["epoch"] > self.training.warm_up]
        if trained and sum(validation.values()) <= min(trained):
            checkpoint.save(self.run / "checkpoints" / "best.safetensors")
        with (self.run / "events.jsonl").open("a") as events:
            events.write(_event(self.record["history"][-1]))
        state = {
            "config": _plain(self._config()),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "record": self.record,
        }
        with atomic(self.run / "state.pt") as path:
            torch.save(state, path)

    def _config(self) -> dict[str, Any]:
        return {"model": asdict(self.model), "training": asdict(self.training), "category": self.category}


def _event(epoch: dict[str, Any]) -> str:
    return json.dumps({"event": "epoch", **epoch}) + "\n"


def _plain(config: dict[str, Any]) -> Any:
    """As JSON reads it back, with lists for tuples."""
    return json.loads(json.dumps(config))


def _but_epochs(config: dict[str, Any]) -> dict[str, Any]:
    return config | {"training": config["training"] | {"epochs": None}}


def _optimiser(network: KeyGrid, training: TrainingConfig) -> torch.optim.Optimizer:
    if training.optimiser == "adam":
        return torch.optim.Adam(network.parameters(), lr=training.learning_rate)
    return torch.optim.Adadelta(network.parameters(), lr=training.learning_rate, eps=1e-2)
