"""Starting: the window comes first, and its process never loads what only the worker needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIRT = ROOT / "assets" / "garments" / "unisex_shirt.ply"

SESSION = """
import json, os, sys, time
from pathlib import Path
os.environ["QT_SCALE_FACTOR"] = "2"
began = time.monotonic()
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from app.application import make

def torch_is_loaded(process):
    return "libtorch" in Path(f"/proc/{process}/maps").read_text()

told = {"stages": []}
application, window = make(keep=False)
window.resize(900, 600)
window.worker.stage.connect(lambda text: told["stages"].append((text, window.isVisible())))
window.show()
window.open([Path(sys.argv[1]), Path(sys.argv[2])])
application.processEvents()
told["shown"] = window.isVisible()
while window.document.prediction is None or window.worker.busy:
    assert time.monotonic() < began + 240
    QTest.qWait(20)
told["torch at the end"] = torch_is_loaded(window.worker.process_id), torch_is_loaded(os.getpid())

# At two device pixels in one of the user's, a click must still find what is drawn there.
view, ratio, drawn = window.viewport.interactor, window.devicePixelRatioF(), []
window.viewport.rendered.connect(lambda: drawn.append(True))
window.viewport.request_render()
while not drawn:
    QTest.qWait(20)
told["picked"] = {}
for keypoint, position in enumerate(window.document.prediction.keypoints):
    view.renderer.SetWorldPoint(*position, 1)
    view.renderer.WorldToDisplay()
    x, y, _ = view.renderer.GetDisplayPoint()
    place = QPoint(round(x / ratio), round(view.height() - 1 - y / ratio))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    told["picked"][keypoint] = window.document.keypoint
told["ratio"] = ratio
window.close()
told["modules"] = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(qapp, tiny_checkpoint):
    """Facts that a session at twice the usual scale tells of itself; `qapp` has seen to a display."""
    result = subprocess.run(
        [sys.executable, "-c", SESSION, SHIRT, tiny_checkpoint],
        capture_output=True, text=True, cwd=ROOT, timeout=300, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_the_window_shows_before_the_worker_has_done_anything(told):
    assert told["shown"]
    assert all(shown for _, shown in told["stages"])
    assert "Starting PyTorch" in [text for text, _ in told["stages"]]


def test_torch_is_in_the_worker_and_never_in_the_window(told):
    assert told["torch at the end"] == [True, False]
    # Numba, which evaluates slices, comes in a thread of its own once the window is shown.
    assert not set(told["modules"]) & {"torch", "trimesh", "open3d", "pytorch3d", "pyqtgraph"}
    assert {"PySide6", "pyvista"} <= set(told["modules"])


def test_keypoints_are_picked_where_they_are_drawn_at_twice_the_scale(told):
    assert told["ratio"] == 2
    assert told["picked"] == {str(keypoint): keypoint for keypoint in range(4)}


def test_what_a_picture_lacks_is_told_in_one_line_and_the_window_closes_though_nothing_can_be_saved(
    qapp, tmp_path, tiny_checkpoint
):
    result = subprocess.run(
        [
            sys.executable, ROOT / "main.py", "view", "missing.obj", "--checkpoint", tiny_checkpoint,
            "--screenshot", "nowhere/window.png",
        ],
        capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "missing.obj does not exist" in result.stderr
