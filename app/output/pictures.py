"""Pictures of several views, with titles and scores, and of widgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QWidget

from app.output.bars import WIDTH, paint_bars
from app.scene.bars import Bar
from keygrid.errors import KeygridError
from keygrid.files import atomic

LINE = 20
"""Height of a line of text, in logical pixels."""

GAP = 2
"""Space between views, in logical pixels."""

Pixels = NDArray[np.uint8]
"""(H, W, 3), or with transparency (H, W, 4)."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A view in a picture of several.

    Attributes:
        pixels: the picture.
        title: title above it.
        scores: text below it, in up to two lines.
    """

    pixels: Pixels
    title: str
    scores: str


@dataclass(frozen=True)
class Style:
    """The appearance of the area around tiles.

    Attributes:
        background: colour between tiles, which may be transparent.
        text: colour of titles and scores.
        font: font of titles and scores; its size is ignored.
        scale: pixels of the picture per logical pixel.
        transparent: whether the background is left out.
    """

    background: QColor
    text: QColor
    font: QFont
    scale: float
    transparent: bool = False

    @property
    def behind(self) -> QColor:
        """Return the background, or a transparent one."""
        return QColor(0, 0, 0, 0) if self.transparent else self.background


def tiled(tiles: Sequence[Tile], columns: int, style: Style) -> Pixels:
    """Combine views into one picture, row by row; (H, W, 4)."""
    scale = style.scale
    height, width = (max(tile.pixels.shape[axis] for tile in tiles) for axis in (0, 1))
    line, gap, side = round(LINE * scale), round(GAP * scale), round(4 * scale)
    rows, cell = ceil(len(tiles) / columns), height + 3 * line + gap
    whole = QImage(columns * (width + gap), rows * cell, QImage.Format.Format_RGBA8888)
    whole.fill(style.behind)
    painter = QPainter(whole)
    painter.setPen(style.text)
    for place, tile in enumerate(tiles):
        left, top = place % columns * (width + gap), place // columns * cell
        painter.drawImage(left, top + line, _image(tile.pixels))
        title = QRect(left + side, top, width - 2 * side, line)
        _write(painter, tile, title, title.translated(0, line + height), style)
    painter.end()
    return _pixels(whole)


def beside(picture: Pixels, bars: Sequence[Bar], style: Style) -> Pixels:
    """Add colour bars at the right of a picture; (H, W, 4), or the picture itself if there are none."""
    if not bars:
        return picture
    height, width = picture.shape[:2]
    strip = round(WIDTH * style.scale)
    whole = QImage(width + strip, height, QImage.Format.Format_RGBA8888)
    whole.fill(style.behind)
    painter = QPainter(whole)
    painter.drawImage(0, 0, _image(picture))
    paint_bars(painter, QRect(width, 0, strip, height), bars, style.text, style.font, style.scale)
    painter.end()
    return _pixels(whole)


def widget_picture(widget: QWidget) -> Pixels:
    """Return a widget's picture, (H, W, 4) in device pixels."""
    return _pixels(widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888))


def save_screenshot(widget: QWidget, path: Path) -> None:
    """Save a widget's picture as a PNG of its size in device pixels.

    Raises:
        KeygridError: the file can't be written.
    """
    with atomic(path) as temporary:
        if not widget.grab().save(str(temporary), "PNG"):
            raise KeygridError(f"The picture could not be written to {path}.")


def write_png(picture: Pixels, path: Path) -> None:
    """Write a picture as a PNG.

    Raises:
        KeygridError: the file can't be written.
    """
    from PIL import Image

    with atomic(path) as temporary:
        Image.fromarray(picture).save(temporary, "PNG")


def _write(painter: QPainter, tile: Tile, title: QRect, below: QRect, style: Style) -> None:
    font = QFont(style.font)
    font.setPixelSize(round(12 * style.scale))
    font.setBold(True)
    painter.setFont(font)
    shortened = painter.fontMetrics().elidedText(tile.title, Qt.TextElideMode.ElideMiddle, title.width())
    painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, shortened)
    font.setBold(False)
    painter.setFont(font)
    below.setHeight(2 * below.height())
    painter.drawText(below, Qt.TextFlag.TextWordWrap, tile.scores)


def _image(pixels: Pixels) -> QImage:
    height, width, channels = pixels.shape
    form = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    return QImage(pixels.tobytes(), width, height, width * channels, form)


def _pixels(image: QImage) -> Pixels:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4).copy()
