"""Long days in fast motion, and many short ones: memory, handles and pace at both ends, and clean ends.

    xvfb-run python -m tests.campaigns.days long --actions 20000
    xvfb-run python -m tests.campaigns.days rounds --rounds 100

`long` opens garments, steps through frames, turns the camera, switches layers, compares and stops comparing, in one
window. `rounds` starts the application, closes its window while it still reads and predicts, and waits for its end.
"""

# ruff: noqa: T201

import argparse
import gc
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from tests.campaigns.kills import CHECKPOINT, SEQUENCE, STILL, until

CLOSED_WITHIN = 2.0
"""Seconds from closing the window to the end of the last process."""

ROUND = """
import sys, time
from app.application import make_application
from app.cli.main import main
application = make_application()
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMainWindow
def close():
    print(time.time(), flush=True)
    next(widget for widget in application.topLevelWidgets() if isinstance(widget, QMainWindow)).close()
QTimer.singleShot(int(sys.argv.pop(1)), close)
sys.exit(main())
"""


def resources() -> tuple[float, int]:
    """Megabytes of this process and its children, and open handles of this one."""
    gc.collect()
    process = psutil.Process()
    memory = process.memory_info().rss + sum(child.memory_info().rss for child in process.children(recursive=True))
    return memory / 2**20, process.num_fds()


def long(actions: int, rng: random.Random) -> int:
    from app.application import make

    application, window = make(keep=False)
    window.show()
    window.open([SEQUENCE, CHECKPOINT])
    until(lambda: window.document.prediction is not None and not window.worker.busy, "keypoints are shown")

    def toggle_comparison() -> None:
        if window.comparison.active:
            window.comparison.stop()
        else:
            window.commands["compare_add"].trigger()

    def turn() -> None:
        window.viewport.interactor.camera.azimuth += 15
        window.viewport.interactor.render()

    def switch() -> None:
        name = rng.choice(("surface", "skeleton", "slice"))
        window.settings.switch(name, on=rng.random() < 0.5)

    steps: list[tuple[float, Callable[[], object]]] = [
        (0.70, lambda: window.document.go_to(rng.randrange(window.document.frame_count or 1))),
        (0.12, turn),
        (0.12, switch),
        (0.03, lambda: setattr(window.slices, "z", rng.uniform(-1, 1))),
        (0.02, lambda: window.open([rng.choice((SEQUENCE, STILL))])),
        (0.01, toggle_comparison),
    ]
    paces: list[float] = []
    found: list[tuple[float, int]] = []
    warm = max(actions // 5, 1)
    for number in range(actions):
        if number in (warm, actions - 1):
            until(lambda: not window.worker.busy and not window.comparing.busy, "nothing is awaited")
            found.append(resources())
        began = time.perf_counter()
        rng.choices([act for _, act in steps], [share for share, _ in steps])[0]()
        application.processEvents()
        paces.append(time.perf_counter() - began)
    window.close()
    first, last = (1000 * float(np.median(part)) for part in (paces[warm : 2 * warm], paces[-warm:]))
    (memory, handles), (memory_after, handles_after) = found
    print(
        f"long: {actions} actions: {memory:.0f} MB after a fifth, {memory_after:.0f} MB at the end; handles {handles}, "
        f"{handles_after}; an action {first:.1f} ms, {last:.1f} ms"
    )
    return 0 if memory_after < 1.15 * memory + 50 and handles_after <= handles + 10 else 1


def rounds(count: int, rng: random.Random) -> int:
    failed, slowest, left = 0, 0.0, 0
    for _ in range(count):
        command = [sys.executable, "-c", ROUND, str(rng.randrange(0, 2500)), "view", "--fresh", str(SEQUENCE)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
            env=dict(os.environ),
        ) as process:  # fmt: skip
            assert process.stdout is not None
            closed = float(process.stdout.readline() or "nan")
            children = psutil.Process(process.pid).children(recursive=True)
            _, errors = process.communicate(timeout=60)
            took = time.time() - closed
            _, alive = psutil.wait_procs(children, timeout=CLOSED_WITHIN)
        slowest, left = max(slowest, took), left + len(alive)
        if process.returncode or errors:
            failed += 1
            print(f"  status {process.returncode}: {errors[-300:]}")
    print(f"rounds: {count} opened and closed, {failed} failed, {left} processes left, slowest end {slowest:.1f} s")
    return failed + left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("long", "rounds"))
    parser.add_argument("--actions", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    return long(chosen.actions, rng) if chosen.what == "long" else rounds(chosen.rounds, rng)


if __name__ == "__main__":
    sys.exit(main())
