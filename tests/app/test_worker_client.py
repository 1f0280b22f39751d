"""The window's end of the worker: a real process, and what becomes of requests that are overtaken or given up."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from app.worker.client import WorkerClient
from app.worker.protocol import OpenPath, Predict, ReadCheckpoint

SHIRT = Path(__file__).parents[2] / "assets" / "garments" / "unisex_shirt.ply"


class Listener:
    """Keeps what a client says, in order."""

    def __init__(self, client):
        self.client = client
        self.succeeded, self.failed, self.stages = [], [], []
        client.succeeded.connect(lambda slot, result: self.succeeded.append((slot, result)))
        client.failed.connect(lambda slot, sentence: self.failed.append((slot, sentence)))
        client.stage.connect(self.stages.append)

    def forget(self):
        self.succeeded.clear(), self.failed.clear(), self.stages.clear()


@pytest.fixture(scope="module")
def listener(qapp):
    client = WorkerClient()
    yield Listener(client)
    client.close()


@pytest.fixture
def heard(listener, until):
    """A client that serves, and what it says from now on."""
    listener.client.request("warm-up", OpenPath(SHIRT))
    until(lambda: not listener.client.busy)
    listener.forget()
    return listener


def stopped(client):
    """The worker, made to stand still, so that requests pile up before it."""
    os.kill(client.process_id, signal.SIGSTOP)
    return client.process_id


def test_the_newest_request_of_a_slot_wins(heard, until, tmp_path):
    paths = [tmp_path / f"{number}.npy" for number in range(5)]
    for path in paths:
        np.save(path, np.random.default_rng(0).random((100, 3)))
    process = stopped(heard.client)
    for path in paths:
        heard.client.request("garment", OpenPath(path))
    heard.client.request("another slot", OpenPath(SHIRT))
    os.kill(process, signal.SIGCONT)
    until(lambda: not heard.client.busy)
    assert [(slot, garment.source) for slot, garment in heard.succeeded] == [
        ("garment", paths[-1]),
        ("another slot", SHIRT),
    ]
    assert heard.failed == []
    assert not any(path.name in stage for stage in heard.stages for path in paths[:-1])
    assert heard.stages[-1] == ""


def test_what_is_cancelled_is_never_answered_and_the_same_process_serves_on(heard, until):
    process = stopped(heard.client)
    heard.client.request("garment", OpenPath(SHIRT))
    heard.client.cancel()
    assert not heard.client.busy
    assert heard.stages == [""]
    os.kill(process, signal.SIGCONT)
    heard.client.request("after", OpenPath(SHIRT))
    until(lambda: not heard.client.busy)
    assert [slot for slot, _ in heard.succeeded] == ["after"]
    assert heard.failed == []
    assert heard.client.process_id == process


def test_what_is_forgotten_is_never_answered_and_what_else_is_awaited_is(heard, until):
    process = stopped(heard.client)
    heard.client.request("unwanted", OpenPath(SHIRT))
    heard.client.request("wanted", OpenPath(SHIRT))
    heard.client.forget("unwanted")
    heard.client.forget("never asked")
    assert heard.client.busy
    os.kill(process, signal.SIGCONT)
    until(lambda: not heard.client.busy)
    assert [slot for slot, _ in heard.succeeded] == ["wanted"]


def test_a_worker_that_does_not_heed_a_cancellation_is_replaced_and_later_requests_are_done(heard, until):
    stuck = stopped(heard.client)
    heard.client.request("garment", OpenPath(SHIRT))
    heard.client.cancel()
    heard.client.request("after", OpenPath(SHIRT))
    until(lambda: not heard.client.busy)
    assert heard.client.process_id != stuck
    assert not Path(f"/proc/{stuck}").exists()
    assert [slot for slot, _ in heard.succeeded] == ["after"]
    assert heard.failed == []


def test_a_killed_worker_is_told_in_words_once_a_slot_and_the_next_request_works(heard, until):
    dead = stopped(heard.client)
    heard.client.request("one", OpenPath(SHIRT))
    heard.client.request("two", OpenPath(SHIRT))
    os.kill(dead, signal.SIGKILL)
    until(lambda: len(heard.failed) == 2)
    assert [slot for slot, _ in heard.failed] == ["one", "two"]
    (sentence,) = {sentence for _, sentence in heard.failed}
    assert "ended unexpectedly" in sentence
    assert not heard.client.busy
    heard.client.request("next", OpenPath(SHIRT))
    until(lambda: heard.succeeded)
    assert heard.succeeded[0][0] == "next"
    assert heard.client.process_id != dead


def test_a_worker_that_dies_idle_is_replaced_silently(heard, until):
    dead = heard.client.process_id
    os.kill(dead, signal.SIGKILL)
    until(lambda: heard.client.process_id not in (0, dead))
    heard.client.request("next", OpenPath(SHIRT))
    until(lambda: heard.succeeded)
    assert heard.failed == []


def test_a_failure_comes_in_its_slot_and_a_long_work_can_be_cancelled_in_its_midst(heard, until, tiny_checkpoint):
    heard.client.request("checkpoint", ReadCheckpoint(Path("/nowhere/weights.safetensors")))
    until(lambda: heard.failed)
    assert heard.failed[0][0] == "checkpoint"
    assert "weights.safetensors" in heard.failed[0][1]

    heard.client.request("prediction", Predict(SHIRT, tiny_checkpoint, "soft"))
    until(lambda: "Starting PyTorch" in heard.stages)
    heard.client.cancel()
    heard.client.request("after", OpenPath(SHIRT))
    until(lambda: not heard.client.busy)
    assert [slot for slot, _ in heard.succeeded] == ["after"]
    assert len(heard.failed) == 1


def test_closing_ends_the_process_even_one_that_hangs(qapp):
    client = WorkerClient()
    assert client._process.waitForStarted(30_000)
    process = stopped(client)
    client.request("garment", OpenPath(SHIRT))
    client.close()
    assert not Path(f"/proc/{process}").exists()
    assert not client.busy
