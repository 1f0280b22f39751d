"""The picture that stands in for the window while it is imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel

from app.views.starting import StartScreen, remember
from tests.conftest import ROOT

SIZE = QSize(300, 200)

START = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app.application import make_application, run
from app.main_window import MainWindow
from app.views.starting import StartScreen

told = {"screens": []}
make_application()

def look():
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, StartScreen) and widget.isVisible():
            told["screens"].append(widget.is_known)
        if isinstance(widget, MainWindow) and widget.isVisible() and widget.document.garment is not None:
            clock.stop()
            widget.close()

clock = QTimer()
clock.timeout.connect(look)
clock.start(1)
run([Path(sys.argv[1])], theme="dark", size=(1280, 800))
print(json.dumps(told))
"""


@pytest.fixture
def window(qtbot):
    label = QLabel("what was open")
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#203040"))
    label.setPalette(palette)
    label.resize(SIZE)
    qtbot.addWidget(label)
    label.show()
    return label


def screen(qtbot, picture: Path, opened: list[Path], size: QSize = SIZE, *, reopens: bool = False) -> StartScreen:
    found = StartScreen(picture, opened, size, reopens=reopens)
    qtbot.addWidget(found)
    return found


def test_the_last_picture_comes_again_where_the_same_is_opened(qtbot, window, tmp_path: Path) -> None:
    picture, shirt = tmp_path / "cache" / "window.png", tmp_path / "shirt.obj"
    assert not screen(qtbot, picture, [shirt]).is_known
    remember(window, picture, [shirt], reopen=False)
    again = screen(qtbot, picture, [shirt])
    assert again.is_known
    assert again.pixmap().toImage().pixelColor(5, 5) == window.grab().toImage().pixelColor(5, 5) == QColor("#203040")


@pytest.mark.parametrize("change", ["garment", "size", "damaged"])
def test_another_window_has_no_picture_and_the_colours_of_the_last(qtbot, window, tmp_path: Path, change: str) -> None:
    picture, shirt = tmp_path / "window.png", tmp_path / "shirt.obj"
    remember(window, picture, [shirt], reopen=False)
    if change == "damaged":
        picture.write_bytes(picture.read_bytes()[:40])
    found = screen(
        qtbot, picture, [tmp_path / "hat.obj"] if change == "garment" else [shirt],
        QSize(310, 200) if change == "size" else SIZE,
    )  # fmt: skip
    assert not found.is_known
    if change != "damaged":
        assert found.pixmap().toImage().pixelColor(5, 5) == QColor("#203040")


@pytest.mark.parametrize("reopen", [True, False])
def test_a_start_that_reopens_shows_whatever_was_open(qtbot, window, tmp_path: Path, reopen: bool) -> None:
    picture = tmp_path / "window.png"
    remember(window, picture, [tmp_path / "shirt.obj"], reopen=reopen)
    assert screen(qtbot, picture, [tmp_path / "usual.obj"], reopens=True).is_known is reopen
    assert not screen(qtbot, picture, [tmp_path / "usual.obj"]).is_known


def test_the_second_start_shows_what_the_first_one_left(qapp, tmp_path: Path, monkeypatch) -> None:
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    garment = tmp_path / "piece.obj"
    garment.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0.2\nf 1 2 3\nf 2 4 3\n")
    seen = []
    for _ in range(2):
        command = [sys.executable, "-c", START, str(garment)]
        told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=240, check=True)
        seen.append(set(json.loads(told.stdout.splitlines()[-1])["screens"]))
    assert seen == [{False}, {True}]
