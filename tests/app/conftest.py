"""Windows for tests, ways to wait for them, and a guard against what tests leave behind."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QPoint, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import Shiboken

from app.main_window import MainWindow
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from app.views.pane import Pane
from app.worker.protocol import ListShipped
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.readers.sequence import write_sequence

Until = Callable[[Callable[[], object]], None]
"""Waits, with events going on, until something holds."""

FRAMES = 6
"""Frames of the sequence that tests play."""

CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier,
)  # fmt: skip


class OpenWindow(Protocol):
    """Opens a window that receives keys, and these paths in it, and waits until nothing is awaited any more."""

    def __call__(
        self,
        *paths: Path,
        store: QSettings | None = None,
        pictures: Path | None = None,
        sessions: Path | None = None,
        size: tuple[int, int] = (1000, 640),
    ) -> MainWindow: ...


def close(window: MainWindow) -> None:
    """Close a window before its test is over."""
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _opener(until: Until, opened: list[MainWindow]) -> OpenWindow:
    def open_window(
        *paths: Path,
        store: QSettings | None = None,
        pictures: Path | None = None,
        sessions: Path | None = None,
        size: tuple[int, int] = (1000, 640),
    ) -> MainWindow:
        QApplication.setStyle("Fusion")
        window = MainWindow(store, pictures, sessions)
        opened.append(window)
        window.resize(*size)
        window.show()
        window.activateWindow()
        window.open(paths)
        until(lambda: not window.worker.busy)
        return window

    return open_window


def _close_all(windows: list[MainWindow]) -> None:
    for window in windows:
        if Shiboken.isValid(window):
            close(window)


@pytest.fixture
def open_window(qapp: QApplication, until: Until) -> Iterator[OpenWindow]:
    """Opens windows that are closed at the end of the test."""
    opened: list[MainWindow] = []
    yield _opener(until, opened)
    _close_all(opened)


@pytest.fixture(scope="module")
def open_shared_window(qapp: QApplication, until: Until) -> Iterator[OpenWindow]:
    """Opens windows that a module's tests share, and that are closed at its end."""
    opened: list[MainWindow] = []
    yield _opener(until, opened)
    _close_all(opened)


def turn_event_loop(times: int = 5) -> None:
    """Let the event loop turn, so that what was put off to its next turns is done."""
    for _ in range(times):
        loop = QEventLoop()
        QTimer.singleShot(0, loop.quit)
        loop.exec()


def drain(window: MainWindow, until: Until) -> None:
    """Wait until the worker has dealt with all that it was sent, unwanted work included."""
    answered: list[object] = []
    window.worker.request(ListShipped(Path("nowhere")), answered.append, slot=object())
    until(lambda: answered)


def click(widget: QWidget, place: QPoint | None = None) -> None:
    """Click a widget, in its middle if not given a place."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place or widget.rect().center())


def press(window: MainWindow, key: str | Qt.Key, modifiers: Qt.KeyboardModifier = CONTROL) -> None:
    """Press a key with Ctrl, if not given other modifiers."""
    window.activateWindow()
    QTest.keyClick(window, key, modifiers)


def picture(of: MainWindow | Pane) -> NDArray[np.int64]:
    """The pixels of its 3D view."""
    of.viewport.interactor.render()
    return of.viewport.interactor.screenshot(return_img=True).astype(int)


def put_back(window: MainWindow) -> None:
    """Show things as a new window does."""
    for state, kind in ((window.settings, ViewSettings), (window.slices, SliceSettings)):
        for attribute in fields(kind):
            setattr(state, attribute.name, getattr(kind(), attribute.name))
    window.document.keypoint = window.document.other = window.document.segment = None
    window.viewport.look_first()
    window.notice.hide()


@dataclass(frozen=True)
class Surroundings:
    """Everything that lives beside a test, each by a key and in words."""

    things: dict[object, str]

    @classmethod
    def now(cls) -> "Surroundings":
        QApplication.processEvents()
        things: dict[object, str] = {thread: f"thread {thread.name}" for thread in threading.enumerate()}
        # Counted, because a process that died may be replaced.
        names = sorted(_children())
        things |= {("process", name, names[:place].count(name)): f"process {name}" for place, name in enumerate(names)}
        for widget in QApplication.topLevelWidgets():
            if widget.isVisible():
                things["window", id(widget)] = f"window {widget.windowTitle() or type(widget).__name__}"
        for wrapper in Shiboken.getAllValidWrappers():
            if isinstance(wrapper, QTimer) and wrapper.isActive():
                things["timer", id(wrapper)] = f"timer of {type(wrapper.parent()).__name__}"
        return cls(things)

    def left_behind(self) -> list[str]:
        """Return what has come since, in words."""
        return sorted(words for key, words in Surroundings.now().things.items() if key not in self.things)


def _children() -> list[str]:
    """Names of the processes whose parent is this one, those included that nobody has waited for."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().partition("(")[2].rpartition(")")
        except OSError:  # it ended meanwhile
            continue
        if int(rest.split()[1]) == os.getpid():
            found.append(name)
    return found


@pytest.fixture
def surroundings(qapp: QApplication) -> type[Surroundings]:
    return Surroundings


@pytest.fixture(autouse=True)
def _nothing_left_behind(qapp: QApplication) -> Iterator[None]:
    """No test leaves a thread, a process, a running timer or a visible window to the next."""
    before = Surroundings.now()
    yield
    deadline = time.monotonic() + 3  # a process that ends may take a moment
    while (left := before.left_behind()) and time.monotonic() < deadline:
        QTest.qWait(50)
    assert not left, f"left behind: {', '.join(left)}"


@pytest.fixture(scope="session")
def until() -> Until:
    """Wait until something holds; for fixtures of any scope."""

    def wait(holds: Callable[[], object], milliseconds: int = 120_000) -> None:
        deadline = time.monotonic() + milliseconds / 1000
        while not holds():
            assert time.monotonic() < deadline, "waited in vain"
            QTest.qWait(10)

    return wait


@pytest.fixture(scope="session")
def sequence(shirt: Garment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few folds of cloth that wander and turn, in a file."""
    drawn = np.random.default_rng(0).choice(len(shirt.faces), 500, replace=False)
    used, faces = np.unique(shirt.faces[drawn], return_inverse=True)
    vertices = shirt.vertices[used]
    x, y, z = vertices.T
    frames = [np.stack([x + 3 * t, y, z + 4 * np.sin(y / 20 + t)], 1) for t in range(FRAMES)]
    landmarks = Landmarks(np.array([0, 100]), np.tile([[1.0, 0, 0]], (2, 1)), ("hem", "collar"))
    garment = Garment("folds", vertices, faces.reshape(-1, 3), frames=np.array(frames, np.float32), landmarks=landmarks)
    path = tmp_path_factory.mktemp("sequences") / "folds.npz"
    write_sequence(garment, path)
    return path
