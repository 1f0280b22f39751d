"""The training loop on a network of a few thousand parameters."""

import json
import math
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.header import model_as_json
from keygrid.data.augmentation import Augmentation
from keygrid.data.dataset import Dataset
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.model.config import ModelConfig
from keygrid.model.inputs import Inputs
from keygrid.model.layers import SharedMLP
from keygrid.training.config import PUBLISHED, TrainingConfig
from keygrid.training.control import StoppedError
from keygrid.training.dataset import Batch
from keygrid.training.events import Event, PreviewEvent, StepEvent, to_json
from keygrid.training.terms import TERMS
from keygrid.training.trainer import About, Trainer
from tests.networks import model_of_format_1, name_of_format_1

ROOT = Path(__file__).parents[2]

TRAINING = TrainingConfig(
    epochs=3, epoch_size=5, batch=2, validation_size=3, warm_up=1, farthest=6, learning_rate=0.5,
    augmentation=Augmentation(deform=0.05),
)  # fmt: skip
STEPS = 3
"""Of an epoch: batches of 2, 2 and 1."""


Line = dict[str, Any]


class InterruptionError(Exception):
    pass


@pytest.fixture(autouse=True)
def _ordinary_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training tells the C library to keep what it frees, until the process ends: not in everyone's process."""
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)


@pytest.fixture(scope="module")
def sheet() -> Garment:
    corners = np.array([[0, 0, 0], [1, 0, 0.3], [1, 2, 0], [0, 2, 0.5], [0.5, 1, 0.8]])
    return Garment("sheet", corners, np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]))


@pytest.fixture(scope="module")
def config(tiny_config: ModelConfig) -> ModelConfig:
    return replace(tiny_config, points=64, dropout=0.3, normalisation="centred")


@pytest.fixture
def make(sheet: Garment, config: ModelConfig, tmp_path: Path) -> Callable[..., Trainer]:
    """Trainers of the same training, or one with other constants."""

    def make_trainer(run: str = "run", model: ModelConfig = config, **changes: Any) -> Trainer:
        return Trainer(
            Dataset.of([sheet]), model, replace(TRAINING, **changes), tmp_path / run, about=About("sheet", "go")
        )

    return make_trainer


