"""What surrounds a window changes: the display's scale, the machine's sleep, the display itself, the end of work."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

ROOT = Path(__file__).parents[2]
SHIRT = ROOT / "assets" / "garments" / "unisex_shirt.ply"

WINDOW = """
import json, sys, time
from pathlib import Path
from PySide6.QtTest import QTest
from app.application import make

def until(holds):
    deadline = time.monotonic() + 240
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        QTest.qWait(10)

application, window = make(keep=False)
window.resize(700, 420)
window.show()
window.open([Path(sys.argv[1]), Path(sys.argv[2])])
until(lambda: window.document.prediction is not None and not window.worker.busy)
"""

SCALE = """
import ctypes, struct

class Display:
    \"\"\"Tells all windows the display's dots per inch, as a desktop does, by the XSETTINGS protocol.\"\"\"

    def __init__(self):
        self.x = ctypes.CDLL("libX11.so.6")
        for name in ("XOpenDisplay", "XDefaultRootWindow", "XCreateSimpleWindow", "XInternAtom"):
            getattr(self.x, name).restype = ctypes.c_void_p
        self.connection = ctypes.c_void_p(self.x.XOpenDisplay(None))
        root = ctypes.c_void_p(self.x.XDefaultRootWindow(self.connection))
        none = ctypes.c_void_p(0)
        self.window = ctypes.c_void_p(
            self.x.XCreateSimpleWindow(self.connection, root, 0, 0, 1, 1, 0, none, none)
        )
        self.serial = 0
        self.tell(96)
        self.x.XSetSelectionOwner(self.connection, self.atom("_XSETTINGS_S0"), self.window, none)
        self.x.XSync(self.connection, 0)

    def atom(self, name):
        return ctypes.c_void_p(self.x.XInternAtom(self.connection, name.encode(), 0))

    def tell(self, dots):
        self.serial += 1
        name = b"Xft/DPI"
        data = struct.pack("=BxxxII", 0, self.serial, 1) + struct.pack("=BxH", 0, len(name)) + name
        data += b"\\0" * (-len(name) % 4) + struct.pack("=Ii", self.serial, dots * 1024)
        settings = self.atom("_XSETTINGS_SETTINGS")
        self.x.XChangeProperty(self.connection, self.window, settings, settings, 8, 0, data, len(data))
        self.x.XSync(self.connection, 0)

display = Display()
"""

RESCALED = """
def labels():
    until(lambda: not window.viewport._frame.isActive())
    QTest.qWait(300)
    window.viewport.interactor.render()
    return window.viewport.interactor.screenshot(return_img=True)

import numpy as np
told = []
for dots in (96, 192, 96):
    display.tell(dots)
    until(lambda: window.devicePixelRatioF() == dots / 96)
    picture = labels()
    np.save(Path(sys.argv[3]) / f"{len(told)}.npy", picture)
    told.append([window.devicePixelRatioF(), *picture.shape[:2]])
window.close()
print(json.dumps(told))
"""

ASLEEP = """
warned = []
window.messages.warned.connect(warned.append)
before = window.worker.process_id
window.document.go_to(1)  # asked for, and then the machine sleeps
print("asleep", before, flush=True)
sys.stdin.readline()
until(lambda: window.document.frame == 1 and window.document.prediction is not None and not window.worker.busy)
told = {"same worker": window.worker.process_id == before, "warned": warned}
window.close()
print(json.dumps(told))
"""

ENDLESS = """
print("shown", window.worker.process_id, flush=True)
application.exec()
"""


def start(script: str, *paths: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, paths)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=dict(os.environ) | environment,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="uses the protocol of X11 desktops")
def test_a_view_is_drawn_alike_when_the_display_changes_its_scale_to_and_fro(qapp, tiny_checkpoint, tmp_path):
    with start(SCALE + WINDOW + RESCALED, SHIRT, tiny_checkpoint, tmp_path) as process:
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    usual, doubled, back = json.loads(output.splitlines()[-1])
    assert (usual[0], doubled[0]) == (1, 2)
    assert doubled[1:] == [2 * side for side in usual[1:]]
    assert usual == back
    before, enlarged, after = (np.load(tmp_path / f"{number}.npy").astype(int) for number in range(3))
    assert np.abs(before - after).mean() < 0.5
    # Lines, balls and letters are twice as large, as is the garment, so that one picture is the other, enlarged.
    halved = enlarged.reshape(len(before), 2, -1, 2, 3).mean(axis=(1, 3))
    assert np.abs(before - halved).mean() < 4


@pytest.mark.skipif(sys.platform == "win32", reason="processes can't be stopped there")
def test_a_request_outlives_the_machines_sleep(qapp, tiny_checkpoint, sequence):
    with start(WINDOW + ASLEEP, sequence, tiny_checkpoint) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        word, worker = process.stdout.readline().split()
        assert word == "asleep", process.communicate()[1]
        asleep = [psutil.Process(process.pid), psutil.Process(int(worker))]
        for one in asleep:
            one.suspend()
        time.sleep(3)  # longer than any patience with a worker
        for one in asleep:
            one.resume()
        output, errors = process.communicate("\n", timeout=300)
    assert process.returncode == 0, errors
    assert json.loads(output.splitlines()[-1]) == {"same worker": True, "warned": []}


def test_the_worker_ends_with_a_window_that_is_killed(qapp, tiny_checkpoint):
    with start(WINDOW + ENDLESS, SHIRT, tiny_checkpoint) as process:
        assert process.stdout is not None
        word, worker = process.stdout.readline().split()
        assert word == "shown"
        children = [psutil.Process(int(worker)), *psutil.Process(process.pid).children(recursive=True)]
        process.kill()
        process.communicate(timeout=60)
        _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
