"""The log file, and what is copied from it for whoever helps."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.state.log import KEPT, LARGEST, LOG, NAME, diagnostics, log_errors, start_log


@pytest.fixture
def log(tmp_path):
    """The file, while it is written."""
    handler = start_log(tmp_path / "logs")
    yield tmp_path / "logs" / NAME
    LOG.removeHandler(handler)
    handler.close()


def test_warnings_are_in_the_file_and_in_what_is_copied(log, monkeypatch):
    monkeypatch.setattr(LOG, "propagate", False)  # no file name that is no text may reach the report of the tests
    LOG.warning("caf\udce9.obj is damaged")
    assert "WARNING caf\\udce9.obj is damaged" in log.read_text()
    copied = diagnostics("PyTorch on a toaster")
    assert "is damaged" in copied
    assert "PyTorch on a toaster" in copied
    assert "numpy " in copied
    assert str(NAME) in copied


def test_the_log_does_not_grow_for_ever(log):
    for _ in range(60):
        LOG.warning("x" * (LARGEST // 10))
    files = list(log.parent.iterdir())
    assert len(files) == KEPT + 1
    assert sum(file.stat().st_size for file in files) <= (KEPT + 1) * LARGEST


def test_what_nobody_handles_is_logged_and_still_reported(log, monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "excepthook", lambda *told: reported.append(told[1]))
    monkeypatch.setattr(threading, "excepthook", lambda told: reported.append(told.exc_value))
    log_errors()
    error = ValueError("a fault")
    sys.excepthook(ValueError, error, None)
    threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, None)))
    assert reported == [error, error]
    assert log.read_text().count("ValueError: a fault") == 2


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path):
    (tmp_path / "file").touch()
    assert start_log(tmp_path / "file" / "logs") is None


def test_nothing_is_logged_before_it_is_asked_for(tmp_path):
    code = "import app.state.log, logging; print(app.state.log.LOG.handlers)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert "RotatingFileHandler" not in result.stdout