@pytest.fixture(scope="module")
def whole(sheet: Garment, config: ModelConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a training that nothing interrupted."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
        train(Trainer(Dataset.of([sheet]), config, TRAINING, run, about=About("sheet", "go")))
    return run


def train(trainer: Trainer) -> list[Line]:
    """What it tells, as lines of its file."""
    events: list[Event] = []
    trainer.fit(events.append)
    return [json.loads(to_json(event)) for event in events]


def of_kind(kind: str, events: list[Line]) -> list[Line]:
    return [event for event in events if event["event"] == kind]


def at_step(step: int, act: Callable[[], None]) -> Callable[[Event], None]:
    def report(event: Event) -> None:
        if isinstance(event, StepEvent) and event.step == step:
            act()

    return report


def interrupt() -> None:
    raise InterruptionError


def read_events(run: Path) -> list[Line]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


TIMES = {"time", "seconds", "steps_per_second", "seconds_left", "memory"}


def without_time(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in TIMES}


def course(run: Path) -> list[dict[str, Any]]:
    """What happened in a run, without when, and without interruptions."""
    kinds = {"step", "epoch", "checkpoint", "preview"}
    return [without_time(event) for event in read_events(run) if event["event"] in kinds]


def without_circumstances(record: dict[str, Any]) -> dict[str, Any]:
    return without_time(record) | {"training": record["training"] | {"epochs": None}}


def assert_same_run(a: Path, b: Path) -> None:
    """Bit for bit: every weight of both checkpoints, the optimiser's state, losses and events."""
    for name in ("last.safetensors", "best.safetensors"):
        ours, theirs = (Checkpoint.load(run / "checkpoints" / name) for run in (a, b))
        assert ours.weights.keys() == theirs.weights.keys()
        assert all(torch.equal(weight, theirs.weights[n]) for n, weight in ours.weights.items())
        assert (ours.config, ours.category) == (theirs.config, theirs.category)
        assert without_circumstances(ours.record) == without_circumstances(theirs.record)
    states = [torch.load(run / "state.pt", weights_only=True)["optimiser"]["state"] for run in (a, b)]
    assert states[0].keys() == states[1].keys()
    for mine, other in zip(states[0].values(), states[1].values(), strict=True):
        assert all(torch.equal(torch.as_tensor(mine[n]), torch.as_tensor(other[n])) for n in mine)
    assert course(a) == course(b)


def assert_same_weights(path: Path, trainer: Trainer) -> None:
    weights = Checkpoint.load(path).weights
    assert all(torch.equal(weight.float(), weights[name]) for name, weight in trainer.network.state_dict().items())


def test_losses_fall(make: Callable[..., Trainer]) -> None:
    events = train(make(epochs=12, epoch_size=8, batch=4, warm_up=2))
    validation = [event["validation"] for event in of_kind("epoch", events)]
    assert validation[-1]["farthest"] < 0.7 * validation[0]["farthest"]
    assert validation[-1]["similarity"] < 0.7 * validation[0]["similarity"]


def test_the_similarity_loss_joins_after_the_warm_up(make: Callable[..., Trainer]) -> None:
    trainer = make(epochs=2, warm_up=1)
    head = trainer.network.decoder.head[-1].weight
    before, changed = head.detach().clone(), []

    def report(event: Event) -> None:
        if isinstance(event, StepEvent):
            changed.append((event.epoch, not torch.equal(head, before)))

    trainer.fit(report)
    assert changed == [(1, False)] * STEPS + [(2, True)] * STEPS


@pytest.mark.parametrize("name", ["farthest", "similarity"])
def test_a_term_without_weight_trains_nothing(make: Callable[..., Trainer], name: str) -> None:
    trainer = make(epochs=1, warm_up=0, weights=PUBLISHED | {name: 0})
    part = trainer.network.decoder.head if name == "similarity" else trainer.network.decoder
    # What batch normalisation takes away again has no gradient.
    without_effect = {
        id(layer.bias)
        for mlp in part.modules()
        if isinstance(mlp, SharedMLP)
        for layer in mlp
        if isinstance(layer, torch.nn.Linear)
    }
    parameters = [p for p in part.parameters() if id(p) not in without_effect]
    before = [p.detach().clone() for p in parameters]
    train(trainer)
    same = [torch.equal(p, b) for p, b in zip(parameters, before, strict=True)]
    assert all(same) if name == "similarity" else not any(same)


@pytest.mark.parametrize("optimiser", ["adadelta", "adam"])
def test_the_same_seed_gives_the_same_weights(make: Callable[..., Trainer], optimiser: str, tmp_path: Path) -> None:
    for run in ("a", "b"):
        torch.manual_seed(len(run) if run == "a" else 99)  # what was drawn before does not matter
        torch.rand(7)
        train(make(run, optimiser=optimiser, epochs=2, learning_rate=0.01))
    assert_same_run(tmp_path / "a", tmp_path / "b")


def test_another_seed_begins_elsewhere(make: Callable[..., Trainer]) -> None:
    ours, theirs, again = (make(seed=seed) for seed in (0, 1, 0))
    first = [trainer.network.state_dict()["point_weights.last.weight"] for trainer in (ours, theirs, again)]
    assert torch.equal(first[0], first[2])
    assert not torch.isclose(first[0], first[1]).any()
    assert not torch.isclose(
        ours.clouds.batch(range(0, 1)).points, theirs.clouds.batch(range(0, 1)).points, atol=1e-4
    ).all()
    assert torch.equal(ours.clouds.batch(range(0, 1)).points, again.clouds.batch(range(0, 1)).points)


def test_events_tell_every_step_and_every_epoch(make: Callable[..., Trainer], tmp_path: Path) -> None:
    events = train(make(epochs=2))
    assert events == read_events(tmp_path / "run")
    epoch = ["step"] * STEPS + ["epoch", "checkpoint", "preview"]
    assert [event["event"] for event in events] == ["start", "preview", *epoch, *epoch, "end"]
    assert without_time(events[0]).items() >= {"epoch": 0, "step": 0, "epochs": 2, "steps": 6, "resumed": False}.items()
    steps, epochs = of_kind("step", events), of_kind("epoch", events)
    assert [(e["epoch"], e["step"]) for e in steps] == [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]
    assert [(e["epoch"], e["step"]) for e in epochs] == [(1, 3), (2, 6)]
    for i, event in enumerate(epochs):
        assert event["seconds"] > 0
        for name, mean in event["train"].items():
            each = [step["losses"][name] for step in steps[3 * i : 3 * i + 3]]
            assert mean == pytest.approx(np.mean(each), rel=1e-12)
    assert [step["total"] == step["losses"]["farthest"] for step in steps] == [True] * 3 + [False] * 3
    assert steps[-1]["seconds_left"] == 0
    assert all(step["steps_per_second"] > 0 and step["memory"] > 2**20 for step in steps)
    assert all(earlier["time"] <= later["time"] for earlier, later in pairwise(events))


def test_a_preview_is_in_the_units_of_the_garment_s_file(
    make: Callable[..., Trainer], sheet: Garment, config: ModelConfig
) -> None:
    for event in of_kind("preview", train(make(epochs=1))):
        keypoints = np.array(event["keypoints"])
        assert keypoints.shape == (config.keypoints, 3)
        assert (keypoints >= sheet.bounds[0]).all()
        assert (keypoints <= sheet.bounds[1]).all()
        assert (event["garment"], event["frame"]) == ("sheet", 0)
        assert event["edges"] == [list(edge) for edge in config.edges]
        assert len(event["strengths"]) == len(config.edges)


def test_every_cloud_of_an_epoch_is_seen_once(make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make(epochs=2)
    seen: list[Tensor] = []
    trainer.network.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0].points.clone()) if module.training else None
    )
    train(trainer)
    assert [len(batch) for batch in seen] == [2, 2, 1, 2, 2, 1]
    for epoch in range(2):
        shown = trainer.clouds.batch(trainer.clouds.shuffled(epoch, 5)).points
        assert torch.equal(torch.cat(seen[3 * epoch : 3 * epoch + 3]), shown)


