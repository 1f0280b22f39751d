"""Simulations in processes of their own: a crash ends one job, and the caller never loads the simulator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from keygrid.errors import KeygridError

Work = Callable[[Callable[[int, int], None]], Any]
"""A job: called with a function to report progress to; picklable, as is what it returns."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its result, or why there is none."""

    result: Any = None
    failure: str = ""


def run_jobs(
    jobs: Sequence[Work], processes: int, report: Callable[[int, int, int], None], ended: Callable[[int, Outcome], None]
) -> None:
    """Do jobs in turn, `processes` at a time; however this ends, no process is left behind.

    Args:
        jobs: what to do.
        processes: each does one job after the other.
        report: told the number of a job, and how much of how much of it is done.
        ended: told the number of a job and its outcome.
    """
    context = get_context("spawn")
    waiting = list(range(len(jobs)))[::-1]
    workers: dict[Connection, tuple[Any, int]] = {}

    def start() -> None:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        assign(ours, process)

    def assign(pipe: Connection, process: Any) -> None:
        if not waiting:
            pipe.close()
            process.join()
            return
        number = waiting.pop()
        pipe.send(jobs[number])
        workers[pipe] = process, number

    try:
        for _ in range(min(processes, len(jobs))):
            start()
        while workers:
            for pipe in wait(list(workers)):
                assert isinstance(pipe, Connection)
                process, number = workers[pipe]
                try:
                    message = pipe.recv()
                except EOFError:
                    del workers[pipe]
                    process.join()
                    ended(number, Outcome(failure=f"The simulator's process ended unexpectedly ({process.exitcode})."))
                    if waiting:
                        start()
                    continue
                if isinstance(message, Outcome):
                    del workers[pipe]
                    ended(number, message)
                    assign(pipe, process)
                else:
                    report(number, *message)
    finally:
        for pipe, (process, _) in workers.items():
            process.terminate()
            process.join()
            pipe.close()


def _serve(pipe: Connection) -> None:
    while True:
        try:
            job: Work = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send(Outcome(result=job(lambda done, total: pipe.send((done, total)))))
        except KeygridError as error:
            pipe.send(Outcome(failure=str(error)))
        except (KeyboardInterrupt, BrokenPipeError):
            return
