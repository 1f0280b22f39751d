"""A splash screen shown while the window is imported: its last picture, or the names of the garments to open."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QSplashScreen, QWidget

from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.installation import ASSETS

MOST_MS = 3000
"""Time for which the last picture covers a window that has nothing to show yet, in milliseconds."""

_TEXT = "Key-Grid"
"""Key of the text in the picture's file that identifies its content."""
_ICON = 96
"""Side of the icon, in logical pixels."""


class StartScreen(QSplashScreen):
    """Shows a preview of the window immediately.

    Args:
        picture: the file that `remember` wrote; it may be missing.
        opened: garments that will be opened.
        size: size of the window, in logical pixels.
        reopens: whether the last session is opened instead of the garments, if the preferences say so.

    Attributes:
        is_known: true if the picture shows what will be opened.
    """

    def __init__(self, picture: Path, opened: Sequence[Path], size: QSize, *, reopens: bool) -> None:
        last = QImage(str(picture))
        known: dict[str, object] = {}
        with suppress(ValueError):
            known = dict(json.loads(last.text(_TEXT) or "{}"))
        ratio = QGuiApplication.primaryScreen().devicePixelRatio()
        last.setDevicePixelRatio(ratio)
        is_same = known.get("opened") == _named(opened) or (reopens and known.get("reopen") is True)
        self.is_known = is_same and last.deviceIndependentSize().toSize() == size
        super().__init__(QPixmap.fromImage(last) if self.is_known else _blank(opened, size, ratio, known))

    def give_way(self, window: QWidget) -> None:
        """Close when the window is shown; the last picture stays briefly, until the window has caught up."""
        if self.is_known:
            QTimer.singleShot(MOST_MS, self.close)
        else:
            self.finish(window)


def remember(window: QWidget, picture: Path, opened: Sequence[Path], *, reopen: bool) -> None:
    """Save a picture of the window for the next start; errors are ignored.

    Args:
        window: the window to save a picture of.
        picture: the file to save it in.
        opened: the garments that are open.
        reopen: whether the garments will be opened at the next start.
    """
    image = window.grab().toImage()
    palette = window.palette()
    colours = {role: palette.color(QPalette.ColorRole[role]).name() for role in ("Window", "WindowText")}
    image.setText(_TEXT, json.dumps({"opened": _named(opened), "reopen": reopen, **colours}))
    with suppress(KeygridError, OSError):
        picture.parent.mkdir(parents=True, exist_ok=True)
        with atomic(picture, durable=False) as temporary:
            image.save(str(temporary), "PNG")  # type: ignore[call-overload]  # its stub wants bytes


def _named(opened: Sequence[Path]) -> list[str]:
    return [str(path.absolute()) for path in opened]


def _blank(opened: Sequence[Path], size: QSize, ratio: float, colours: dict[str, object]) -> QPixmap:
    """Return a picture of an empty window with the names of the garments to open, in the last window's colours."""
    palette = QGuiApplication.palette()
    behind, ink = (
        QColor(colour) if isinstance(colour := colours.get(role), str) else palette.color(QPalette.ColorRole[role])
        for role in ("Window", "WindowText")
    )
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(behind)
    painter = QPainter(pixmap)
    painter.setPen(ink)
    middle = QRect(0, size.height() // 2 - _ICON, size.width(), _ICON)
    icon = QImage(str(ASSETS / "desktop" / "keygrid.svg"))
    if not icon.isNull():
        painter.drawImage(QRect(middle.center().x() - _ICON // 2, middle.top(), _ICON, _ICON), icon)
    text = f"Opening {opened[0].name}" if opened else "Starting"
    font = painter.font()
    font.setPointSizeF(font.pointSizeF() * 1.3)
    painter.setFont(font)
    painter.drawText(middle.translated(0, _ICON), Qt.AlignmentFlag.AlignCenter, f"Key-Grid Desktop\n{text}")
    painter.end()
    return pixmap
