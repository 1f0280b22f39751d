"""Progress of reading a large file, reported to a listener that is unknown to readers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listener: ContextVar[Callable[[float], None] | None] = ContextVar("listener", default=None)


@contextmanager
def reading_progress(report: Callable[[float], None]) -> Iterator[None]:
    """Within the block, report to `report` the share of its file, 0 to 1, that any reading in this thread has finished.

    If `report` raises a `KeygridError`, reading stops.
    """
    token = _listener.set(report)
    try:
        yield
    finally:
        _listener.reset(token)


def advance(share: float) -> None:
    """Report that a share of the file, 0 to 1, has been read."""
    report = _listener.get()
    if report is not None:
        report(share)
