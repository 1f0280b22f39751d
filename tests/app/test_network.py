"""Nothing ever asks the network for anything: the application runs in processes in which asking fails, and is noted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, SHIRT

# Every process of ours imports this when it begins.
CUT = """
import os, sys

def listen(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        is_outside = isinstance(arguments[1], tuple)
    else:
        is_outside = event in ("socket.getaddrinfo", "socket.gethostbyname", "urllib.Request", "http.client.connect")
    if is_outside:
        with open(os.environ["NOTED"], "a") as file:
            file.write(f"{event} {arguments[1:]}\\n")
        raise OSError("The network is cut.")

sys.addaudithook(listen)
with open(os.environ["NOTED"] + ".begun", "a") as file:
    file.write(f"{sys.argv}\\n")
"""


@pytest.fixture
def cut(tmp_path: Path) -> dict[str, str]:
    """The environment of processes without a network."""
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "sitecustomize.py").write_text(CUT)
    return {**os.environ, "PYTHONPATH": str(tmp_path / "cut"), "NOTED": str(tmp_path / "noted")}


def test_what_asks_is_noted(cut: dict[str, str], tmp_path: Path) -> None:
    for asking in (
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://example.invalid')",
    ):
        assert subprocess.run([sys.executable, "-c", asking], env=cut, capture_output=True, check=False).returncode == 1
    assert len((tmp_path / "noted").read_text().splitlines()) >= 2


@pytest.mark.parametrize(
    "command",
    [
        ("view", SHIRT, "--screenshot", "window.png", "--fresh"),
        ("predict", SHIRT, "--out", "k.json", "--workers", "1"),
    ],
)
def test_no_process_asks_the_network(command: tuple[object, ...], cut: dict[str, str], tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "main.py", *map(str, command)],
        cwd=tmp_path, env=cut, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "noted").exists(), (tmp_path / "noted").read_text()
    assert len((tmp_path / "noted.begun").read_text().splitlines()) >= 2  # the worker, too
