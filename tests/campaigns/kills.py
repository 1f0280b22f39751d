"""Processes that are killed at random moments: the window's worker, and those of a prediction of many garments.

    xvfb-run python -m tests.campaigns.kills worker --kills 200
    python -m tests.campaigns.kills executor --garments 2000 --kills 50

`worker` plays a script in a window (open, step through frames, compare) and kills the process that reads and predicts;
each time the window must stay, have a sentence or the answer, and show keypoints again when it is asked once more.
`executor` must write the same bytes as a run that nobody disturbs.
"""

# ruff: noqa: T201

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

from keygrid.data.dataset import Dataset
from keygrid.methods import identify
from keygrid.methods.folder import Request, predict_all
from keygrid.work import open_executor

ASSETS = Path(__file__).parents[2] / "assets"
SEQUENCE = ASSETS / "garments" / "tshirt-real-fold-sleeve.npz"
STILL = ASSETS / "garments" / "unisex_shirt.ply"
CHECKPOINT = ASSETS / "checkpoints" / "tops-k8-keygrid.safetensors"
WAIT = 120.0


def until(holds: Callable[[], object], what: str) -> None:
    from PySide6.QtTest import QTest

    deadline = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain until {what}")
        QTest.qWait(5)


def worker(kills: int, rng: random.Random) -> int:
    from PySide6.QtTest import QTest

    from app.application import make

    _, window = make(keep=False)
    window.show()
    window.open([SEQUENCE, CHECKPOINT])
    until(lambda: window.document.prediction is not None and not window.worker.busy, "keypoints are shown")
    warned: list[str] = []
    window.messages.warned.connect(warned.append)
    actions: list[Callable[[], object]] = [
        lambda: window.document.go_to(rng.randrange(window.document.frame_count or 1)),
        lambda: window.open([STILL]),
        lambda: window.open([SEQUENCE]),
        lambda: window.open([CHECKPOINT]),
        window.predicting.start_anew,
    ]
    slowest, replaced = 0.0, 0
    for number in range(kills):
        rng.choice(actions)()
        QTest.qWait(rng.randrange(0, 60))
        before = window.worker.process_id
        with suppress(psutil.NoSuchProcess):
            psutil.Process(before).kill()
        began = time.monotonic()
        until(lambda before=before: window.worker.process_id not in (0, before), "another process is there")
        until(lambda: not window.worker.busy, "nothing is awaited")
        slowest = max(slowest, time.monotonic() - began)
        replaced += 1
        if number % 10 == 9:  # all works again
            window.open([SEQUENCE])
            until(lambda: not window.worker.busy, "nothing is awaited")
            window.document.go_to(0)
            window.predicting.start_anew()
            until(lambda: window.document.prediction is not None and not window.worker.busy, "keypoints are shown")
    print(f"worker: {kills} kills, {replaced} replaced, {len(warned)} sentences, slowest return {slowest:.1f} s")
    wrong = {sentence for sentence in warned if "An internal error occurred" in sentence}
    window.close()
    return len(wrong)


def executor(garments: int, kills: int, rng: random.Random) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "clouds"
        folder.mkdir()
        for number in range(garments):
            np.save(folder / f"{number:05}.npy", np.random.default_rng(number).normal(size=(200, 3)))
        members = Dataset.open([folder]).members
        method, killed = identify(str(CHECKPOINT)), 0
        outs = [Path(name) / "whole.json", Path(name) / "killed.json"]
        with open_executor(2) as workers:
            predict_all(members, method, outs[0], Request(batch=1), workers)
        done = threading.Event()

        progress = [0]

        def kill() -> None:
            """At random moments, and one for each step at most: what ends every process is the garment's fault."""
            nonlocal killed
            seen = -1
            while killed < kills and not done.wait(rng.uniform(0.0, 0.5)):
                if progress[-1] == seen:
                    continue
                seen = progress[-1]
                children = psutil.Process().children(recursive=True)
                with suppress(psutil.NoSuchProcess, IndexError):
                    rng.choice([child for child in children if "spawn_main" in " ".join(child.cmdline())]).kill()
                    killed += 1

        with open_executor(2) as workers:
            killer = threading.Thread(target=kill)
            killer.start()
            try:
                skipped = predict_all(members, method, outs[1], Request(batch=1), workers, report=progress.append)
            finally:
                done.set()
                killer.join()
        same = outs[0].read_bytes() == outs[1].read_bytes()
        print(f"executor: {garments} garments, {killed} kills, {skipped} skipped, the same bytes: {same}")
        return 0 if same else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("worker", "executor"))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--garments", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    if chosen.what == "worker":
        return worker(chosen.kills, rng)
    return executor(chosen.garments, chosen.kills, rng)


if __name__ == "__main__":
    sys.exit(main())
