"""Speed of the window: slices, frames, views, pauses, starts; and the growth of its memory.

    python -m tests.benchmarks.window [speed] [start] [memory]
        [--rounds 500] [--changes 1000] [--times 60] [--starts 7] [--seconds 5]

Medians and 95th percentiles, of the bundled moving T-shirt with 2,048 points. Needs a display; one of `Xvfb` will do.
"""

import gc
import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow
from tests.benchmarks.training_window import Gaps, go_on

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "assets"
SHIRT = ASSETS / "garments" / "tshirt-real-fold-sleeve.npz"
STILL = ASSETS / "garments" / "unisex_shirt.ply"
NAMES = ("tops-k8-keygrid", "tops-k8-keygrid-no-heatmap", "tshirt-k8", "tops-k12-keygrid")
CHECKPOINTS = [ASSETS / "checkpoints" / f"{name}.safetensors" for name in NAMES]

START = """
import sys, time
began = float(sys.argv[1])
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app.application import make_application, run
make_application()
told, watched = {}, []

def tell(name):
    told.setdefault(name, time.time() - began)

def look():
    for widget in QApplication.topLevelWidgets():
        name = type(widget).__name__
        if name == "StartScreen" and widget.isVisible():
            tell("picture")
        if name == "MainWindow" and not watched:
            watched.append(widget)
            widget.viewport.rendered.connect(lambda: tell("window"))
            widget.document.events.prediction.connect(predicted)

def predicted(found):
    if found is None:
        return
    name = "keypoints" if "keypoints" not in told else "anew"
    tell(name)
    if name == "anew" or sys.argv[3] == "first":
        clock.stop()
        QTimer.singleShot(0, watched[0].close)

clock = QTimer()
clock.timeout.connect(look)
clock.start(5)
run([Path(sys.argv[2])])
print(*(told[name] for name in sys.argv[4:]))
"""


def told(title: str, times: list[float], aim: str = "") -> None:
    """Print what was measured, in milliseconds."""
    middle, late = np.percentile(times, [50, 95])
    print(f"{title:52s} median {middle:7.1f} ms  95 % {late:7.1f} ms  ({len(times)} times{aim})", flush=True)  # noqa: T201


def timed(act: Callable[[int], object], count: int) -> list[float]:
    """Milliseconds that each of so many acts takes."""
    found = []
    for index in range(count):
        began = time.perf_counter()
        act(index)
        found.append(1000 * (time.perf_counter() - began))
    return found


def opened(paths: list[Path]) -> MainWindow:
    """A window in which these are open and predicted."""
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.open(paths)
    checkpoints = sum(path.suffix == ".safetensors" for path in paths)
    go_on(lambda: len(window.document.methods) == checkpoints and window.document.prediction is not None, 120)
    go_on(lambda: not window.busy, 120)
    return window


def drawn(window: MainWindow, act: Callable[[], object]) -> None:
    """Act, and let events go on until every view has drawn."""
    loop = QEventLoop()
    waiting = {pane.viewport for pane in window.area.shown}
    connections = []
    for viewport in list(waiting):

        def done(viewport: object = viewport) -> None:
            waiting.discard(viewport)  # type: ignore[arg-type]
            if not waiting:
                loop.quit()

        connections.append((viewport, viewport.rendered.connect(done)))
    QTimer.singleShot(1000, loop.quit)
    act()
    loop.exec()
    for viewport, connection in connections:
        viewport.rendered.disconnect(connection)


