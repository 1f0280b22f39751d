"""Several processes that share each batch do what one process does."""

import json
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, distributed

from keygrid.data.dataset import Dataset
from keygrid.errors import KeygridError
from keygrid.model import fused
from keygrid.model.config import ModelConfig
from keygrid.model.config import preset as model_preset
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid
from keygrid.training.config import preset as training_preset
from keygrid.training.processes import Machine, make_fabric, part_of
from keygrid.training.trainer import Trainer
from tests.training.test_terms import published

ROOT = Path(__file__).parents[2]
PARTS = ((0, 2), (2, 5))
OPTIONS = {"--points": 64, "--keypoints": 3, "--epochs": 3, "--epoch-size": 7, "--batch": 4, "--learning-rate": 1e-4}


def learn(config: ModelConfig, part: tuple[int, int], *, is_fused: bool) -> list[Tensor]:
    """Loss, gradients and running statistics of a step that sees a part of a batch of five, in float64."""
    torch.manual_seed(0)
    network = KeyGrid(config).double().train()
    points = torch.rand(5, 128, 3, dtype=torch.float64) * 2 - 1
    torch.manual_seed(7)
    begin, end = part
    with pytest.MonkeyPatch.context() as patch:
        if not is_fused:
            patch.setattr(fused, "serves", lambda *_: False)
        terms = published(network(Inputs(points[begin:end])), points[begin:end], 6, 3)
    loss = sum(terms.values()) * ((end - begin) / 5)
    loss.backward()
    gradients = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])
    statistics = [buffer.flatten() for buffer in network.buffers() if buffer.is_floating_point()]
    return [torch.cat([loss.detach()[None], gradients]), torch.cat(statistics)]


def learn_together(config: ModelConfig, rank: int, meeting: Path) -> list[list[Tensor]]:
    """The same of all processes together, on both ways through shared MLPs."""
    distributed.init_process_group("gloo", init_method=meeting.as_uri(), rank=rank, world_size=len(PARTS))
    try:
        found = [learn(config, PARTS[rank], is_fused=is_fused) for is_fused in (True, False)]
        for summed, _ in found:
            distributed.all_reduce(summed)
        return found
    finally:
        distributed.destroy_process_group()


