"""The training loop."""

import os
import socket
import time
from collections.abc import Callable, Collection
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.header import model_as_json
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig
from keygrid.model.network import KeyGrid
from keygrid.training.config import TrainingConfig, refuse_other_decoders
from keygrid.training.control import LOOK, DivergedError, Order, Orders, StoppedError, refuse_unless_finite
from keygrid.training.dataset import Batch
from keygrid.training.events import (
    CheckpointEvent,
    EndEvent,
    EpochEvent,
    ErrorEvent,
    Event,
    PausedEvent,
    PreviewEvent,
    ResumedEvent,
    StartEvent,
    StepEvent,
    StopEvent,
)
from keygrid.training.memory import keep_freed_memory, used
from keygrid.training.optimiser import make_optimiser
from keygrid.training.pairs import rest_of
from keygrid.training.processes import Machine, finish, launch, make_fabric, part_of, sum_gradients
from keygrid.training.run import RunDirectory
from keygrid.training.sources import clouds_for
from keygrid.training.state import DamagedStateError, load_state, save_state, state_of_checkpoint
from keygrid.training.teacher import Teacher
from keygrid.training.terms import TERMS, Need, Seen, losses
from keygrid.training.validation import Motion, correspondence, follow, motions

Losses = dict[str, float]


@dataclass(frozen=True, eq=False)
class About:
    """The subject of a run.

    Attributes:
        category: of the garments, stored in the checkpoints; empty where there is none.
        command: the command line that started it, stored in the checkpoints.
        preview: the garment whose keypoints are told after each pass; the first one of validation if not given.
    """

    category: str = ""
    command: str = ""
    preview: Garment | None = None


