"""The three executors: order, crashes, cancelling, reports, and nothing that is left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from keygrid.errors import KeygridError
from keygrid.work import CrashedError, default_workers, in_order, open_executor

TESTS = Path(__file__).parent


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Functions that other processes can import, and a check that these processes and all threads have ended."""
    monkeypatch.syspath_prepend(str(TESTS))
    import sample_work

    processes, threads = multiprocessing.active_children(), set(threading.enumerate())
    yield sample_work
    assert set(multiprocessing.active_children()) <= set(processes)
    assert set(threading.enumerate()) == threads


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_order_however_many_work(samples, workers):
    with open_executor(workers) as executor:
        results = [future.result() for future in in_order(executor, samples.square, range(12))]
    assert [square for square, _ in results] == [number**2 for number in range(12)]
    processes = {process for _, process in results}
    assert len(processes) == max(workers, 1)
    assert (os.getpid() in processes) == (workers == 0)


def test_few_items_start_few_processes(samples):
    with open_executor(8) as executor:
        found = {executor.submit(samples.square, 2).result()[1] for _ in range(5)}
    assert len(found) == 1


def test_items_are_taken_when_they_are_needed(samples):
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with open_executor(2) as executor:
        for given, _ in enumerate(in_order(executor, samples.square, items())):
            assert len(taken) <= given + 1 + executor.ahead
            if given == 5:
                break


@pytest.mark.parametrize("workers", [0, 2])
def test_a_failure_is_its_item_s(samples, workers):
    with open_executor(workers) as executor:
        failed, done = executor.submit(samples.refuse, "This can't be done."), executor.submit(samples.square, 3)
        with pytest.raises(KeygridError, match=r"^This can't be done\.$"):
            failed.result()
        assert done.result()[0] == 9


def test_a_crash_costs_its_item_only(samples):
    with open_executor(2) as executor:
        futures = list(in_order(executor, partial(samples.die_at, 4), range(10)))
    assert [number for number, future in enumerate(futures) if future.exception()] == [4]
    with pytest.raises(CrashedError, match=r"ended unexpectedly \(-9\)"):
        futures[4].result()
    assert [future.result() for future in futures if not future.exception()] == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_a_process_that_dies_between_two_items_is_replaced(samples):
    with open_executor(1) as executor:
        _, first = executor.submit(samples.square, 1).result()
        (process,) = (child for child in multiprocessing.active_children() if child.pid == first)
        process.kill()
        process.join()  # not that of psutil, which would keep the end from whoever started it
        _, second = executor.submit(samples.square, 1).result()
    assert first != second


@pytest.mark.parametrize("workers", [0, 2])
def test_reports_arrive_before_the_result(samples, workers):
    told: dict[str, list[tuple[int, int]]] = {}
    with open_executor(workers, on_report=lambda name, *how: told.setdefault(name, []).append(how)) as executor:
        assert [future.result() for future in in_order(executor, samples.count, (1, 2, 3))] == [1, 2, 3]
    assert told == {f"count {to}": [(done, to) for done in range(1, to + 1)] for to in (1, 2, 3)}
    samples.count(1)  # nobody listens


def test_an_error_of_who_is_reported_to_ends_the_item(samples):
    def fail(*_: object) -> None:
        raise RuntimeError("the display is gone")

    with open_executor(1, on_report=fail) as executor:
        with pytest.raises(RuntimeError, match="display is gone"):
            executor.submit(samples.count, 3).result()
        assert executor.submit(samples.square, 2).result()[0] == 4


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def appeared(folder: Path, count: int) -> list[psutil.Process]:
    """The processes that wait, once there are `count`."""
    wait_until(lambda: len([*folder.iterdir()]) == count)
    return [psutil.Process(int(path.name)) for path in folder.iterdir()]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_an_interruption_ends_what_is_running(samples, tmp_path, raised):
    waiting: list[Future[None]] = []
    processes: list[psutil.Process] = []

    def run() -> None:
        with open_executor(2) as executor:
            waiting.extend(executor.submit(samples.wait, tmp_path) for _ in range(4))
            processes.extend(appeared(tmp_path, 2))
            raise raised

    with pytest.raises(raised):
        run()
    assert all(future.cancelled() or future.exception() for future in waiting)
    assert not any(process.is_running() for process in processes)
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_command(tmp_path, number):
    command = subprocess.Popen(
        [sys.executable, TESTS / "sample_work.py", tmp_path], cwd=TESTS.parent, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)}, start_new_session=True,
    )  # fmt: skip
    processes = appeared(tmp_path, 2)
    children = psutil.Process(command.pid).children(recursive=True)
    if number == signal.SIGINT:
        os.killpg(command.pid, number)  # as a terminal does
    else:
        command.send_signal(number)
    _, written = command.communicate(timeout=60)
    _, alive = psutil.wait_procs({*processes, *children}, timeout=60)
    assert alive == []
    assert written.count("Traceback") <= 1  # that of the command, and none of its processes
    assert len([*tmp_path.iterdir()]) == 2


def test_a_cluster_gives_the_same_results_in_order(samples, scheduler):
    with open_executor(scheduler=scheduler) as executor:
        results = [future.result() for future in in_order(executor, samples.square, range(12))]
    assert [square for square, _ in results] == [number**2 for number in range(12)]
    assert os.getpid() not in {process for _, process in results}
    assert len({process for _, process in results}) == 2


def test_a_cluster_tells_how_far_items_are_and_why_they_fail(samples, scheduler):
    told: list[tuple[str, int, int]] = []
    with open_executor(scheduler=scheduler, on_report=lambda *how: told.append(how)) as executor:
        assert executor.submit(samples.count, 3).result() == 3
        with pytest.raises(KeygridError, match=r"^This can't be done\.$"):
            executor.submit(samples.refuse, "This can't be done.").result()
        wait_until(lambda: len(told) == 3)
    assert told == [("count 3", done, 3) for done in (1, 2, 3)]


def test_an_item_that_kills_workers_is_named_and_the_others_go_on(samples, scheduler):
    with open_executor(scheduler=scheduler) as executor:
        futures = list(in_order(executor, partial(samples.die_at, 2), range(3)))
        with pytest.raises(CrashedError, match="ended unexpectedly"):
            futures[2].result()
        assert executor.submit(samples.square, 3).result()[0] == 9


def test_workers_of_a_cluster_that_run_elsewhere_are_refused(samples, scheduler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_executor(scheduler=scheduler) as executor, pytest.raises(KeygridError, match="start both in one folder"):
        executor.submit(samples.square, 1).result()


def test_leaving_a_cluster_cancels_what_is_left(samples, scheduler, tmp_path):
    with open_executor(scheduler=scheduler) as executor:
        waiting = [executor.submit(samples.wait_for, tmp_path / "go") for _ in range(6)]
    assert all(future.done() for future in waiting)
    (tmp_path / "go").touch()


def test_bad_options_are_one_sentence(monkeypatch):
    monkeypatch.setattr("keygrid.work._PATIENCE", 1)
    with pytest.raises(KeygridError, match="0 or more; you gave -1"), open_executor(-1):
        pass
    nobody = "tcp://127.0.0.1:9"
    with pytest.raises(KeygridError, match=f"No Dask scheduler answers at {nobody}"), open_executor(scheduler=nobody):
        pass
    with pytest.raises(KeygridError, match="No Dask scheduler answers at 5"), open_executor(scheduler="5"):
        pass
    assert default_workers() >= 1