def test_every_step_draws_its_own_start(make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make(epochs=2)
    ordinary, starts, masks = trainer._losses, [], []

    def recorded(batch: Batch, start: int, names: Collection[str]) -> dict[str, Tensor]:
        if trainer.network.training:
            starts.append(start)
            masks.append(torch.initial_seed())  # from which dropout is drawn
        return ordinary(batch, start, names)

    monkeypatch.setattr(trainer, "_losses", recorded)
    train(trainer)
    assert len(starts) == len(set(starts)) == len(set(masks)) == 2 * STEPS
    assert all(0 <= start < 64 for start in starts)


def test_validation_sees_the_same_clouds_every_time(make: Callable[..., Trainer]) -> None:
    trainer = make(epochs=2)
    seen: list[Tensor] = []

    def record(module: nn.Module, inputs: tuple[Inputs]) -> None:
        if not module.training and len(inputs[0]) > 1:  # a preview is of one garment
            seen.append(inputs[0].points.clone())

    trainer.network.register_forward_pre_hook(record)
    train(trainer)
    assert len(seen) == 4
    assert torch.equal(torch.cat(seen[:2]), torch.cat(seen[2:]))
    assert not torch.equal(torch.cat(seen[:2])[:2], trainer.clouds.batch(range(0, 2)).points)


def test_a_batch_of_one_trains(make: Callable[..., Trainer]) -> None:
    trainer = make(epochs=1, epoch_size=2, batch=1, warm_up=0)
    before = [p.detach().clone() for p in trainer.network.parameters()]
    train(trainer)
    after = list(trainer.network.parameters())
    assert all(p.isfinite().all() for p in after)
    assert sum(torch.equal(p, b) for p, b in zip(after, before, strict=True)) < len(before) / 4


def test_what_a_run_directory_holds(make: Callable[..., Trainer], config: ModelConfig, tmp_path: Path) -> None:
    events = train(make(keep_every=2))
    run = tmp_path / "run"
    files = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    kept = {f"checkpoints/{name}.safetensors" for name in ("last", "best", "epoch-0002")}
    assert files == {"config.json", "events.jsonl", "state.pt", *kept}
    stored = json.loads((run / "config.json").read_text())
    training = asdict(replace(TRAINING, keep_every=2))
    expected = {"model": model_as_json(config), "training": training, "category": "sheet", "command": "go"}
    assert stored == json.loads(json.dumps(expected))
    epochs = of_kind("epoch", events)
    last = Checkpoint.load(run / "checkpoints" / "last.safetensors")
    assert (last.config, last.category, last.record["command"]) == (config, "sheet", "go")
    assert last.record["garments"] == {"train": ["sheet"], "validation": ["sheet"]}
    assert last.record["history"] == [{k: e[k] for k in ("epoch", "train", "validation")} for e in epochs]
    assert last.record["training"] == stored["training"]
    assert last.record["seconds"] > 0
    told = [(e["epoch"], e["file"]) for e in of_kind("checkpoint", events)]
    assert told == [
        (e, f"checkpoints/{n}.safetensors") for e, n in ((1, "last"), (2, "last"), (2, "epoch-0002"), (3, "last"))
    ]
    second = Checkpoint.load(run / "checkpoints" / "epoch-0002.safetensors")
    assert [epoch["epoch"] for epoch in second.record["history"]] == [1, 2]


def test_checkpoints_are_halved_and_the_state_is_not(make: Callable[..., Trainer], whole: Path, tmp_path: Path) -> None:
    trainer = make("half", epochs=2, half=True)
    train(trainer)
    last = tmp_path / "half" / "checkpoints" / "last.safetensors"
    assert last.stat().st_size < 0.7 * (whole / "checkpoints" / "last.safetensors").stat().st_size
    for name, weight in Checkpoint.load(last).weights.items():
        torch.testing.assert_close(weight, trainer.network.state_dict()[name].float(), rtol=1e-3, atol=1e-6)
    longer = make("half")
    longer.resume()
    train(longer)
    assert_same_weights(whole / "checkpoints" / "last.safetensors", longer)


def validate_as(values: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    validation = iter(values)
    monkeypatch.setattr(Trainer, "_validate", lambda _self: {"farthest": next(validation), "similarity": 1.0})


def test_the_best_checkpoint_has_the_lowest_validation_loss_after_the_warm_up(
    make: Callable[..., Trainer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate_as([0.1, 0.2, 5.0, 3.0, 4.0], monkeypatch)  # the first two belong to the warm-up
    kept: list[int | None] = []
    best = tmp_path / "run" / "checkpoints" / "best.safetensors"

    def report(event: Event) -> None:
        if isinstance(event, PreviewEvent) and event.epoch > 0:
            kept.append(Checkpoint.load(best).record["history"][-1]["epoch"] if best.exists() else None)

    make(epochs=5, epoch_size=1, warm_up=2).fit(report)
    assert kept == [None, None, 3, 4, 4]
    told = of_kind("checkpoint", read_events(tmp_path / "run"))
    assert [event["best"] for event in told] == [False, False, True, True, False]


def test_a_training_ends_when_validation_gets_no_better(
    make: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    validate_as([0.1, 5.0, 3.0, 4.0, 3.0, 2.0, 1.0], monkeypatch)
    events = train(make(epochs=7, epoch_size=1, patience=2))
    assert [event["epoch"] for event in of_kind("epoch", events)] == [1, 2, 3, 4, 5]
    assert events[-1]["event"] == "end"
    patient = make(epochs=7, epoch_size=1, patience=3)
    patient.resume()
    train(patient)
    assert patient.epoch == 7


@pytest.mark.parametrize("changes", [{}, {"optimiser": "adam", "learning_rate": 0.01}])
def test_an_interrupted_training_goes_on_bit_for_bit(
    make: Callable[..., Trainer], changes: dict[str, Any], whole: Path, tmp_path: Path
) -> None:
    if changes:
        train(make("whole", **changes))
        whole = tmp_path / "whole"
    with pytest.raises(InterruptionError):
        make("broken", **changes).fit(at_step(STEPS + 2, interrupt))
    second = make("broken", **changes)
    second.resume()
    assert (second.epoch, second.step) == (1, STEPS)
    with pytest.raises(InterruptionError):
        second.fit(at_step(2 * STEPS + 1, interrupt))
    third = make("broken", **changes)
    third.resume()
    events = train(third)
    assert (events[0]["event"], events[0]["resumed"]) == ("start", True)
    assert (events[1]["epoch"], events[1]["step"]) == (3, 2 * STEPS + 1)
    assert_same_run(whole, tmp_path / "broken")
    assert third.record["seconds"] > 0


@pytest.mark.parametrize("step", [1, STEPS, STEPS + 1, 2 * STEPS + 2])
def test_a_stopped_training_goes_on_from_that_step_bit_for_bit(
    make: Callable[..., Trainer], whole: Path, tmp_path: Path, step: int
) -> None:
    run = tmp_path / "stopped"
    with pytest.raises(StoppedError, match=f"after step {step}; .* --resume") as stopped:
        make("stopped").fit(at_step(step, (run / "stop").touch))
    assert stopped.value.number == 0
    assert not (run / "stop").exists()
    assert without_time(read_events(run)[-1]) == {"event": "stop", "step": step, "message": str(stopped.value)}
    trainer = make("stopped")
    trainer.resume()
    assert trainer.step == step
    train(trainer)
    assert_same_run(whole, run)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_after_the_step(make: Callable[..., Trainer], number: int, tmp_path: Path) -> None:
    before = signal.getsignal(number)
    with pytest.raises(StoppedError) as stopped:
        make().fit(at_step(2, lambda: signal.raise_signal(number)))
    assert stopped.value.number == number
    assert signal.getsignal(number) is before
    assert read_events(tmp_path / "run")[-1]["step"] == 2
    with pytest.raises(KeyboardInterrupt):  # who asks twice does not want to wait
        make("twice").fit(at_step(2, lambda: [signal.raise_signal(number) for _ in range(2)] and None))


def test_a_training_waits_while_it_is_paused(
    make: Callable[..., Trainer], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keygrid.training.trainer.LOOK", 0.01)
    pause, seen = tmp_path / "paused" / "pause", []

    def report(event: Event) -> None:
        seen.append(event.kind)
        if isinstance(event, StepEvent) and event.step == 2:
            pause.touch()
            Timer(0.1, pause.unlink).start()

    make("paused").fit(report)
    at = seen.index("paused")
    assert seen[at - 1 : at + 3] == ["step", "paused", "resumed", "step"]
    assert_same_run(whole, tmp_path / "paused")


def test_a_stop_for_a_process_that_is_gone_is_forgotten(make: Callable[..., Trainer], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "stop").touch()
    assert train(make(epochs=1, epoch_size=1))[-1]["event"] == "end"


def test_a_finished_training_can_be_made_longer(make: Callable[..., Trainer], whole: Path, tmp_path: Path) -> None:
    train(make("longer", epochs=2))
    trainer = make("longer", epochs=3)
    trainer.resume()
    train(trainer)
    assert_same_run(whole, tmp_path / "longer")


KILLED = """
import pickle, sys, time
from pathlib import Path

from keygrid.data.dataset import Dataset
from keygrid.training.trainer import About, Trainer

garment, model, training, run = pickle.loads(Path(sys.argv[1]).read_bytes())
trainer = Trainer(Dataset.of([garment]), model, training, run, about=About("sheet", "go"))
print("ready", flush=True)
sys.stdin.readline()
trainer.fit(lambda event: time.sleep(0.05))
"""


@pytest.fixture(scope="module", autouse=True)
def doomed(
    sheet: Garment, config: ModelConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A training in another process and its directory; started first, because importing takes it long."""
    directory = tmp_path_factory.mktemp("doomed")
    arguments = directory / "arguments.pickle"
    arguments.write_bytes(pickle.dumps((sheet, config, TRAINING, directory / "run")))
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process, directory / "run"
        process.kill()


def test_a_training_that_is_killed_at_any_moment_goes_on_bit_for_bit(
    sheet: Garment, config: ModelConfig, doomed: tuple[subprocess.Popen[str], Path], whole: Path
) -> None:
    process, run = doomed
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    while not (run / "state.pt").exists():  # as soon as there is one, there always is
        time.sleep(0.01)
    time.sleep(random.uniform(0, 1.5))
    process.kill()
    assert process.wait() in {-signal.SIGKILL, 0}

    trainer = Trainer(Dataset.of([sheet]), config, TRAINING, run, about=About("sheet", "go"))
    trainer.resume()
    train(trainer)
    assert_same_run(whole, run)


def test_an_event_that_was_written_before_the_state_is_not_written_twice(
    make: Callable[..., Trainer], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_arguments: Any) -> None:
        raise InterruptionError

    train(make("broken", epochs=2))
    trainer = make("broken")
    trainer.resume()
    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", killed)
        with pytest.raises(InterruptionError):
            train(trainer)
    events = tmp_path / "broken" / "events.jsonl"
    assert [event["epoch"] for event in of_kind("epoch", read_events(tmp_path / "broken"))] == [1, 2, 3]
    with events.open("a") as file:
        file.write('{"event": "epo')  # and half a line
    trainer = make("broken")
    trainer.resume()
    assert trainer.epoch == 2
    train(trainer)
    assert_same_run(whole, tmp_path / "broken")
    assert not list((tmp_path / "broken").glob(".*"))


def test_a_run_of_an_earlier_version_goes_on(make: Callable[..., Trainer], whole: Path, tmp_path: Path) -> None:
    train(make("earlier", epochs=2))
    path = tmp_path / "earlier" / "state.pt"
    state = torch.load(path, weights_only=True)
    weights = state["config"]["training"].pop("weights")
    state["config"]["training"] |= {f"{name}_weight": weights.get(name, 0.0) for name in TERMS}
    state["config"]["model"] = model_of_format_1(state["config"]["model"])
    state["learning"] = {name_of_format_1(name): tensor for name, tensor in state["learning"].items()}
    assert "0.encoder.head.2.weight" in state["learning"]
    del state["format"]
    torch.save(state, path)
    trainer = make("earlier")
    trainer.resume()
    train(trainer)
    assert_same_run(whole, tmp_path / "earlier")
    with pytest.raises(KeygridError, match="another configuration"):
        make("earlier", weights={"farthest": 2}).resume()


@pytest.mark.parametrize("number", [0, 3, "2", None])
def test_a_run_of_a_later_version_is_refused_with_a_sentence(
    make: Callable[..., Trainer], tmp_path: Path, number: Any
) -> None:
    train(make("later", epochs=1))
    path = tmp_path / "later" / "state.pt"
    torch.save(torch.load(path, weights_only=True) | {"format": number}, path)
    with pytest.raises(KeygridError, match=r"state\.pt was saved by another version"):
        make("later", epochs=2).resume()


def test_a_run_that_holds_a_training_is_not_overwritten(make: Callable[..., Trainer], tmp_path: Path) -> None:
    train(make(epochs=1))
    before = (tmp_path / "run" / "checkpoints" / "last.safetensors").read_bytes()
    with pytest.raises(KeygridError, match=r"already holds a training run.*--resume"):
        train(make(epochs=1, seed=5))
    assert (tmp_path / "run" / "checkpoints" / "last.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [{"batch": 3}, {"seed": 1}, {"learning_rate": 0.2}, {"farthest": 9}, {"augmentation": Augmentation(up="z")}],
)
def test_another_training_is_not_resumed(make: Callable[..., Trainer], change: dict[str, Any]) -> None:
    train(make(epochs=1, epoch_size=2))
    with pytest.raises(KeygridError, match="begun with another configuration"):
        make(**{"epochs": 2, "epoch_size": 2} | change).resume()


def test_another_network_or_garment_is_not_resumed(
    make: Callable[..., Trainer], config: ModelConfig, sheet: Garment, tmp_path: Path
) -> None:
    train(make(epochs=1, epoch_size=2))
    training = replace(TRAINING, epoch_size=2)
    other = replace(sheet, name="another")
    for garments, model, category in (
        ([sheet], replace(config, keypoints=5), "sheet"),
        ([sheet], replace(config, normalisation="range"), "sheet"),
        ([sheet], config, "trousers"),
        ([other], config, "sheet"),
        ([sheet, other], config, "sheet"),
    ):
        with pytest.raises(KeygridError, match=r"begun with (another configuration|other garments)"):
            Trainer(Dataset.of(garments), model, training, tmp_path / "run", about=About(category)).resume()
    Trainer(Dataset.of([sheet]), config, training, tmp_path / "run", about=About("sheet")).resume()


def test_a_run_without_a_state_is_not_resumed(make: Callable[..., Trainer]) -> None:
    with pytest.raises(KeygridError, match="no saved state"):
        make().resume()


def cut(content: bytes, keep: float) -> bytes:
    return content[: int(keep * len(content))]


def repickled(content: bytes, change: Callable[[Any], Any]) -> bytes:
    file = BytesIO()
    torch.save(change(torch.load(BytesIO(content), weights_only=True)), file)
    return file.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:100],
        lambda content: cut(content, 0.99),
        lambda content: cut(content, 0.5) + bytes(len(content) // 2),
        lambda content: b"\x80\x02}q\x00(" + content[:50],
        lambda content: repickled(content, lambda state: [state]),
        lambda content: repickled(content, lambda state: 3),
        lambda content: repickled(content, lambda state: {}),
        lambda content: repickled(content, lambda state: state | {"config": 3}),
        lambda content: repickled(content, lambda state: state | {"learning": {3: "x"}}),
        lambda content: repickled(content, lambda state: state | {"learning": {}}),
        lambda content: repickled(content, lambda state: state | {"optimiser": {"state": 1}}),
        lambda content: repickled(content, lambda state: state | {"record": {"history": []}}),
        lambda content: repickled(content, lambda state: state | {"epoch": "2"}),
        lambda content: repickled(content, lambda state: state | {"seen": None}),
    ],
)
def test_a_damaged_state_costs_what_followed_the_last_checkpoint(
    make: Callable[..., Trainer], whole: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    state = tmp_path / "run" / "state.pt"
    state.write_bytes(damage(state.read_bytes()))
    trainer, said = make(epochs=4), []
    trainer.resume(said.append)
    assert said[0].startswith(f"{state} is damaged. Training continues from the checkpoint after epoch 3")
    assert (trainer.epoch, trainer.step) == (3, 3 * STEPS)
    last = Checkpoint.load(whole / "checkpoints" / "last.safetensors")
    assert all(torch.equal(tensor, last.weights[name]) for name, tensor in trainer.network.state_dict().items())


def test_a_training_with_a_damaged_state_comes_to_its_end(
    make: Callable[..., Trainer], whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "state.pt").write_bytes(b"")
    trainer = make(epochs=4)
    trainer.resume()
    epochs = of_kind("epoch", train(trainer))
    assert [event["epoch"] for event in epochs] == [4]
    assert len(Checkpoint.load(tmp_path / "run" / "checkpoints" / "last.safetensors").record["history"]) == 4


def test_without_a_state_and_a_checkpoint_one_begins_elsewhere(
    make: Callable[..., Trainer], whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "state.pt").write_bytes(b"")
    (tmp_path / "run" / "checkpoints" / "last.safetensors").write_bytes(b"")
    with pytest.raises(KeygridError, match=r"state\.pt is damaged.*Start again in another directory"):
        make(epochs=4).resume()
    shutil.copytree(whole, tmp_path / "other")
    (tmp_path / "other" / "state.pt").write_bytes(b"")
    with pytest.raises(KeygridError, match="another configuration"):
        make("other", seed=5).resume()


def test_a_damaged_line_of_events_costs_that_line(make: Callable[..., Trainer], whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    log = tmp_path / "run" / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"step", b"\xff\xfe")
    lines[3:3] = [b'{"event": "step"}\n', b'{"event": []}\n', b"[]\n", b"\x00\n"]
    log.write_bytes(b"".join(lines))
    trainer = make(epochs=4)
    trainer.resume()
    train(trainer)
    assert len(of_kind("epoch", [json.loads(line) for line in log.read_bytes().splitlines()])) == 4


def test_a_directory_that_can_t_be_made_is_named(make: Callable[..., Trainer], tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(KeygridError, match=r"folder .*run.* can't be made"):
        train(make())


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_the_training(
    make: Callable[..., Trainer], bad: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make()
    ordinary = trainer._losses

    def spoilt(batch: Batch, start: int, names: Collection[str]) -> dict[str, Tensor]:
        terms = ordinary(batch, start, names)
        return terms if trainer.epoch == 0 else terms | {"farthest": terms["farthest"] * bad}

    monkeypatch.setattr(trainer, "_losses", spoilt)
    with pytest.raises(
        KeygridError, match=rf"^The loss became {bad:g} at step 4, .* after epoch 1 is kept\. Try a lower"
    ):
        train(trainer)
    last = Checkpoint.load(tmp_path / "run" / "checkpoints" / "last.safetensors")
    assert [epoch["epoch"] for epoch in last.record["history"]] == [1]
    assert all(weight.isfinite().all() for weight in last.weights.values())
    resumed = make()
    resumed.resume()
    assert resumed.epoch == 1


def test_a_gradient_that_is_no_number_stops_the_training(make: Callable[..., Trainer], tmp_path: Path) -> None:
    trainer = make(epochs=1)
    before = {name: weight.clone() for name, weight in trainer.network.named_parameters()}
    trainer.network.point_weights.last.weight.register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(KeygridError, match=r"^The gradient became nan at step 1, .*--clip 1"):
        train(trainer)
    assert all(torch.equal(weight, before[name]) for name, weight in trainer.network.named_parameters())
    assert read_events(tmp_path / "run")[-1]["event"] == "error"


def test_a_gradient_is_cut_where_it_is_too_long(make: Callable[..., Trainer]) -> None:
    trainer = make(epochs=1, clip=0.01)
    lengths: list[float] = []
    ordinary = trainer.optimiser.step

    def step(*arguments: Any, **options: Any) -> Any:
        gradients = [p.grad.norm() for p in trainer.network.parameters() if p.grad is not None]
        lengths.append(float(torch.stack(gradients).norm()))
        return ordinary(*arguments, **options)

    trainer.optimiser.step = step  # type: ignore[method-assign]
    train(trainer)
    assert lengths == pytest.approx([0.01] * STEPS, rel=1e-3)


@pytest.mark.parametrize(("steps", "noticed"), [(1, 1), (3, 2)])
def test_a_training_that_diverges_ends_with_a_sentence(
    make: Callable[..., Trainer], steps: int, noticed: int, tmp_path: Path
) -> None:
    """With one step an epoch the weights are lost after the last loss that training looks at."""
    trainer = make(epochs=2, epoch_size=2 * steps, learning_rate=1e30, optimiser="adam")
    with pytest.raises(KeygridError, match=rf"^The (loss|gradient) became \w+ at step {noticed}, so training stopped"):
        train(trainer)
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


# Two trainings in one directory.


def test_one_directory_is_trained_by_one_process(make: Callable[..., Trainer], tmp_path: Path) -> None:
    """Whichever of them starts and whichever resumes; what the first writes stays as it is."""
    first, second, resumed = make(), make(), make(epochs=4)
    refused: list[str] = []

    def meddle(event: Event) -> None:
        if not isinstance(event, StepEvent) or refused:
            return
        before = (tmp_path / "run" / "events.jsonl").read_bytes()
        resumed.resume()
        for other in (second, resumed):
            with pytest.raises(KeygridError) as caught:
                other.fit()
            refused.append(str(caught.value))
        assert (tmp_path / "run" / "events.jsonl").read_bytes() == before

    first.fit(meddle)
    assert "already holds a training run" in refused[0]
    assert f"is being trained by process {os.getpid()}" in refused[1]
    assert not (tmp_path / "run" / "lock").exists()


def test_a_start_that_waited_for_the_lock_does_not_begin_again(make: Callable[..., Trainer], tmp_path: Path) -> None:
    run = make().run
    run.make(resumed=False)
    run.state.write_bytes(b"of a training that has begun and ended since")
    with pytest.raises(KeygridError, match="already holds a training run"), run.held(resumed=False):
        raise AssertionError
