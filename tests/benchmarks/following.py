"""Time from a cloud's file to its picture with keypoints, in a real window that follows a folder.

    xvfb-run -a python -m tests.benchmarks.following            # the numbers of docs/depth-camera.md
    xvfb-run -a python -m tests.benchmarks.following --points 200000

A camera's clouds of a T-shirt on a table are made from the shipped shirt and written one after the other, as binary
PLY; the window prepares them by the usual recipe, or not, and finds keypoints with the default method for clouds.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

POINTS, FRAMES, WARM_UP = 50_000, 15, 3
"""Points of a cloud, clouds that are timed, and those before them."""

NOISE = 0.001
"""Standard deviation of depths, metres."""


def seen_from_above(count: int, seed: int) -> NDArray[np.float32]:
    """(N, 3), metres, z up: what a camera sees of the shipped shirt as it lies on a table of 1.2 x 1.2."""
    from keygrid.cli.common import DEFAULT_GARMENT
    from keygrid.data.readers import read_garment
    from keygrid.data.sampling import sample

    rng = np.random.default_rng(seed)
    shirt = read_garment(DEFAULT_GARMENT)
    points = sample(shirt, count // 3, seed=seed).points / 100
    points = points - (points.min(axis=0) + points.max(axis=0)) / 2
    lying = np.column_stack([points[:, 0], points[:, 1], 0.02 + 0.04 * (points[:, 2] + 0.2)])
    table = np.column_stack([rng.uniform(-0.6, 0.6, (count - len(lying), 2)), np.zeros(count - len(lying))])
    found = np.concatenate([lying, table])
    found[:, 2] += rng.normal(0, NOISE, len(found))
    return found.astype(np.float32)


def write(points: NDArray[np.float32], path: Path) -> None:
    """Write a cloud as a camera's driver does: into the folder at once, under its own name."""
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n"
        "property float x\nproperty float y\nproperty float z\nend_header\n"
    )
    path.write_bytes(header.encode() + points.tobytes())


def measured(points: int, frames: int, prepared: bool) -> list[float]:
    """Return the seconds from file to picture of each of a number of clouds."""
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from app.main_window import MainWindow
    from keygrid.clouds import Recipe
    from keygrid.clouds.recipe import USUAL

    application = QApplication.instance() or QApplication(sys.argv[:1])
    clouds = [seen_from_above(points, seed) for seed in range(frames + WARM_UP)]
    seconds = []
    with TemporaryDirectory() as folder:
        window = MainWindow()
        window.resize(1280, 800)
        window.show()
        window.list_methods()
        while window.busy:
            QTest.qWait(20)
        window.following.begin(Path(folder), Recipe(USUAL if prepared else ()))
        for number, cloud in enumerate(clouds):
            name = f"{number:04d}.ply"
            write(cloud, Path(folder) / name)
            deadline = time.monotonic() + 60
            while window.state.following.frame != name and time.monotonic() < deadline:
                QTest.qWait(5)
            if number >= WARM_UP and window.state.following.seconds is not None:
                seconds.append(window.state.following.seconds)
            QTest.qWait(300)  # as a camera of three frames a second does
        window.close()
    application.processEvents()
    return seconds


def main() -> None:
    """Measure with and without a recipe, and print medians and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--frames", type=int, default=FRAMES)
    given = parser.parse_args()
    points = given.points
    for prepared in (True, False):
        seconds = measured(points, given.frames, prepared)
        what = "prepared by the usual recipe" if prepared else "not prepared"
        print(  # noqa: T201
            f"{points:,} points, {what}: median {np.median(seconds):.2f} s, slowest {max(seconds):.2f} s "
            f"of {len(seconds)} clouds"
        )


if __name__ == "__main__":
    main()
