"""Early ends of a training: by itself, or on request, by a signal or a file in its directory.

Importing this imports no torch.
"""

import math
import signal
import threading
from enum import IntEnum
from types import FrameType, TracebackType
from typing import Any, Self

from keygrid.errors import KeygridError
from keygrid.training.run import RunDirectory

LOOK = 0.2
"""Seconds between two checks of whether a paused training may continue."""


class Order(IntEnum):
    """Requests, in increasing priority."""

    GO_ON = 0
    WAIT = 1
    STOP = 2


class DivergedError(KeygridError):
    """A loss or a gradient became NaN or infinite."""


def refuse_unless_finite(what: str, value: float, step: int, epoch: int) -> None:
    """Raise an error for a value that is not finite, in a training that completed `epoch` epochs.

    Raises:
        DivergedError: it is NaN or infinite.
    """
    if not math.isfinite(value):
        raise DivergedError(
            f"The {what} became {value:g} at step {step}, so training stopped; its state after epoch {epoch} "
            "is kept. Try a lower --learning-rate, --clip 1 or another --seed."
        )


class StoppedError(Exception):
    """A training was stopped before its end, and can be resumed.

    Args:
        message: a sentence that says how to continue.
        number: number of the signal that requested it; 0 for a file.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class Orders:
    """Listens to SIGTERM and SIGINT, and to the files `stop` and `pause` of a run's directory.

    A second signal interrupts at once.

    Args:
        run: the directory; None listens to signals alone.
    """

    def __init__(self, run: RunDirectory | None) -> None:
        self.number = 0
        self._stop = None if run is None else run.stop
        self._pause = None if run is None else run.pause
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if self._stop is not None:
            self._stop.unlink(missing_ok=True)  # it was meant for a process that has ended
        if threading.current_thread() is threading.main_thread():  # only the main thread may handle signals
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.number:
            raise KeyboardInterrupt
        self.number = number

    def current(self) -> Order:
        """Return the current request."""
        if self.number or (self._stop is not None and self._stop.exists()):
            return Order.STOP
        return Order.WAIT if self._pause is not None and self._pause.exists() else Order.GO_ON

    def obeyed(self) -> None:
        """Acknowledge a request to stop."""
        if self._stop is not None:
            self._stop.unlink(missing_ok=True)
