"""The timeline of a moving garment's frames."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
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
from app.state.document import Document, frame_text
from app.state.drift import Drifts
from app.state.playback import SPEEDS, Playback
from app.views.icons import icon

BUTTONS = ("go_first", "go_back", "play", "go_on", "go_last", "loop")
"""The actions that have a button, by name."""


DRIFT_HEIGHT = 12
"""Maximum height of a bar of the drift, in logical pixels."""

DRIFT_MS = 100
"""Delay before bars are drawn after a change, because predictions of many frames arrive one after the other."""

LEAST_DRIFT = 0.05
"""Smallest drift, as a share of the garment's diagonal, that fills the height: steady keypoints have low bars."""


class _JumpStyle(QProxyStyle):
    """A style in which a click on the groove jumps to that position."""

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
    """A slider over frames, with a mark below each frame whose keypoints are known."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._predicted: frozenset[int] = frozenset()
        self._drifts: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None
        style = _JumpStyle("Fusion")
        style.setParent(self)
        self.setStyle(style)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys step through frames from everywhere
        self.setMinimumHeight(26)

    def show_drift(self, frames: NDArray[np.int64] | None, drift: NDArray[np.float64] | None) -> None:
        """Draw the drift (T,) of keypoints in frames (T,) as bars below the groove."""
        self._drifts = None if frames is None or drift is None else (frames, drift)
        self.setMinimumHeight(26 if self._drifts is None else 26 + DRIFT_HEIGHT)
        self.update()

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
        if self._drifts is not None:
            frames, drift = self._drifts
            most = max(float(drift.max()), LEAST_DRIFT)
            colour = self.palette().color(QPalette.ColorRole.BrightText)
            for frame, value in zip(frames.tolist(), drift.tolist(), strict=True):
                centre = handle.width() / 2 + span * frame / max(self.maximum(), 1)
                height = DRIFT_HEIGHT * value / most
                colour.setAlphaF(0.35 + 0.65 * value / most)
                painter.fillRect(QRectF(centre - width / 2, self.height() - 4 - height, width, height), colour)
        painter.end()


class Timeline(QWidget):
    """Buttons, a slider and a speed; visible only while the document's garment moves."""

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
        self.slider.setToolTip(
            "Frame. A mark below a frame shows that its keypoints are found; a bar, how far they have "
            "drifted on the cloth from their usual place (the selected keypoint, or the mean of all). "
            "Shift+. goes to the next worst frame"
        )
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

        self._drifting = QTimer(self, singleShot=True, interval=DRIFT_MS)
        self._drifting.timeout.connect(self._show_drift)
        self._clock = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(lambda: playback.advance(document))
        self.slider.valueChanged.connect(document.go_to)
        self.slider.sliderPressed.connect(self._pause)
        self.speed.valueChanged.connect(lambda speed: setattr(playback, "speed", speed))
        document.events.garment.connect(self._show_garment)
        document.events.frame.connect(self._show_frame)
        for name in ("predictions", "keypoint"):
            document.events[name].connect(self._show_predictions)
        playback.events.connect(self._run)
        self._paint_icons()
        self._show_garment()

    @property
    def running(self) -> bool:
        """True during playback."""
        return self._clock.isActive()

    def shut(self) -> None:
        """Stop playback permanently."""
        self._playback.playing = False
        self._clock.stop()
        self._drifting.stop()

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
        self.label.setText(frame_text(self._document))

    def _show_predictions(self, *_: object) -> None:
        self.slider.mark(frozenset(self._document.predictions))
        if not self._drifting.isActive():
            self._drifting.start()

    def _show_drift(self) -> None:
        drifts = Drifts.of(self._document.garment, self._document.predictions)
        if drifts is None:
            self.slider.show_drift(None, None)
        else:
            self.slider.show_drift(drifts.frames, drifts.of_keypoint(self._document.keypoint))

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
        self._play_icon, self._pause_icon = (icon(name, self.palette()) for name in ("play", "pause"))
        for name in BUTTONS:
            self._actions[name].setIcon(icon(name, self.palette()))
        self._run()