OTHER = """
import pickle, sys
from pathlib import Path

sys.path.insert(0, "tests/training")
from test_processes import learn_together

learn_together(pickle.loads(Path(sys.argv[1]).read_bytes()), 1, Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("garment") / "sheet.obj"
    path.write_text("v 0 0 0\nv 1 0 0.3\nv 1 2 0\nv 0 2 0.5\nv 0.5 1 0.8\nf 1 2 5\nf 2 3 5\nf 3 4 5\nf 4 1 5\n")
    return path


@pytest.fixture(scope="module", autouse=True)
def command(sheet: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`main.py train` in two processes that wait, and its directory; started first, because importing takes long."""
    run = tmp_path_factory.mktemp("two")
    (run / "pause").touch()
    options = [str(word) for option in OPTIONS.items() for word in option]
    with subprocess.Popen(
        [sys.executable, ROOT / "main.py", "train", sheet, "--run", run, "--devices", "2", "--threads", "1",
         "--no-cache", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        yield process, run
        process.kill()


@pytest.fixture(scope="module", autouse=True)
def other(
    tiny_config: ModelConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The second of two processes, and where it waits for the first."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "config.pickle").write_bytes(pickle.dumps(tiny_config))
    meeting = folder / "meeting"
    with subprocess.Popen([sys.executable, "-c", OTHER, folder / "config.pickle", meeting], cwd=ROOT) as process:
        yield process, meeting
        process.kill()


@pytest.mark.parametrize(("size", "processes"), [(8, 1), (8, 3), (5, 5), (9, 4)])
def test_each_process_has_a_part_of_a_batch(size: int, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fabric = make_fabric(Machine())
    monkeypatch.setattr(type(fabric), "world_size", processes)
    parts = []
    for rank in range(processes):
        monkeypatch.setattr(type(fabric), "global_rank", rank)
        parts.append(part_of(range(size), fabric))
    assert [number for part in parts for number in part] == list(range(size))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    monkeypatch.setattr(type(fabric), "world_size", 3)
    with pytest.raises(KeygridError, match=r"A batch of 2 clouds .* 3 processes; choose --batch"):
        part_of(range(2), fabric)


def test_what_belongs_together_stays_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    fabric = make_fabric(Machine())
    monkeypatch.setattr(type(fabric), "world_size", 3)
    parts = []
    for rank in range(3):
        monkeypatch.setattr(type(fabric), "global_rank", rank)
        parts.append(list(part_of(range(10), fabric, together=2)))
    assert parts == [[0, 1], [2, 3, 4, 5], [6, 7, 8, 9]]
    with pytest.raises(KeygridError, match="A batch of 4 clouds"):
        part_of(range(4), fabric, together=2)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((Machine("nonsense"),), "device 'nonsense' can't be used"),
        ((Machine("cuda:77"),), "device 'cuda:77' can't be used"),
        ((Machine("cuda:1", 2),), "name cuda"),
        ((Machine(devices=0),), "--devices and --nodes must be 1 or more; you gave 0 and 1"),
        ((Machine(nodes=-1),), "must be 1 or more; you gave 1 and -1"),
        ((Machine(), "16"), "needs a GPU"),
    ],
)
def test_what_is_not_there_is_named(options: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(KeygridError, match=reason):
        make_fabric(*options)


def test_bfloat16_trains(
    tiny_config: ModelConfig, sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
    training = replace(
        training_preset("released", 4), epochs=1, epoch_size=4, batch=2, validation_size=2, warm_up=0, precision="bf16"
    )
    found: dict[str, list[float]] = {}
    for precision in ("bf16", "32"):
        run = tmp_path / precision
        config = replace(tiny_config, points=64, normalisation="centred")
        Trainer(Dataset.open([sheet]), config, replace(training, precision=precision), run).fit()
        found[precision] = totals(run)
    assert found["bf16"] != found["32"]
    assert found["bf16"] == pytest.approx(found["32"], rel=0.1)


def test_losses_gradients_and_statistics_are_those_of_the_whole_batch(
    tiny_config: ModelConfig, other: tuple[subprocess.Popen[bytes], Path]
) -> None:
    process, meeting = other
    together = learn_together(tiny_config, 0, meeting)
    assert process.wait(300) == 0
    for is_fused, found in zip((True, False), together, strict=True):
        for ours, alone in zip(found, learn(tiny_config, (0, 5), is_fused=is_fused), strict=True):
            torch.testing.assert_close(ours, alone, rtol=1e-7, atol=1e-9)


def totals(run: Path) -> list[float]:
    events = map(json.loads, (run / "events.jsonl").read_text().splitlines())
    return [event["total"] for event in events if event["event"] == "step"]


def wait_for(kind: str, run: Path) -> None:
    while not (run / "events.jsonl").exists() or f'"event": "{kind}"' not in (run / "events.jsonl").read_text():
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_the_command_shares_a_training_and_stops_when_it_is_told(
    command: tuple[subprocess.Popen[str], Path], sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keygrid.training.trainer.keep_freed_memory", lambda: None)
    # So slow a training keeps rounding from growing.
    training = replace(training_preset("released", 3), epochs=3, epoch_size=7, batch=4, learning_rate=1e-4)
    model = replace(model_preset("released", 3), points=64)
    Trainer(Dataset.open([sheet]), model, training, tmp_path / "one").fit()
    expected = totals(tmp_path / "one")

    process, run = command
    wait_for("paused", run)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 1
    (run / "pause").unlink()
    wait_for("step", run)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 128 + signal.SIGTERM, output
    assert output.count("give the same command with --resume") == 1  # one process speaks
    assert not Path(f"/proc/{children[0]}").exists()
    found = totals(run)
    assert 1 <= len(found) < 6
    np.testing.assert_allclose(found, expected[: len(found)], rtol=2e-3)

    # It may go on in another number of processes.
    trainer = Trainer(Dataset.open([sheet]), model, training, run)
    trainer.resume()
    trainer.fit()
    np.testing.assert_allclose(totals(run), expected, rtol=2e-3)


CHILD = "import time; from keygrid.training import processes; processes.end_with_parent(); print(1); time.sleep(99)"
PARENT = f"""
import subprocess, sys
process = subprocess.Popen([sys.executable, "-uc", {CHILD!r}], stdout=subprocess.PIPE)
process.stdout.readline()
print(process.pid, flush=True)
process.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends them so")
def test_no_process_outlives_the_one_that_started_it() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = Path(f"/proc/{int(parent.stdout.readline())}")
        assert child.exists()
        parent.kill()
    ends = time.monotonic() + 10
    while child.exists() and "Z" not in (child / "stat").read_text().rpartition(")")[2].split()[:1]:
        assert time.monotonic() < ends
        time.sleep(0.02)