class Trainer:
    """Trains one network into a run directory, which `keygrid.training.run` describes.

    Everything random in a step follows from its number, so a training that was interrupted repeats what it would have
    done, and several processes, which share every batch, do what one would.

    Args:
        garments: what to learn from, and to validate on; on the same if all that is meant for it is damaged.
        model: the network's configuration.
        training: the training's configuration.
        run: the directory; made if it is missing.
        machine: where to train.
        about: what is trained, and why.

    Raises:
        KeygridError: there is nothing to train on that can be read, a loss term judges what the network has not, there
            is no teacher, or the device can't be used.
    """

    def __init__(
        self,
        garments: Dataset,
        model: ModelConfig,
        training: TrainingConfig,
        run: Path,
        *,
        machine: Machine = Machine(),  # noqa: B008  # it can't change
        about: About = About(),
    ) -> None:
        refuse_other_decoders(training, model)
        self.model, self.training, self.run = model, training, RunDirectory(run)
        self.category, self.preview = about.category, about.preview
        self.fabric = make_fabric(machine, training.precision)
        torch.manual_seed(training.seed)
        self.network = KeyGrid(model).to(self.fabric.device)
        self.canonical = rest_of(self.network.encoder, model).to(self.fabric.device)  # no part of the network
        self.learning = nn.ModuleList([self.network, self.canonical] if training.needs(Need.PAIRS) else [self.network])
        self.optimiser = make_optimiser(self.learning, training)
        train, validate = garments.split(training.seed)
        validate = validate if validate.is_usable else train
        self.clouds, self.held_out = clouds_for((train, validate), model, training, self.run.clouds)
        self.clouds.batch(range(self.clouds.together))  # raises before anything is written
        device = self.fabric.device
        self._teacher = Teacher.of(training, model, device) if training.needs(Need.TEACHER) else None
        self._template = self.clouds.template(model.keypoints) if training.needs(Need.TEMPLATE) else None
        for size in {min(training.batch, training.epoch_size), training.epoch_size % training.batch} - {0}:
            part_of(range(size), self.fabric, self.clouds.together)  # so does this
        self.record: dict[str, Any] = {
            "command": about.command,
            "training": asdict(training),
            "garments": {"train": train.names, "validation": validate.names},
            "teacher": None if self._teacher is None else self._teacher.fingerprint,
            "seconds": 0.0,
            "history": [],
            "template": None if self._template is None else self._template.tolist(),
        }
        self.epoch, self.step = 0, 0
        self.seconds_before = 0.0  # that the passes before this one took
        self.seen: list[Losses] = []  # of this pass
        self._now, self._seconds_here, self._steps_here = 0.0, 0.0, 0  # of this process, which may be one of several
        self._motions: list[Motion] | None = None
        self._resumed = self._is_paused = False
        self._report: Callable[[Event], None] = lambda _: None

    @property
    def steps(self) -> int:
        """Number of steps of the whole training."""
        return self.training.steps

    @property
    def is_main(self) -> bool:
        """True in the process that writes and reports."""
        return self.fabric.is_global_zero

    @property
    def is_finished(self) -> bool:
        """True when all passes are done, or when validation has not improved for too many of them."""
        trained = self._trained()
        patience = self.training.patience
        has_stalled = 0 < patience < len(trained) and min(trained[-patience:]) >= min(trained[:-patience])
        return self.epoch >= self.training.epochs or has_stalled

    def resume(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Load the run directory's state; only the attributes in `TrainingConfig.FREE` may have changed.

        Args:
            say: receives a message if the state is damaged and the last epoch's checkpoint is used instead.

        Raises:
            KeygridError: the run has no saved state, or a damaged one and no checkpoint, or was made with another
                configuration.
        """
        try:
            self._take_over(load_state(self.run, self._config(), self.fabric.device))
        except DamagedStateError as error:
            self.optimiser = make_optimiser(self.learning, self.training)
            try:
                self._take_over(state_of_checkpoint(self.run, self._config(), self.training.steps_per_epoch))
            except KeygridError as worse:
                raise KeygridError(f"{error} {worse} Start again in another directory.") from error
            say(f"{error} Training continues from the checkpoint after epoch {self.epoch}, with a new optimiser.")

    def _take_over(self, state: dict[str, Any]) -> None:
        """Resume from a state, or from the parts of one in a checkpoint.

        Raises:
            DamagedStateError: its parts do not fit.
            KeygridError: it is of other garments.
        """
        try:
            garments = state["record"]["garments"]
            self.learning.load_state_dict(state["learning"], strict="optimiser" in state)
            for name, part in (("optimiser", self.optimiser), ("scaler", self._scaler)):
                if part is not None and name in state:
                    part.load_state_dict(state[name])
            known = {name: state["record"][name] for name in ("seconds", "history")}
        except Exception as error:  # PyTorch can raise any exception for data that do not fit.
            raise DamagedStateError(self.run) from error
        if garments != self.record["garments"]:
            raise KeygridError(f"{self.run.path} was begun with other garments; resume with the same ones.")
        self.epoch, self.step = state["epoch"], state["step"]
        self.seconds_before, self.seen = state["seconds_before"], state["seen"]
        self.record |= known
        self._resumed = True

    def fit(self, report: Callable[[Event], None] = lambda _: None) -> None:
        """Train to the end and pass every event that is written to `report`, only in the main process.

        Raises:
            KeygridError: a loss or a gradient became NaN or infinite, the state and the checkpoints of the last pass
                are kept; the directory can't be made, another process trains there, or it holds a training that was
                not resumed.
            StoppedError: a stop was requested; the state is saved.
        """
        self._report = report
        self.run.make(resumed=self._resumed)
        launch(self.fabric)
        with self.run.held(resumed=self._resumed) if self.is_main else nullcontext():
            self._train()

    def _train(self) -> None:
        ending: DivergedError | StoppedError | None = None
        try:
            if self.is_main:
                self._begin()
            keep_freed_memory()
            self._now = time.monotonic()
            with Orders(self.run if self.is_main else None) as orders:
                while not self.is_finished:
                    self._obey(orders)
                    if self.step < (self.epoch + 1) * self.training.steps_per_epoch:
                        self._step()
                    else:
                        self._end_epoch()
            self._tell(EndEvent(step=self.step))
            self.run.forget_clouds()
        except (DivergedError, StoppedError) as error:  # which all processes come to at the same step
            ending = error
            kind = StopEvent if isinstance(error, StoppedError) else ErrorEvent
            self._tell(kind(step=self.step, message=str(error)))
        except Exception as error:
            if self.is_main:
                with suppress(KeygridError):  # which may be what has happened
                    self.run.write(ErrorEvent(step=self.step, message=str(error)))
            raise
        finish(self.fabric)
        if ending is not None and self.is_main:
            raise ending

    def _begin(self) -> None:
        self.run.begin(self._config(), epoch=self.epoch, step=self.step, resumed=self._resumed)
        self._tell(
            StartEvent(
                pid=os.getpid(), host=socket.gethostname(), epoch=self.epoch, step=self.step,
                epochs=self.training.epochs, steps=self.steps, resumed=self._resumed,
            )
        )  # fmt: skip
        if not self._resumed:
            self._show_preview()
            self._save()

    def _obey(self, orders: Orders) -> None:
        """Wait while a pause is requested.

        Raises:
            StoppedError: a stop was requested.
        """
        while (order := self._agreed(orders.current())) is Order.WAIT:
            if not self._is_paused:
                self._is_paused = True
                self._tell(PausedEvent(step=self.step))
            time.sleep(LOOK)
        if order is Order.STOP:
            self._tick()
            if self.is_main:
                self._save()
                orders.obeyed()
            raise StoppedError(
                f"Training stopped after step {self.step}; to continue, give the same command with --resume.",
                orders.number,
            )
        if self._is_paused:
            self._is_paused = False
            self._now = time.monotonic()
            self._tell(ResumedEvent(step=self.step))

    def _agreed(self, order: Order) -> Order:
        """The highest request that any process received."""
        if self.fabric.world_size == 1:
            return order
        given = torch.tensor(int(order), device=self.fabric.device)
        return Order(int(self.fabric.all_reduce(given, reduce_op="max")))  # type: ignore[arg-type]

    def _step(self) -> None:
        """Learn from one batch, of which every process has a part."""
        self.network.train()
        weights = self.training.weights_at(self.step)
        rng = np.random.default_rng([self.training.seed, 2, self.step])
        torch.manual_seed(int(rng.integers(2**62)))
        begin = (self.step - self.epoch * self.training.steps_per_epoch) * self.training.batch
        order = self.clouds.shuffled(self.epoch, self.training.epoch_size)
        batch = order[begin : begin + self.training.batch]
        part = part_of(batch, self.fabric, self.clouds.together)
        shown = self.clouds.batch(part).to(self.fabric.device)
        terms = self._losses(shown, int(rng.integers(shown.points.shape[1])), weights)
        # Terms are means, so parts of a batch are weighted by their share, and sums over processes cover the whole
        # batch.
        terms = {name: term * (len(part) / len(batch)) for name, term in terms.items()}
        loss = torch.stack([weight * terms[name] for name, weight in weights.items()]).sum()
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        sum_gradients(self.learning, self.fabric)
        norm = self._clip()
        values = self.fabric.all_reduce(torch.stack([loss, *terms.values()]).detach(), reduce_op="sum")
        assert isinstance(values, Tensor)
        # Read once, after all work of the step is queued, because reading waits for the device.
        norm, total, *each = torch.cat([norm[None], values]).tolist()
        refuse_unless_finite("loss", total, self.step + 1, self.epoch)
        # Where gradients are scaled, the scale may have been too large: then the step is left out, and it is halved.
        if self._scaler is None or self._scaler.get_scale() < 1:
            refuse_unless_finite("gradient", norm, self.step + 1, self.epoch)
        for group in self.optimiser.param_groups:
            group["lr"] = self.training.rate(self.step)
        self.fabric.strategy.precision.optimizer_step(self.optimiser)
        self.step += 1
        self.seen.append(dict(zip(terms, each, strict=True)))
        self._steps_here += 1
        self._tick()
        pace = self._seconds_here / self._steps_here
        self._tell(
            StepEvent(
                epoch=self.epoch + 1, step=self.step, losses=self.seen[-1], total=total, steps_per_second=1 / pace,
                seconds_left=pace * (self.steps - self.step), memory=used(self.fabric.device),
            )
        )  # fmt: skip

    def _losses(self, batch: Batch, start: int, names: Collection[str]) -> dict[str, Tensor]:
        rebuild = any(TERMS[name].decoder for name in names)
        with self.fabric.autocast():
            output = self.network(batch.inputs, rebuild=rebuild)
        labels = None if self._teacher is None else self._teacher.label(batch.points)
        return losses(names, Seen(output, batch, self.training.farthest, start, self.canonical, self._template, labels))

    def _clip(self) -> Tensor:
        """Return the norm of the gradient, which is clipped to the configured norm."""
        if self._scaler is not None:
            self.fabric.strategy.precision.unscale_gradients(self.optimiser)
        return torch.nn.utils.clip_grad_norm_(self.learning.parameters(), self.training.clip or torch.inf)

    @property
    def _scaler(self) -> Any:
        """Return the scaler of gradients that would vanish in 16 bits; None in other precisions."""
        return getattr(self.fabric.strategy.precision, "scaler", None)

    def _end_epoch(self) -> None:
        train = {name: float(np.mean([terms[name] for terms in self.seen])) for name in self.seen[0]}
        validation = self._validate()
        refuse_unless_finite("loss", self._total(validation), self.step, self.epoch)
        self.epoch += 1
        entry: dict[str, Any] = {"epoch": self.epoch, "train": train, "validation": validation}
        self.record["history"].append(entry)
        if self.is_main:
            is_due = self.epoch % self.training.validate_every == 0 or self.is_finished
            if is_due and (found := self._correspondence()):
                entry["scores"] = found
            self._tick()
            seconds = self.record["seconds"] - self.seconds_before
            self._tell(EpochEvent(step=self.step, **entry, seconds=seconds))
            self._keep()
            self._show_preview()
        self.seconds_before, self.seen = self.record["seconds"], []
        if self.is_main:
            self._save()

    @torch.no_grad()
    def _validate(self) -> Losses:
        """Means over batches, of which every process sees some."""
        self.network.eval()
        size, names = self.training.batch, self.training.weights
        batches = range(0, self.training.validation_size, size)
        mine = [
            self._losses(self.held_out.batch(range(begin, begin + size)).to(self.fabric.device), 0, names)
            for begin in batches[self.fabric.global_rank :: self.fabric.world_size]
        ]
        # Every process knows the terms, even one without a batch.
        sums = torch.tensor([sum(float(terms[name]) for terms in mine) for name in names], dtype=torch.float32)
        total = self.fabric.all_reduce(sums.to(self.fabric.device), reduce_op="sum")
        assert isinstance(total, Tensor)
        return dict(zip(names, (total / len(batches)).tolist(), strict=True))

    def _correspondence(self) -> Losses:
        """Return nothing if no garment moves."""
        if self._motions is None:
            self._motions = motions(self.held_out.garments, self.training.validate_motions)
        return dict(correspondence(self.network, self._motions)) if self._motions else {}

    def _keep(self) -> None:
        """Write the checkpoints after a pass."""
        checkpoint = Checkpoint(self.model, self.network.state_dict(), self.category, self.record)
        trained = self._trained()
        is_best = bool(trained) and trained[-1] <= min(trained)
        names = ["last.safetensors"]
        if self.training.keep_every and self.epoch % self.training.keep_every == 0:
            names.append(f"epoch-{self.epoch:04d}.safetensors")
        for name in [*names, "best.safetensors"] if is_best else names:
            checkpoint.save(self.run.checkpoints / name, half=self.training.half)
        for name in names:
            self._tell(CheckpointEvent(epoch=self.epoch, step=self.step, file=f"checkpoints/{name}", best=is_best))

    def _trained(self) -> list[float]:
        """Validation losses of the passes in which all terms were trained, weighted as in the end."""
        return [self._total(e["validation"]) for e in self.record["history"] if e["epoch"] > self.training.warm_up]

    def _total(self, terms: Losses) -> float:
        return sum(weight * terms[name] for name, weight in self.training.weights.items())

    def _show_preview(self) -> None:
        self.preview = self.preview or next(iter(self.held_out.garments))
        where = self.preview.source
        keypoints, strengths = follow(self.network, self.preview, [0])
        self._tell(
            PreviewEvent(
                epoch=self.epoch, step=self.step, garment=str(where.absolute() if where else self.preview.name),
                keypoints=tuple(map(tuple, keypoints[0].tolist())), edges=tuple(map(tuple, self.model.edges)),
                strengths=tuple(strengths[0].tolist()),
            )
        )  # fmt: skip

    def _save(self) -> None:
        save_state(
            self.run,
            {
                "config": self._config(),
                "learning": self.learning.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "scaler": self._scaler and self._scaler.state_dict(),
                "epoch": self.epoch,
                "step": self.step,
                "seconds_before": self.seconds_before,
                "seen": self.seen,
                "record": self.record,
            },
        )

    def _tick(self) -> None:
        """Count the time since the last tick."""
        now = time.monotonic()
        self.record["seconds"] += now - self._now
        self._seconds_here += now - self._now
        self._now = now

    def _tell(self, event: Event) -> None:
        if self.is_main:
            self._report(self.run.write(event))

    def _config(self) -> dict[str, Any]:
        return {
            "model": model_as_json(self.model),
            "training": asdict(self.training),
            "category": self.category,
            "command": self.record["command"],
        }
