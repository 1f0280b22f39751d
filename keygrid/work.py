"""Executors for many items: in this process, in processes on this machine, or on a Dask cluster.

All three are executors of `concurrent.futures`. Submit an importable function and values that can be pickled. If a
process dies, only its current item is lost: its future raises `CrashedError`, a new process replaces it, and the other
items continue.
"""

import json
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import LifoQueue
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import psutil

from keygrid.errors import KeygridError

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")

Report = Callable[[str, int, int], None]
"""Receives the name of an item, the finished amount and the total amount; may be called from any thread."""

_MEMORY = 2**30
"""Free memory that one process needs, in bytes, most of it for torch."""

_CLUSTER_AHEAD = 1000
"""Number of items that a scheduler holds at a time: more than a typical cluster has cores."""

_PATIENCE = 10
"""Seconds within which a scheduler must answer."""

_listener: ContextVar[Report | None] = ContextVar("listener", default=None)
_isolated: ContextVar[bool] = ContextVar("isolated", default=False)


class CrashedError(KeygridError):
    """A process died while it was working on an item."""


def report(name: str, done: int, total: int) -> None:
    """Report the running item's progress to the process that submitted it; without one, do nothing."""
    listener = _listener.get()
    if listener is not None:
        listener(name, done, total)


def is_isolated() -> bool:
    """Return whether this process works for another one, so that a crash costs only the current item."""
    return _isolated.get()


class Here(Executor):
    """Works in this process and thread, as soon as an item is submitted.

    Args:
        on_report: receives what items pass to `report`.
    """

    ahead = 0

    def __init__(self, on_report: Report | None = None) -> None:
        self._on_report = on_report

    def submit(self, fn: Callable[P, B], /, *args: P.args, **kwargs: P.kwargs) -> Future[B]:
        future: Future[B] = Future()
        context = copy_context()
        context.run(_listener.set, self._on_report)
        try:
            future.set_result(context.run(fn, *args, **kwargs))
        except Exception as error:  # the caller gets it from the future
            future.set_exception(error)
        return future


class Processes(Executor):
    """Works in processes on this machine, each of which starts when needed and processes one item after the other.

    A `ProcessPoolExecutor` breaks as a whole if one of its processes dies. Each process here therefore has its own,
    with at most one item at a time, which is all that a crash costs.

    Args:
        count: maximum number of processes, 1 or more.
        on_report: receives what items pass to `report`, in other threads.
    """

    def __init__(self, count: int, on_report: Report | None = None) -> None:
        self.ahead = 2 * count
        self._threads = ThreadPoolExecutor(count, "work", _leave_interrupts)
        self._lanes = [_Lane(on_report) for _ in range(count)]
        self._idle: LifoQueue[_Lane] = LifoQueue()  # the last one first, so that few items start few processes
        for lane in self._lanes:
            self._idle.put(lane)

    def submit(self, fn: Callable[P, B], /, *args: P.args, **kwargs: P.kwargs) -> Future[B]:
        return self._threads.submit(self._do, partial(fn, *args, **kwargs))

    def _do(self, task: Callable[[], B]) -> B:
        lane = self._idle.get()
        try:
            return lane.do(task)
        finally:
            self._idle.put(lane)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            for lane in self._lanes:
                lane.close()

    def kill(self) -> None:
        """End all processes immediately, and cancel the remaining items."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for lane in self._lanes:
            lane.kill()
        self.shutdown()


class _Lane:
    """One process; none before its first item and after a crash."""

    def __init__(self, on_report: Report | None) -> None:
        self._on_report = on_report
        self._lock = threading.Lock()  # nothing starts once it is killed
        self._killed = False
        self._pool: ProcessPoolExecutor | None = None
        self._process: BaseProcess  # there is one while there is a pool

    def do(self, task: Callable[[], B]) -> B:
        future = self._begin(task)
        # The end comes through the pipe of the reports, so that one thread waits for both.
        future.add_done_callback(lambda _: self._writer.send(None))
        try:
            while (told := self._reader.recv()) is not None:
                if self._on_report is not None:
                    self._on_report(*told)
            return future.result()
        except BrokenProcessPool as error:
            self.close()
            if self._killed:
                raise CancelledError from None
            raise CrashedError(
                f"The process that worked on it ended unexpectedly ({self._process.exitcode}); memory may have run out."
            ) from error
        finally:
            if not future.done():
                self._process.kill()
                self.close()

    def _begin(self, task: Callable[[], B]) -> Future[B]:
        with self._lock:
            if self._killed:
                raise CancelledError
            if self._pool is not None and not wait([self._process.sentinel], timeout=0):
                with suppress(BrokenProcessPool):
                    return self._pool.submit(task)
            self.close()  # there is none yet, or it died between two items
            context = get_context("spawn")
            self._reader, self._writer = context.Pipe(duplex=False)
            self._pool = ProcessPoolExecutor(1, context, _prepare, (self._writer,))
            future = self._pool.submit(task)
            # Python 3.14 has `kill_workers` for what this is needed for.
            (self._process,) = (self._pool._processes or {}).values()
            return future

    def close(self) -> None:
        """End the process after its current item."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
            self._reader.close()
            self._writer.close()

    def kill(self) -> None:
        """End the process immediately; it does not start again."""
        with self._lock:
            self._killed = True
            if self._pool is not None:
                self._process.kill()


