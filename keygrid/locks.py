"""Locks that keep two processes from writing to the same place, and end with their process."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keygrid.errors import KeygridError
from keygrid.files import not_written, refuse_unwritable


@contextmanager
def locked(path: Path, used: str, advice: str) -> Iterator[None]:
    """Hold the lock file `path` within the block; the system releases it however this process ends.

    Args:
        path: the lock file, which names its holder, and is removed at the end of the block.
        used: beginning of the message for others, such as `runs/shirt is being trained`.
        advice: end of the message, such as `stop it first`.

    Raises:
        KeygridError: another process holds it, or the folder is missing or can't be written.
    """
    from filelock import FileLock, Timeout  # which brings asyncio

    refuse_unwritable(path)  # filelock would make the folder
    lock = FileLock(path, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise KeygridError(f"{used} by {_holder(path)}; {advice}.") from error
    except OSError as error:
        raise not_written(path, error) from error
    try:
        with suppress(OSError):  # which may be a full disk, and is nothing that others need
            path.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        yield
    finally:
        with suppress(OSError):  # Others notice: a lock on a file that is gone does not count.
            path.unlink()
        lock.release()


def _holder(path: Path) -> str:
    try:
        told = json.loads(path.read_bytes())
        number, host = int(told["pid"]), str(told["host"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return "another process"
    return f"process {number}" if host == socket.gethostname() else f"process {number} on {host}"
