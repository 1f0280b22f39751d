"""Fluency of the window while a network trains on the same cores.

    python -m tests.benchmarks.training_window [--seconds 30]

A timer of 5 ms notes when it is late: while nothing trains, and while a run that was started in the window does, with
its curves and its preview shown. Needs a display; one of `Xvfb` will do.
"""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from app.state.new_run import NewRun
from keygrid.training.options import Options

ASSETS = Path(__file__).parents[2] / "assets"
SHIRT = ASSETS / "garments" / "unisex_shirt.ply"


class Gaps:
    """Times between two calls of a timer, in milliseconds, while it is on."""

    def __init__(self) -> None:
        self._timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._note)
        self.found: list[float] = []

    def _note(self) -> None:
        now = time.perf_counter()
        self.found.append(1000 * (now - self._last))
        self._last = now

    def measure(self, title: str, seconds: float) -> None:
        """Let events go on for so long, and say how late they were."""
        self.found, self._last = [], time.perf_counter()
        self._timer.start()
        go_on(lambda: False, seconds)
        self._timer.stop()
        gaps = np.array(self.found)
        middle, late, most = np.percentile(gaps, [50, 99, 100])
        print(  # noqa: T201
            f"{title:34s} median {middle:5.1f} ms  99 % {late:5.1f} ms  longest {most:5.1f} ms  "
            f"over 50 ms: {(gaps > 50).sum()} of {len(gaps)}",
            flush=True,
        )


def go_on(holds: Callable[[], bool], seconds: float) -> None:
    """Let events go on until something holds, or for so long. Unlike a test's wait, this leaves time to threads."""
    loop, watch = QEventLoop(), QTimer(interval=20)
    deadline = time.monotonic() + seconds
    watch.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > deadline else None)
    watch.start()
    loop.exec()
    watch.stop()


def main() -> None:
    """Measure, and print a line for each."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--others", default="", help="more options of main.py train")
    options = parser.parse_args()
    application = QApplication(sys.argv[:1])
    QApplication.setStyle("Fusion")
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.open([SHIRT, ASSETS / "checkpoints" / "tshirt-k8.safetensors"])
    go_on(lambda: window.document.prediction is not None and not window.busy, 300)
    gaps = Gaps()
    gaps.measure("nothing trains", options.seconds / 2)
    with TemporaryDirectory() as folder:
        wanted = NewRun(SHIRT, Path(folder) / "run", Options.of({"epochs": 1000}), options.others)
        run = window.training.start(wanted)
        gaps.measure("a run starts, the panel comes", 0.1)
        window.commands["training"].setChecked(True)
        gaps.measure("the panel has come", 3)
        go_on(lambda: run.history.epoch > 0 or not run.state.active, 300)
        gaps.measure("a run trains, its curves are shown", options.seconds)
        window.runs.previewing = True
        gaps.measure("and its preview", options.seconds)
        print(  # noqa: T201
            f"{run.state}: {run.history.step} steps, {run.history.pace:.2f} a second  {run.message}"
        )
        window.training.stop(run)
        go_on(lambda: not run.state.active, 120)
        window.close()
    application.processEvents()


if __name__ == "__main__":
    main()
