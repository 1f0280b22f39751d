"""Colour bars painted beside views."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from app.scene.bars import Bar, bar_colours

WIDTH = 78
"""Width of the strip that holds the bars, in logical pixels."""

LONGEST = 320
"""Height of a bar with its title, in logical pixels, if there is enough room."""

_BREADTH, _SIDE, _GAP = 16, 10, 14
"""Widths of a bar, of its margin and of the gap between bars, in logical pixels."""

TICKS = 3


def paint_bars(painter: QPainter, area: QRect, bars: Sequence[Bar], colour: QColor, font: QFont, scale: float) -> None:
    """Paint bars into a strip, one above the other.

    Args:
        painter: painter of a widget or a picture.
        area: the strip.
        bars: the bars, lowest first.
        colour: colour of text and frames.
        font: font of text; its size is ignored.
        scale: the painter's pixels per logical pixel.
    """
    if not bars:
        return
    text = QFont(font)
    text.setPixelSize(round(11 * scale))
    painter.setFont(text)
    painter.setPen(colour)
    height = min(LONGEST * scale, area.height() / len(bars))
    bottom = area.bottom() - _GAP * scale
    for bar in bars:
        _paint(
            painter, QRect(area.left(), round(bottom - height + _GAP * scale), area.width(), round(height)), bar, scale
        )
        bottom -= height


def _paint(painter: QPainter, area: QRect, bar: Bar, scale: float) -> None:
    line = painter.fontMetrics().height()
    lines = bar.title.splitlines()
    left, half = area.left() + round(_SIDE * scale), line // 2
    top = area.top() + line * len(lines) + half + round(4 * scale)
    body = QRect(left, top, round(_BREADTH * scale), max(area.bottom() - half - round(_GAP * scale) - top, 1))
    for place, words in enumerate(lines):
        room = QRect(left, area.top() + place * line, area.right() - left, line)
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft, painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideRight, room.width()))  # fmt: skip
    colours = np.ascontiguousarray(bar_colours(bar)[::-1])
    painter.drawImage(body, QImage(colours.tobytes(), 1, len(colours), 4, QImage.Format.Format_RGBA8888))
    painter.drawRect(body)
    low, high = bar.limits
    for share in np.linspace(0, 1, TICKS):
        value = low * (high / low) ** share if bar.logarithmic else low + share * (high - low)
        y = round(body.bottom() - share * body.height())
        painter.drawLine(body.right(), y, body.right() + round(3 * scale), y)
        room = QRect(body.right() + round(6 * scale), y - half, area.right() - body.right(), line)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, f"{value:.2g}")
