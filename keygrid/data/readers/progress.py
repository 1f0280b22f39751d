"""Progress of reading a large file, reported to a listener that readers need not know."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listener: ContextVar[Callable[[float], None] | None] = ContextVar("listener", default=None)


@contextmanager
def reading_progress(report: Callable[[float], None]) -> Iterator[None]:
    """Within the block, whatever is read in this thread tells `report` which share of its file, 0 to 1, is done.

    A `KeygridError` that `report` raises ends the reading.
    """
    token = _listener.set(report)
    try:
        yield
    finally:
        _listener.reset(token)


def advance(share: float) -> None:
    """Tell that a share of the file, 0 to 1, is read."""
    report = _listener.get()
    if report is not None:
        report(share)
