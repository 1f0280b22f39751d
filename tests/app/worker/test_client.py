"""The window's end of the worker: a real process, and what becomes of requests that are overtaken or given up."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.worker.client import WorkerClient
from app.worker.protocol import OpenPath, Predict, ReadMethod, Work
from keygrid.prediction import MethodId

Until = Callable[[Callable[[], object]], None]

SHIRT = Path(__file__).parents[3] / "assets" / "garments" / "unisex_shirt.ply"


class Listener:
    """Asks a client, and keeps what comes of it, in order."""

    def __init__(self, client: WorkerClient) -> None:
        self.client = client
        self.answers: list[tuple[str, Any]] = []
        self.failures: list[tuple[str, str]] = []
        self.stages: list[str] = []
        self.settled: list[str] = []
        client.stage.connect(self.stages.append)
        client.settled.connect(self.settled.append)

    def ask(self, slot: str, work: Work[Any]) -> None:
        self.client.request(
            work,
            lambda answer: self.answers.append((slot, answer)),
            otherwise=lambda sentence: self.failures.append((slot, sentence)),
            slot=slot,
        )

    @property
    def answered(self) -> list[str]:
        return [slot for slot, _ in self.answers]

    def forget(self) -> None:
        for kept in (self.answers, self.failures, self.stages, self.settled):
            kept.clear()


@pytest.fixture(scope="module")
def listener(qapp: QApplication) -> Iterator[Listener]:
    client = WorkerClient()
    yield Listener(client)
    client.close()


@pytest.fixture
def reported_errors(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Errors that are reported, instead of failing the test."""
    reported: list[BaseException] = []
    monkeypatch.setattr("sys.excepthook", lambda _kind, error, _traceback: reported.append(error))
    return reported


@pytest.fixture
def heard(listener: Listener, until: Until) -> Listener:
    """A client that serves, and what it says from now on."""
    listener.ask("warm-up", OpenPath(SHIRT))
    until(lambda: not listener.client.busy)
    listener.forget()
    return listener


def stopped(client: WorkerClient) -> int:
    """The worker, made to stand still, so that requests pile up before it."""
    os.kill(client.process_id, signal.SIGSTOP)
    return client.process_id


