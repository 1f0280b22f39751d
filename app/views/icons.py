"""The application's icons: strokes on a 24 by 24 square, in the text colour, so that they are visible in any theme."""

from functools import cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIDE = 96
"""Side of an icon in pixels, four times the size shown in bars."""

ICONS: dict[str, str] = {
    "open": "M3 18.5V6a1 1 0 0 1 1-1h5l2 2.5h8a1 1 0 0 1 1 1V10 M3 18.5 6 10h16l-3 8.5z",
    "save": "M12 4v10.5 M7.5 10.5 12 15l4.5-4.5 M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
    "fit": "M4 9V4h5 M15 4h5v5 M20 15v5h-5 M9 20H4v-5 M9.5 9.5h5v5h-5z",
    "look_first": "M8.5 4 3.5 7l2 3.6 2-.9V20h9V9.7l2 .9 2-3.6-5-3a3.6 3.6 0 0 1-7 0z",
    "slice": "M4 8.5 14 4.5l6 3-10 4z M4 8.5v9 l6 3v-9 M20 7.5v9l-10 4",
    "weights": "M12 3.5c3.2 4 5.5 6.7 5.5 10a5.5 5.5 0 0 1-11 0c0-3.3 2.3-6 5.5-10z M12 16.500a3 3 0 0 1-3-3",
    "place_landmarks": "M12 20.5c4-5 6-8.2 6-11a6 6 0 0 0-12 0c0 2.8 2 6 6 11z M12 7.2l2.3 2.3-2.3 2.3-2.3-2.3z",
    "compare_methods": "M4 5h7v14H4z M13 5h7v14h-7z M7.5 9.500v.01 M7.5 14v.01 M16.5 9.500v.01 M16.5 14v.01",
    "export_picture": "M4 5h16v14H4z M4 16l4.5-4.5 4 4 2.5-2.5 5 5 M15.5 9v.01",
    "export_video": "M3.5 6h11.500v12H3.500z M15 10.500l5.5-3v9l-5.5-3z",
    "new_run": "M4 19V5 M4 19h16 M7 8c2 5 5 7.5 12 8",
    "palette": "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z M15.5 15.5 20.5 20.5",
    "play": "M7.5 5v14l11-7z",
    "pause": "M8 5v14 M16 5v14",
    "go_first": "M6 5v14 M18 5.500v13L8.5 12z",
    "go_back": "M18 5v14 M15 6v12L6 12z",
    "go_on": "M6 5v14 M9 6v12l9-6z",
    "go_last": "M18 5v14 M6 5.500v13L15.5 12z",
    "next_worst": "M4 18l4-5 3 3 4-9 5 11 M15 3.500v.01",
    "loop": "M17 3.5l3 3-3 3 M20 6.5H7.5a4 4 0 0 0-4 4v1 M7 20.5l-3-3 3-3 M4 17.5h12.5a4 4 0 0 0 4-4v-1",
    "close": "M6 6l12 12 M18 6 6 18",
    "warning": "M12 4 3 19.500h18z M12 10v4.5 M12 17v.01",
}  # fmt: skip
"""Outlines as SVG paths, by the name of the command or concept."""

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="{path}" fill="none" stroke="{colour}" '
    'stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)


def icon(name: str, palette: QPalette) -> QIcon:
    """Return one of `ICONS` in a palette's text colour, paler when disabled."""
    found = QIcon()
    for group, mode in (
        (QPalette.ColorGroup.Active, QIcon.Mode.Normal),
        (QPalette.ColorGroup.Disabled, QIcon.Mode.Disabled),
    ):
        found.addPixmap(_drawn(name, palette.color(group, QPalette.ColorRole.WindowText).name()), mode)
    return found


@cache
def _drawn(name: str, colour: str) -> QPixmap:
    pixmap = QPixmap(QSize(SIDE, SIDE))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    svg = _SVG.format(path=ICONS[name], colour=QColor(colour).name())
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    return pixmap
