"""The error log: a file of bounded size, and diagnostics as text."""

import logging
import platform
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

NAME = "keygrid.log"
LARGEST = 1 << 20
"""Maximum size of a log file before rotation, in bytes."""
KEPT = 3
"""Number of rotated files to keep."""

LOG = logging.getLogger("keygrid")
_PACKAGES = ("keygrid-desktop", "PySide6_Essentials", "pyvista", "pyvistaqt", "vtk", "torch", "numpy", "open3d", "h5py")
_FORMAT = "%(asctime)s %(process)d %(levelname)s %(message)s"


class _Recent(logging.Handler):
    """Keeps the last lines in memory."""

    def __init__(self, most: int = 20) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=most)
        self.setFormatter(logging.Formatter(_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


_RECENT = _Recent()
LOG.addHandler(_RECENT)
LOG.setLevel(logging.INFO)
LOG.propagate = False


def log_folder() -> Path:
    """Return the platform's folder for logs."""
    from platformdirs import user_log_path

    return user_log_path("keygrid-desktop", appauthor=False)


def start_log(folder: Path) -> logging.Handler | None:
    """Write warnings and errors to a file in `folder`; return None if it is not writable."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            folder / NAME, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", errors="backslashreplace"
        )
        handler.setFormatter(logging.Formatter(_FORMAT))
        LOG.addHandler(handler)
        LOG.info("Started: %s", "; ".join(_versions()))
        return handler
    return None


def log_errors() -> None:
    """Log unhandled errors of all threads before they are reported as usual."""
    report, report_of_thread = sys.excepthook, threading.excepthook

    def log(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        LOG.error("Not handled", exc_info=(kind, error, traceback))
        report(kind, error, traceback)

    def log_of_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            LOG.error("Unhandled error in a thread", exc_info=(told.exc_type, told.exc_value, told.exc_traceback))
        report_of_thread(told)

    sys.excepthook, threading.excepthook = log, log_of_thread


def diagnostics(engine: str) -> str:
    """Return information for diagnosing a fault: versions, machine, libraries and recent errors.

    It contains no file contents.

    Args:
        engine: description of the libraries that compute, and on which device.
    """
    errors: Sequence[str] = [*_RECENT.lines] or ["none"]
    machine = f"{platform.platform()}, {platform.machine()}, Python {platform.python_version()}"
    return "\n".join([*_versions(), machine, engine, f"Log: {log_folder() / NAME}", "Recent errors:", *errors])


def _versions() -> list[str]:
    found = []
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    return found
