"""Views as pictures: one of them, or all that are compared with their titles and scores."""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from app.views.comparison import ComparisonArea
from app.views.pane import Pane
from app.views.viewport import Viewport

LINE = 20
"""Height of a line of text, in the user's pixels."""

GAP = 2
"""Between views, likewise."""

Pixels = NDArray[np.uint8]


def view_picture(viewport: Viewport, scale: int = 1, *, transparent: bool = False) -> Pixels:
    """(H, W, 3), or with a transparent background (H, W, 4): a view, larger than on the screen by `scale`."""
    with viewport.enlarged(scale):
        viewport.interactor.render()  # what was asked for is drawn later, and a picture is of what was drawn last
        taken = viewport.interactor.screenshot(return_img=True, scale=scale, transparent_background=transparent)
    viewport.request_render()
    return np.ascontiguousarray(taken, dtype=np.uint8)


def area_picture(area: ComparisonArea, scale: int = 1, *, transparent: bool = False) -> Pixels:
    """(H, W, 4): the views that are shown, with titles and scores where there are several; likewise."""
    panes, columns = area.shown, area.columns
    if len(area.panes) == 1:
        return view_picture(area.panes[0].viewport, scale, transparent=transparent)
    taken = [view_picture(pane.viewport, scale, transparent=transparent) for pane in panes]
    width, height = max(found.shape[1] for found in taken), max(found.shape[0] for found in taken)
    line, gap = LINE * scale, GAP * scale
    rows, cell = ceil(len(panes) / columns), height + 3 * line + gap
    whole = QImage(columns * (width + gap), rows * cell, QImage.Format.Format_RGBA8888)
    background = area.palette().window().color()
    whole.fill(QColor(0, 0, 0, 0) if transparent else background)
    painter = QPainter(whole)
    painter.setPen(area.palette().windowText().color())
    for place, (pane, found) in enumerate(zip(panes, taken, strict=True)):
        left, top = place % columns * (width + gap), place // columns * cell
        painter.drawImage(left, top + line, _image(found))
        _write(painter, pane, QRect(left + 4 * scale, top, width - 8 * scale, line), line + height, scale)
    painter.end()
    return _pixels(whole)


def _write(painter: QPainter, pane: Pane, title: QRect, below: int, scale: int) -> None:
    font = QFont(pane.font())
    font.setPixelSize(12 * scale)
    font.setBold(True)
    painter.setFont(font)
    shortened = painter.fontMetrics().elidedText(pane.title, Qt.TextElideMode.ElideMiddle, title.width())
    painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, shortened)
    font.setBold(False)
    painter.setFont(font)
    scores = QRect(title.left(), title.top() + below, title.width(), 2 * title.height())
    painter.drawText(scores, Qt.TextFlag.TextWordWrap, pane.scores.text())


def _image(pixels: Pixels) -> QImage:
    height, width, channels = pixels.shape
    form = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    return QImage(pixels.tobytes(), width, height, width * channels, form)


def _pixels(image: QImage) -> Pixels:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()
