"""The worker's process on its own, spoken to over its pipes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from app.state.document import OpenMethod
from app.worker.handlers import listed
from app.worker.protocol import (
    Answer,
    Cancel,
    Cancelled,
    DescribeEngine,
    Failure,
    OpenPath,
    Predict,
    ReadMethod,
    Request,
    Stage,
    Unpacker,
    pack,
)
from keygrid.data.garment import Garment
from keygrid.prediction import MethodId

ROOT = Path(__file__).parents[3]
SHIRT = ROOT / "assets" / "garments" / "unisex_shirt.ply"


class Worker:
    """Sends requests and reads what comes back, waiting for it."""

    def __init__(self, start: tuple[str, ...] = ("-m", "app.worker")) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *start], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
        )
        self._unpacker = Unpacker()
        self._number = 0

    def send(self, message: object) -> None:
        self.process.stdin.write(pack(message))
        self.process.stdin.flush()

    def until_answered(self, number: int) -> list:
        """All messages up to the answer of request `number`."""
        messages = []
        while not any(not isinstance(m, Stage) and m.number == number for m in messages):
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            assert data, "the worker ended"
            messages += self._unpacker.feed(data)
        return messages

    def ask(self, work: object) -> tuple[list[str], object]:
        """Do one thing: its stages and its answer."""
        self._number += 1
        self.send(Request(self._number, work))
        *stages, answer = self.until_answered(self._number)
        assert {message.number for message in stages} <= {self._number}
        return [message.text for message in stages], answer

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture(scope="module")
def worker():
    worker = Worker()
    yield worker
    worker.end()


def test_it_reads_a_garment_without_starting_pytorch(worker):
    stages, answer = worker.ask(OpenPath(SHIRT))
    assert stages[0] == "Reading unisex_shirt.ply"
    assert all(stage.startswith("Reading unisex_shirt.ply: ") for stage in stages[1:])
    assert isinstance(answer, Answer)
    assert isinstance(answer.result, Garment)
    assert answer.result.source == SHIRT
    libraries = Path(f"/proc/{worker.process.pid}/maps").read_text()
    assert "libtorch" not in libraries


def test_it_reads_a_checkpoint_and_predicts_the_same_twice(worker, tiny_checkpoint):
    stages, answer = worker.ask(ReadMethod(str(tiny_checkpoint)))
    assert stages == ["Starting PyTorch", "Reading tiny.safetensors"]
    opened = answer.result
    assert isinstance(opened, OpenMethod)
    assert (opened.id.path, opened.keypoints, opened.id.category) == (tiny_checkpoint, 4, "T-shirt")

    stages, answer = worker.ask(Predict(SHIRT, opened.id, "soft"))
    assert stages[-1] == "Finding the keypoints of unisex_shirt"
    _, again = worker.ask(Predict(SHIRT, opened.id, "soft"))
    np.testing.assert_array_equal(answer.result.keypoints, again.result.keypoints)
    _, peak = worker.ask(Predict(SHIRT, opened.id, "peak"))
    assert not np.allclose(peak.result.keypoints, again.result.keypoints)


def test_a_checkpoint_that_changed_is_read_again(worker, tiny_checkpoint, tmp_path):
    path = tmp_path / "changing.safetensors"
    path.write_bytes(tiny_checkpoint.read_bytes())
    assert isinstance(worker.ask(ReadMethod(str(path)))[1], Answer)
    assert "Reading changing.safetensors" not in worker.ask(ReadMethod(str(path)))[0]
    path.write_bytes(b"not any more")
    os.utime(path, ns=(1, 1))
    stages, answer = worker.ask(ReadMethod(str(path)))
    assert "Reading changing.safetensors" in stages
    assert isinstance(answer, Failure)


@pytest.mark.parametrize(
    "work",
    [
        OpenPath(Path("/nowhere/shirt.obj")),
        ReadMethod("/nowhere/weights.safetensors"),
        Predict(SHIRT, MethodId.of_file(Path("/nowhere/weights.safetensors"), "0"), "soft"),
    ],
)
def test_what_fails_is_told_in_a_sentence_and_the_worker_goes_on(worker, work):
    _, answer = worker.ask(work)
    assert isinstance(answer, Failure)
    assert answer.message.endswith(".")
    assert "\n" not in answer.message
    assert "Traceback" not in answer.message
    assert isinstance(worker.ask(OpenPath(SHIRT))[1], Answer)


def test_the_engine_is_described(worker):
    _, answer = worker.ask(DescribeEngine())
    assert answer.result.startswith("PyTorch ")


def test_what_was_cancelled_before_its_turn_is_not_done(worker):
    first, second, third = 1001, 1002, 1003
    # One write, so that the cancellation is there before the second request's turn.
    work = OpenPath(SHIRT)
    worker.process.stdin.write(
        pack(Cancel(second)) + pack(Request(first, work)) + pack(Request(second, work)) + pack(Request(third, work))
    )
    worker.process.stdin.flush()
    answers = [m for m in worker.until_answered(third) if not isinstance(m, Stage)]
    assert [type(m) for m in answers] == [Answer, Cancelled, Answer]
    assert [m.number for m in answers] == [first, second, third]


NOISY = """
import os, runpy, sys
import app.worker.handlers as handlers
quiet = handlers.open_path
def noisy(path):
    print("printed by a library")
    os.write(1, b"written below Python")
    sys.stdout.flush()
    return quiet(path)
handlers.open_path = noisy
runpy.run_module("app.worker", run_name="__main__")
"""


def test_what_libraries_print_does_not_disturb_the_messages():
    worker = Worker(("-c", NOISY))
    try:
        for _ in range(2):
            _, answer = worker.ask(OpenPath(SHIRT))
            assert isinstance(answer.result, Garment)
        worker.process.stdin.close()
        printed = worker.process.stderr.read()
        assert printed.count(b"printed by a library") == printed.count(b"written below Python") == 2
        assert worker.process.wait(60) == 0
    finally:
        worker.end()


def test_it_ends_when_its_input_does():
    worker = Worker()
    assert worker.process.poll() is None
    worker.end()
    assert worker.process.returncode == 0


def test_checkpoints_are_listed_by_their_headers_and_what_is_none_is_left_out(tmp_path, tiny_checkpoint):
    folder = ROOT / "assets" / "checkpoints"
    methods = listed(folder)
    found = {method.id.path.stem: method for method in methods if method.id.path is not None}
    assert {path.stem for path in folder.glob("*.safetensors")} == found.keys()
    assert found["tops-k12-keygrid"].keypoints == 12
    assert found["tshirt-k8"].id.category == "T-shirt"
    (tmp_path / "none.safetensors").write_bytes(b"nothing")
    (tmp_path / "tiny.safetensors").write_bytes(tiny_checkpoint.read_bytes())
    unlearned = ["farthest?k=8", "geodesic?k=8", "still?k=8", "iss?k=8"]
    assert [method.id.spec for method in listed(tmp_path)] == [str(tmp_path / "tiny.safetensors"), *unlearned]
    assert [method.id.spec for method in listed(tmp_path / "missing")] == unlearned
    with safe_open(tiny_checkpoint, framework="numpy") as file:
        header = json.loads(file.metadata()["keygrid"])
    del header["category"]
    metadata = {"keygrid": json.dumps(header)}
    save_file({"weight": np.zeros(1)}, tmp_path / "unknown.safetensors", metadata=metadata)
    assert [method.id.category for method in listed(tmp_path)[:2]] == ["T-shirt", ""]