def speed(times: int, seconds: float) -> None:
    """Slices, frames and views, and pauses of so many seconds while the worker predicts."""
    window = opened([SHIRT, *CHECKPOINTS])
    window.document.choose(method=window.document.methods[0])
    go_on(lambda: not window.busy, 120)
    positions = np.linspace(-0.6, 0.6, 41)

    def slide(index: int) -> None:
        window.slices.move(float(positions[index % 41]))

    for index in range(10):
        drawn(window, lambda index=index: slide(index))  # type: ignore[misc]
    scene = window.viewport.scene
    told("slice update, without the frame", timed(slide, times), ", aim 16 ms")
    told("slice and frame, one view", timed(lambda i: drawn(window, lambda: slide(i)), times), ", aim 40 ms and slice")
    turn = scene.camera

    def turned(index: int) -> None:
        drawn(window, lambda: window.area.look(turn.turned(3 * index)))

    told("frame, one view", timed(turned, times), ", aim 40 ms")
    step = window.document
    told(
        "another frame of the garment, one view", timed(lambda i: drawn(window, lambda: step.go_to(1 + i % 19)), times)
    )
    window.commands["compare_methods"].trigger()
    go_on(lambda: not window.busy, 180)
    for index in range(10):
        drawn(window, lambda index=index: slide(index))  # type: ignore[misc]
    told("frame, four linked views", timed(turned, times), ", aim 120 ms")
    told("slice and frame, four linked views", timed(lambda i: drawn(window, lambda: slide(i)), times))
    window.comparison.stop()
    go_on(lambda: False, 1)

    gaps = Gaps()
    gaps.measure("pauses, nothing is done", seconds)
    window.settings.peak = True  # predicts all frames anew
    gaps.measure("pauses, while frames are predicted", seconds)
    window.settings.peak = False
    slider = QTimer(interval=40)
    count = iter(range(10**6))
    slider.timeout.connect(lambda: slide(next(count)))
    slider.start()
    gaps.measure("pauses, slices moved while frames are predicted", seconds)
    slider.stop()
    go_on(lambda: not window.busy, 120)
    window.close()


def start(rounds: int) -> None:
    """Time from the command until there is something to see; the first start of all is left out."""
    names = ("picture", "window", "keypoints", "anew")
    found = []
    with TemporaryDirectory() as folder:
        own = {f"XDG_{name}_HOME": f"{folder}/{name}" for name in ("CACHE", "CONFIG", "DATA", "STATE")}
        for number in range(rounds + 1):
            which = ("first", "keypoints") if number == 0 else ("again", *names)
            result = subprocess.run(
                [sys.executable, "-c", START, str(time.time()), str(STILL), *which],
                cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=True, timeout=120,
            )  # fmt: skip
            found.append([1000 * float(word) for word in result.stdout.splitlines()[-1].split()])
    told("the last picture, from the command", [row[0] for row in found[1:]], ", aim 1500 ms")
    told("window drawn, from the command", [row[1] for row in found[1:]])
    told("kept keypoints, from the command", [row[2] for row in found[1:]], ", aim 4000 ms")
    told("keypoints found anew, from the command", [row[3] for row in found[1:]])


def resident(process: int) -> float:
    """Megabytes in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory(rounds: int, changes: int) -> None:
    """Open, predict, close; and slices: megabytes of the window's process and of the worker's."""
    window = opened([STILL, CHECKPOINTS[0]])

    def tell(title: str) -> None:
        gc.collect()
        ours, workers = resident(os.getpid()), resident(window.worker.process_id)
        print(f"{title:36s} window {ours:7.1f} MB  worker {workers:7.1f} MB", flush=True)  # noqa: T201

    for index in range(changes + 1):
        if index % (changes // 5) == 0:
            tell(f"{index} slice changes")
        drawn(window, lambda: window.slices.move(float(np.sin(index))))  # noqa: B023
    for index in range(rounds + 1):
        if index % max(rounds // 10, 1) == 0:
            tell(f"{index} rounds of open, predict, close")
        garment = window.document.garment
        if garment is not None:
            window.document.close_garment(garment)
        window.open([STILL])
        go_on(lambda: window.document.prediction is not None and not window.worker.busy, 60)
    window.close()


def main() -> None:
    """Measure what is asked for, or all."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    what = arguments.what or ["speed", "start", "memory"]
    application = QApplication(sys.argv[:1])
    QApplication.setStyle("Fusion")
    if "speed" in what:
        speed(arguments.times, arguments.seconds)
    if "start" in what:
        start(arguments.starts)
    if "memory" in what:
        memory(arguments.rounds, arguments.changes)
    application.quit()


if __name__ == "__main__":
    main()
