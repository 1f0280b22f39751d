"""Starts the window, or its substitute if there is no display."""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from app.state.log import log_errors, log_folder, start_log
from app.state.preferences import Theme
from keygrid.errors import KeygridError
from keygrid.installation import ASSETS

if TYPE_CHECKING:
    from PySide6.QtCore import QCoreApplication

    from app.main_window import MainWindow
    from app.views.starting import StartScreen
    from keygrid.clouds import Recipe

LAYOUT_MS = 300
"""Delay before the window's picture is taken, in which layouts and views settle."""

LAST_PICTURE = "window.png"
"""File of the window's last picture, in the cache folder."""


def has_display() -> bool:
    """Return whether a window can be shown: on Linux, whether a display server answers; elsewhere, always."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    if os.environ.get("WAYLAND_DISPLAY"):
        return True
    host, separator, number = os.environ.get("DISPLAY", "").rpartition(":")
    if not separator:
        return False
    server = number.partition(".")[0]
    if host in {"", "unix"}:
        # The abstract socket is how a server in another mount namespace is reached.
        return any(_answers(socket.AF_UNIX, f"{prefix}/tmp/.X11-unix/X{server}") for prefix in ("", "\0"))
    return _answers(socket.AF_INET, (host, 6000 + int(server))) if server.isdigit() else False


def _answers(family: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(address)
        except OSError:
            return False
    return True


def run(
    paths: Sequence[Path],
    methods: Sequence[str] = (),
    *,
    theme: Theme = "system",
    size: tuple[int, int] = (1280, 800),
    scale: float | None = None,
    screenshot: Path | None = None,
    fresh: bool = False,
    reopen: bool = False,
    followed: "tuple[Path, Recipe] | None" = None,
) -> str:
    """Show the window until it is closed, or until its picture is taken.

    Args:
        paths: garments and checkpoints to open.
        methods: methods to open, as `keygrid.methods.open_method` takes them; if there are none, each garment gets its
            default, from `keygrid.methods.defaults`.
        theme: `light` or `dark`; `system` leaves it to the preferences.
        size: size of the window, in logical pixels.
        scale: device pixels per logical pixel; the display's own if not given.
        screenshot: file for the window's picture, saved once everything is shown; the window then closes, and nothing
            is kept for the next start.
        fresh: whether to ignore and not save settings, recent files and sessions.
        followed: a folder whose newest cloud is shown, and the recipe that prepares it.
        reopen: whether to open the last session instead, if the preferences say so.

    Returns:
        With `screenshot`, what could not be shown, in one sentence; empty if all is well.
    """
    if scale is not None:
        os.environ["QT_SCALE_FACTOR"] = f"{scale:g}"
    from PySide6.QtCore import QTimer

    keep = not fresh and screenshot is None
    if keep:
        start_log(log_folder())
    log_errors()
    application = make_application()
    garments = [path for path in paths if path.suffix != ".safetensors"]
    screen = _start_screen(garments, size, reopens=reopen) if keep else None
    application, window = make(keep=keep)
    if theme != "system":
        window.set_theme(theme)
    window.resize(*size)
    window.show()
    if screen is not None:
        _hand_over(screen, window)
    failures: list[str] = []
    window.opening.refused.connect(failures.append)
    crashed, last = window.recovery.crashed, window.recovery.last
    window.open(paths)
    window.opening.open_methods(methods)
    window.list_methods()
    if followed is not None:
        window.following.begin(*followed)
    if crashed is not None:
        window.sessions.offer(crashed)
    elif reopen and last is not None and window.preferences.reopen:
        window.restoring.open(last)
    # The first slice would have to wait for this, with the window.
    QTimer.singleShot(0, Thread(target=_compile, name="compile").start)
    if screenshot is not None:
        _close_when_pictured(window, screenshot, failures)
    application.exec()
    return failures[0] if failures else ""


def make_application() -> "QCoreApplication":
    """Make the application, or return the existing one."""
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setApplicationName("Key-Grid Desktop")
    application.setOrganizationName("Key-Grid")
    QApplication.setDesktopFileName("keygrid")
    QApplication.setWindowIcon(QIcon(str(ASSETS / "desktop" / "keygrid.svg")))
    QApplication.setStyle("Fusion")  # the same on every platform, light and dark
    return application


def make(*, keep: bool) -> tuple["QCoreApplication", "MainWindow"]:
    """Make the application and its window, which keeps settings and sessions unless it is a fresh one."""
    from PySide6.QtCore import QSettings, QStandardPaths

    application = make_application()
    from app.worker.client import WorkerClient

    worker = WorkerClient(predicts=True)  # starts while the window's modules are imported
    from app.main_window import MainWindow

    data = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation))
    return application, MainWindow(
        QSettings() if keep else None, cache_folder() / "thumbnails", data / "sessions" if keep else None, worker
    )


def cache_folder() -> Path:
    """Return the cache folder."""
    from PySide6.QtCore import QStandardPaths

    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.CacheLocation))


def _start_screen(garments: Sequence[Path], size: tuple[int, int], *, reopens: bool) -> "StartScreen":
    from PySide6.QtCore import QCoreApplication, QSize

    from app.views.starting import StartScreen

    screen = StartScreen(cache_folder() / LAST_PICTURE, garments, QSize(*size), reopens=reopens)
    screen.show()
    QCoreApplication.processEvents()
    return screen


def _hand_over(screen: "StartScreen", window: "MainWindow") -> None:
    """Replace the window's start picture by the window, and save a picture when it closes."""
    from app.views.starting import remember

    def filled() -> None:
        if window.document.prediction is not None:
            window.viewport.rendered.disconnect(filled)
            screen.close()

    screen.give_way(window)
    if screen.is_known:
        window.viewport.rendered.connect(filled)
    picture = cache_folder() / LAST_PICTURE

    def leave_picture() -> None:
        opened = [garment.source for garment in window.document.garments if garment.source]
        remember(window, picture, opened, reopen=window.preferences.reopen)

    window.closing.connect(leave_picture)


def _close_when_pictured(window: "MainWindow", path: Path, failures: list[str]) -> None:
    """Save the window's picture once everything is shown, and close it; add errors to `failures`."""
    from PySide6.QtCore import QTimer

    def take(failure: str) -> None:
        if failure:
            failures.append(failure)
        QTimer.singleShot(LAYOUT_MS, finish)

    def finish() -> None:
        if not window.isVisible() or window.worker.busy:
            return
        if window.busy:
            QTimer.singleShot(LAYOUT_MS, finish)
            return
        try:
            window.save_screenshot(path)
        except KeygridError as error:
            failures.append(str(error))
        window.close()

    window.worker.settled.connect(take)


def _compile() -> None:
    from keygrid.geometry.segments import compile_now

    compile_now()
