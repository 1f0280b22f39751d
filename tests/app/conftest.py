"""What the application's tests share: a guard against what they leave behind, and ways to wait for the event loop."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from shiboken6 import Shiboken

from app.main_window import MainWindow
from app.state.settings import ViewSettings
from app.state.slices import SliceSettings
from app.views.pane import Pane
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.sequence import write_sequence

FRAMES = 6
"""Of the sequence that tests play."""

CONTROL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier,
)  # fmt: skip


def show_window(*arguments: object, size: tuple[int, int] = (1000, 640)) -> MainWindow:
    """A window that receives keys, made with some arguments."""
    QApplication.setStyle("Fusion")
    window = MainWindow(*arguments)
    window.resize(*size)
    window.show()
    window.activateWindow()
    return window


def dispose(window: MainWindow) -> None:
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@contextmanager
def shown_window(*arguments: object, size: tuple[int, int] = (1000, 640)) -> Iterator[MainWindow]:
    """The same, as long as it is needed."""
    window = show_window(*arguments, size=size)
    yield window
    dispose(window)


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
    window.viewport.fit()
    window.notice.hide()


@dataclass(frozen=True)
class Surroundings:
    """What lives beside a test, each by a key and in words."""

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
        """What has come since, in words."""
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
def until() -> Callable[[Callable[[], object]], None]:
    """Waits, with events going on, until something holds; for fixtures of any scope."""

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
