"""Items for `test_work`, importable by other processes."""

import os
import signal
import sys
import time
from pathlib import Path

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.work import in_order, open_executor, report


def square(number: int) -> tuple[int, int]:
    time.sleep(0.02 * (number % 3))
    return number**2, os.getpid()


def count(to: int) -> int:
    for done in range(1, to + 1):
        report(f"count {to}", done, to)
    return to


def refuse(sentence: str) -> None:
    raise KeygridError(sentence)


def die_at(deadly: int, number: int) -> int:
    if number == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return number


def die_reading() -> Garment:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def wait(started: Path) -> None:
    (started / f"{os.getpid()}").touch()
    time.sleep(600)


def wait_for(file: Path) -> None:
    while not file.exists():
        time.sleep(0.01)


def main(started: Path) -> None:
    """Wait in two processes until a signal ends this one."""
    with open_executor(2) as executor:
        for _ in in_order(executor, wait, [started] * 3):
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
