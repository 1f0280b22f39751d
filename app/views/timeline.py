"""The frames of a garment that moves, as a line to walk along."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProxyStyle,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QStyleOptionSlider,
    QToolButton,
    QWidget,
)

from app.actions import CommandRegistry
from app.state.document import Document
from app.state.playback import SPEEDS, Playback

BUTTONS = ("go_first", "go_back", "play", "go_on", "go_last", "loop")
"""The actions that have a button, by name."""

Polygon = Sequence[tuple[float, float]]


class _JumpStyle(QProxyStyle):
    """A click on the groove goes there at once."""

    def styleHint(  # noqa: N802
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returned: QStyleHintReturn | None = None,
    ) -> int:
        if hint == QStyle.StyleHint.SH_Slider_AbsoluteSetButtons:
            return int(Qt.MouseButton.LeftButton.value)
        return super().styleHint(hint, option, widget, returned)


class FrameSlider(QSlider):
    """A slider over frames, with a mark below each frame whose keypoints are there."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._predicted: frozenset[int] = frozenset()
        style = _JumpStyle("Fusion")
        style.setParent(self)
        self.setStyle(style)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys step through frames from everywhere
        self.setMinimumHeight(26)

    def mark(self, frames: frozenset[int]) -> None:
        """Mark these frames."""
        self._predicted = frames
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        span = self.width() - handle.width()
        width = max(min(span / max(self.maximum(), 1) - 2, 8), 1)
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        for frame in self._predicted:
            centre = handle.width() / 2 + span * frame / max(self.maximum(), 1)
            painter.fillRect(QRectF(centre - width / 2, self.height() - 3, width, 2), colour)
        painter.end()


class Timeline(QWidget):
    """Buttons, a slider and a speed; there only while the document's garment moves."""

    def __init__(
        self, document: Document, playback: Playback, actions: CommandRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._playback, self._actions = document, playback, actions
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 10, 2)
        layout.setSpacing(2)
        self.buttons: dict[str, QToolButton] = {}
        for name in BUTTONS:
            button = QToolButton(autoRaise=True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            self.buttons[name] = button
            layout.addWidget(button)
        self.slider = FrameSlider()
        self.slider.setAccessibleName("Frame")
        self.slider.setToolTip("Frame; a mark below it says that its keypoints are there")
        self.label = QLabel(textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignCenter)
        self.speed = QSpinBox(minimum=SPEEDS[0], maximum=SPEEDS[1], value=playback.speed, suffix=" fps")
        self.speed.setAccessibleName("Frames per second")
        self.speed.setToolTip("Frames per second")
        self.speed.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.speed.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout.addSpacing(6)
        layout.addWidget(self.slider, stretch=1)
        layout.addSpacing(6)
        layout.addWidget(self.label)
        layout.addSpacing(6)
        layout.addWidget(self.speed)

        self._clock = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(lambda: playback.advance(document))
        self.slider.valueChanged.connect(document.go_to)
        self.slider.sliderPressed.connect(self._pause)
        self.speed.valueChanged.connect(lambda speed: setattr(playback, "speed", speed))
        document.events.garment.connect(self._show_garment)
        document.events.frame.connect(self._show_frame)
        document.events.predictions.connect(self._show_predictions)
        playback.events.connect(self._run)
        self._paint_icons()
        self._show_garment()

    @property
    def running(self) -> bool:
        """True while frames follow one another."""
        return self._clock.isActive()

    def shut(self) -> None:
        """Stop playing, for good."""
        self._playback.playing = False
        self._clock.stop()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_clock"):
            self._paint_icons()

    def _pause(self) -> None:
        self._playback.playing = False

    def _show_garment(self, *_: object) -> None:
        self._playback.playing = False
        count = self._document.frame_count
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(count - 1, 0))
        self.label.setMinimumWidth(self.label.fontMetrics().horizontalAdvance(f" {count} / {count} "))
        for name in BUTTONS:
            self._actions[name].setEnabled(count > 1)
        self._show_frame()
        self.setVisible(count > 0)

    def _show_frame(self, *_: object) -> None:
        self.slider.setValue(self._document.frame)
        self.label.setText(f"{self._document.frame + 1} / {self._document.frame_count}")

    def _show_predictions(self, *_: object) -> None:
        self.slider.mark(frozenset(self._document.predictions))

    def _run(self, *_: object) -> None:
        self.speed.setValue(self._playback.speed)
        self._actions["play"].setIcon(self._pause_icon if self._playback.playing else self._play_icon)
        self._actions["loop"].setChecked(self._playback.loop)
        self._clock.setInterval(round(1000 / self._playback.speed))
        if not self._playback.playing:
            self._clock.stop()
        elif not self._clock.isActive():
            self._clock.start()

    def _paint_icons(self) -> None:
        """Icons in the text's colour: a style's own are not seen on every theme."""
        right, left = [(4, 3), (13, 8), (4, 13)], [(12, 3), (3, 8), (12, 13)]
        self._play_icon = self._icon(right)
        self._pause_icon = self._icon(_bar(4, 3), _bar(9, 3))
        icons = {
            "go_first": self._icon(_bar(2, 2), [(14, 3), (5, 8), (14, 13)]),
            "go_back": self._icon(left, _bar(13, 1.5)),
            "go_on": self._icon(_bar(1.5, 1.5), right),
            "go_last": self._icon([(2, 3), (11, 8), (2, 13)], _bar(12, 2)),
            "loop": self._icon([(11, 0.5), (15, 4), (11, 7.5)], arc=True),
        }
        for name, icon in icons.items():
            self._actions[name].setIcon(icon)
        self._run()

    def _icon(self, *shapes: Polygon, arc: bool = False) -> QIcon:
        """Filled polygons on a square of 16, and the open circle of an arrow that turns."""
        icon = QIcon()
        for group, mode in (
            (QPalette.ColorGroup.Active, QIcon.Mode.Normal),
            (QPalette.ColorGroup.Disabled, QIcon.Mode.Disabled),
        ):
            icon.addPixmap(_drawn(self.palette().color(group, QPalette.ColorRole.WindowText), shapes, arc=arc), mode)
        return icon


def _drawn(colour: QColor, shapes: Sequence[Polygon], *, arc: bool) -> QPixmap:
    pixmap = QPixmap(64, 64)  # sharp at any scale of the display
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(4, 4)
    if arc:
        path = QPainterPath(QPointF(11, 4))
        path.arcTo(QRectF(2, 4, 11, 10), 70, 300)
        painter.setPen(QPen(colour, 1.8))
        painter.drawPath(path)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for shape in shapes:
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in shape]))
    painter.end()
    return pixmap


def _bar(x: float, width: float) -> Polygon:
    return [(x, 3), (x + width, 3), (x + width, 13), (x, 13)]