def _leave_interrupts() -> None:
    """Keep Ctrl-C from this thread and its child processes, because the thread that waits for results handles it."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _prepare(reports: Connection) -> None:
    """Make a new process ready for items."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _listener.set(lambda *told: reports.send(told))
    _isolated.set(True)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Cluster(Executor):
    """Works on the workers of a Dask scheduler, which must have the same files at the same paths.

    Args:
        address: address of the scheduler, such as tcp://node1:8786, or the file in which it stored its address.
        on_report: receives what items pass to `report`, in another thread.

    Raises:
        KeygridError: Dask is not installed, or no scheduler answers at this address.
    """

    ahead = _CLUSTER_AHEAD

    def __init__(self, address: str, on_report: Report | None = None) -> None:
        try:
            from distributed import Client
            from distributed.comm.addressing import get_address_host_port
        except ImportError as error:
            raise KeygridError("Dask is not installed; install it with pip install -e '.[cluster]'.") from error
        try:
            if Path(address).is_file():
                address = json.loads(Path(address).read_text())["address"]
            # A client that fails to connect closes noisily, so look before.
            socket.create_connection(get_address_host_port(address), _PATIENCE).close()
            self._client = Client(address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise KeygridError(f"No Dask scheduler answers at {address}; start one with `dask scheduler`.") from error
        self._pool = self._client.get_executor(pure=False)
        self._topic = f"keygrid-{uuid4().hex}"
        if on_report is not None:
            self._client.subscribe_topic(self._topic, lambda event: on_report(*event[1]))

    def submit(self, fn: Callable[P, B], /, *args: P.args, **kwargs: P.kwargs) -> Future[B]:
        future: Future[B] = Future()
        inner = self._pool.submit(_on_worker, self._topic, Path.cwd(), partial(fn, *args, **kwargs))
        inner.add_done_callback(partial(self._pass_on, future))
        return future

    def _pass_on(self, future: Future[B], inner: Future[B]) -> None:
        from distributed import KilledWorker

        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(inner.result())
        except KilledWorker as error:
            crash = CrashedError("The workers that worked on it ended unexpectedly; memory may have run out.")
            crash.__cause__ = error
            future.set_exception(crash)
        except CancelledError as error:
            lost = KeygridError("The scheduler has ended or dropped the work; give the same command again.")
            lost.__cause__ = error
            future.set_exception(lost)
        except Exception as error:
            future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait and not cancel_futures)
        self._client.close()


def _on_worker(topic: str, folder: Path, task: Callable[[], B]) -> B:
    from distributed import get_worker

    if Path.cwd() != folder:
        raise KeygridError(
            f"A worker of the scheduler runs in {Path.cwd()} and this command in {folder}; start both in one folder."
        )
    worker = get_worker()
    context = copy_context()
    context.run(_listener.set, lambda *told: worker.log_event(topic, told))
    context.run(_isolated.set, True)
    return context.run(task)


def default_workers() -> int:
    """Return the number of processes to start: one per available core, as far as memory allows."""
    cores = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count() or 1
    return max(1, min(cores, psutil.virtual_memory().available // _MEMORY))


Workers = Here | Processes | Cluster
"""An executor of this module."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit torch, if loaded, to one thread within the block.

    Networks of this size gain more from one core per item, and results do not depend on the number of cores.
    """
    torch = sys.modules.get("torch")
    if torch is None:  # methods without a network need not wait for it
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def open_executor(
    workers: int | None = None, *, scheduler: str = "", on_report: Report | None = None
) -> Iterator[Workers]:
    """Provide the executor that command-line options ask for; no work continues after the block.

    Args:
        workers: processes on this machine; 0 uses this process, None chooses by cores and memory.
        scheduler: address or file of a Dask scheduler, whose workers are used instead.
        on_report: receives what items pass to `report`.

    Raises:
        KeygridError: `workers` is below 0, or the scheduler can't be used.
    """
    if workers is not None and workers < 0:
        raise KeygridError(f"The number of workers must be 0 or more; you gave {workers}.")
    if scheduler:
        cluster = Cluster(scheduler, on_report)
        try:
            yield cluster
        finally:
            cluster.shutdown(cancel_futures=True)
    elif workers == 0:
        yield Here(on_report)
    else:
        processes = Processes(default_workers() if workers is None else workers, on_report)
        try:
            yield processes
        finally:
            processes.kill()


def in_order(executor: Here | Processes | Cluster, work: Callable[[A], B], items: Iterable[A]) -> Iterator[Future[B]]:
    """Submit items and yield their futures in order, each when it is done.

    Items are taken on demand: at most `executor.ahead` of them are waiting or held back behind a slow one.
    """
    waiting: deque[Future[Any]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) > executor.ahead:
                yield _done(waiting.popleft())
        while waiting:
            yield _done(waiting.popleft())
    finally:
        for future in waiting:
            future.cancel()


def _done(future: Future[B]) -> Future[B]:
    future.exception()
    return future