def test_the_newest_request_of_a_slot_wins(heard: Listener, until: Until, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.npy" for number in range(5)]
    for path in paths:
        np.save(path, np.random.default_rng(0).random((100, 3)))
    process = stopped(heard.client)
    for path in paths:
        heard.ask("garment", OpenPath(path))
    heard.ask("another slot", OpenPath(SHIRT))
    os.kill(process, signal.SIGCONT)
    until(lambda: not heard.client.busy)
    assert [(slot, garment.source) for slot, garment in heard.answers] == [
        ("garment", paths[-1]),
        ("another slot", SHIRT),
    ]
    assert heard.failures == []
    assert heard.settled == [""]
    assert not any(path.name in stage for stage in heard.stages for path in paths[:-1])
    assert heard.stages[-1] == ""


def test_what_is_cancelled_is_never_answered_and_the_same_process_serves_on(heard: Listener, until: Until) -> None:
    process = stopped(heard.client)
    heard.ask("garment", OpenPath(SHIRT))
    heard.client.cancel()
    assert not heard.client.busy
    assert heard.stages == [""]
    assert heard.settled == []
    os.kill(process, signal.SIGCONT)
    heard.ask("after", OpenPath(SHIRT))
    until(lambda: not heard.client.busy)
    assert heard.answered == ["after"]
    assert heard.failures == []
    assert heard.client.process_id == process


def test_what_is_forgotten_is_never_answered_and_what_else_is_awaited_is(heard: Listener, until: Until) -> None:
    process = stopped(heard.client)
    heard.ask("unwanted", OpenPath(SHIRT))
    heard.ask("wanted", OpenPath(SHIRT))
    heard.client.forget("unwanted")
    heard.client.forget("never asked")
    assert heard.client.busy
    os.kill(process, signal.SIGCONT)
    until(lambda: not heard.client.busy)
    assert heard.answered == ["wanted"]


def test_a_worker_that_does_not_heed_a_cancellation_is_replaced_and_later_requests_are_done(
    heard: Listener, until: Until
) -> None:
    stuck = stopped(heard.client)
    heard.ask("garment", OpenPath(SHIRT))
    heard.client.cancel()
    heard.ask("after", OpenPath(SHIRT))
    until(lambda: not heard.client.busy)
    assert heard.client.process_id != stuck
    assert not Path(f"/proc/{stuck}").exists()
    assert heard.answered == ["after"]
    assert heard.failures == []


def test_a_killed_worker_is_told_in_words_once_a_slot_and_the_next_request_works(heard: Listener, until: Until) -> None:
    dead = stopped(heard.client)
    heard.ask("one", OpenPath(SHIRT))
    heard.ask("two", OpenPath(SHIRT))
    os.kill(dead, signal.SIGKILL)
    until(lambda: len(heard.failures) == 2)
    assert [slot for slot, _ in heard.failures] == ["one", "two"]
    (sentence,) = {sentence for _, sentence in heard.failures}
    assert "ended unexpectedly" in sentence
    assert heard.settled == [sentence]
    assert not heard.client.busy
    heard.ask("next", OpenPath(SHIRT))
    until(lambda: heard.answers)
    assert heard.answers[0][0] == "next"
    assert heard.client.process_id != dead


def test_a_worker_that_dies_idle_is_replaced_silently(heard: Listener, until: Until) -> None:
    dead = heard.client.process_id
    os.kill(dead, signal.SIGKILL)
    until(lambda: heard.client.process_id not in (0, dead))
    heard.ask("next", OpenPath(SHIRT))
    until(lambda: heard.answers)
    assert heard.failures == []


def test_a_failure_comes_in_its_slot_and_a_long_work_can_be_cancelled_in_its_midst(
    heard: Listener, until: Until, tiny_checkpoint: Path
) -> None:
    heard.ask("checkpoint", ReadMethod("/nowhere/weights.safetensors"))
    until(lambda: heard.failures)
    assert heard.failures[0][0] == "checkpoint"
    assert "weights.safetensors" in heard.failures[0][1]

    heard.ask("prediction", Predict(SHIRT, MethodId.of_file(tiny_checkpoint, "0"), "soft"))
    until(lambda: "Starting PyTorch" in heard.stages)
    heard.client.cancel()
    heard.ask("after", OpenPath(SHIRT))
    until(lambda: not heard.client.busy)
    assert heard.answered == ["after"]
    assert len(heard.failures) == 1


def test_the_same_work_is_done_once_where_no_slot_is_named(heard: Listener, until: Until) -> None:
    process, answers = stopped(heard.client), []
    for number in range(3):
        heard.client.request(OpenPath(SHIRT), lambda _, number=number: answers.append(number))
    os.kill(process, signal.SIGCONT)
    until(lambda: not heard.client.busy)
    assert answers == [2]


def test_an_error_in_a_callback_is_reported_and_later_answers_come(
    heard: Listener, until: Until, reported_errors: list[BaseException]
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    heard.client.request(OpenPath(SHIRT), fail, slot="one")
    heard.ask("two", OpenPath(SHIRT))
    until(lambda: not heard.client.busy)
    assert heard.answered == ["two"]
    assert [type(error) for error in reported_errors] == [ZeroDivisionError]


def test_closing_ends_the_process_even_one_that_hangs(qapp: QApplication, until: Until) -> None:
    client = WorkerClient()
    until(lambda: client.process_id)
    process = stopped(client)
    client.request(OpenPath(SHIRT), lambda _: None)
    client.close()
    assert not Path(f"/proc/{process}").exists()
    assert not client.busy
