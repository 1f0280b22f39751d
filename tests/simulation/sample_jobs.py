"""Jobs for `test_jobs`, importable by other processes."""

import os
import time
from collections.abc import Callable

from keygrid.errors import KeygridError

Report = Callable[[int, int], None]


def count(report: Report, *, to: int) -> int:
    for done in range(1, to + 1):
        report(done, to)
    return os.getpid()


def refuse(report: Report) -> None:
    raise KeygridError("This can't be done.")


def crash(report: Report) -> None:
    os.abort()


def sleep(report: Report) -> None:
    report(0, 1)
    time.sleep(60)
