"""The strip of colour bars beside all views."""

from collections.abc import Sequence

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.output.bars import WIDTH, paint_bars
from app.scene.bars import Bar
from app.scene.state import Colour


class ColourBars(QWidget):
    """Colour bars of the views, one for all views that share their colours; an empty strip if there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("Colour bars")
        self.bars: tuple[Bar, ...] = ()
        self._background, self._foreground = QColor(), QColor()

    def show_bars(self, bars: Sequence[Bar], background: Colour, foreground: Colour) -> None:
        """Show bars with the views' colours for text and background."""
        found = (tuple(bars), QColor.fromRgbF(*background), QColor.fromRgbF(*foreground))
        if found != (self.bars, self._background, self._foreground):
            self.bars, self._background, self._foreground = found
            self.setToolTip("\n".join(bar.title.replace("\n", " ") for bar in bars))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._background)
        paint_bars(painter, QRect(0, 0, self.width(), self.height()), self.bars, self._foreground, self.font(), 1.0)
        painter.end()
