"""Dialogs for saving pictures and videos, and for a video's progress."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QProgressBar,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.output.recording import Recording
from app.views.comparison import ComparisonArea

Motion = Literal["frames", "turntable", "both"]
MOTIONS: dict[Motion, str] = {
    "frames": "Frames of the garment", "turntable": "Turntable", "both": "Frames, with the camera turning",
}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """The options of a video.

    Attributes:
        motion: what moves in the video.
        speed: pictures per second.
        seconds: duration of a turntable; a video of frames takes its duration from the frames.
        scale: pixels of the video per pixel of the screen.
    """

    motion: Motion
    speed: int
    seconds: int
    scale: int


class _Asking(QDialog):
    """A form with Save and Cancel."""

    def __init__(self, title: str, area: ComparisonArea, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._area = area
        self.form = QFormLayout()
        self.scale = QSpinBox(minimum=1, maximum=8, value=1, suffix=" ×")
        self.scale.setAccessibleName("Scale")
        self.scale.setToolTip("Pixels of the picture for each pixel of the screen")
        self.size_label = QLabel()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self.form)
        layout.addWidget(buttons)
        self.scale.valueChanged.connect(self._tell_size)
        self._tell_size()

    def _tell_size(self) -> None:
        scale, panes = self.scale.value(), self._area.shown
        ratio = self.devicePixelRatioF()
        shown = panes[0].viewport.interactor
        size = f"{round(scale * ratio * shown.width())} × {round(scale * ratio * shown.height())} pixels"
        self.size_label.setText(f"{len(panes)} views, each {size}" if len(panes) > 1 else size)


class PictureDialog(_Asking):
    """Asks for the size and the background of a picture."""

    def __init__(self, area: ComparisonArea, parent: QWidget) -> None:
        super().__init__("Save picture", area, parent)
        self.scale.setValue(2)
        self.transparent = QCheckBox("Transparent background")
        self.form.addRow("Scale", self.scale)
        self.form.addRow("Size", self.size_label)
        self.form.addRow("", self.transparent)


class VideoDialog(_Asking):
    """Asks for the motion, speed and size of a video."""

    def __init__(self, area: ComparisonArea, frames: int, speed: int, parent: QWidget) -> None:
        super().__init__("Save video", area, parent)
        self.motion = QComboBox()
        for motion, title in MOTIONS.items():
            if motion == "turntable" or frames > 1:
                self.motion.addItem(title, motion)
        self.speed = QSpinBox(minimum=1, maximum=60, value=speed, suffix=" per second")
        self.seconds = QSpinBox(minimum=1, maximum=60, value=6, suffix=" s")
        self.form.addRow("Shows", self.motion)
        self.form.addRow("Pictures", self.speed)
        self.form.addRow("One turn in", self.seconds)
        self.form.addRow("Scale", self.scale)
        self.form.addRow("Size", self.size_label)
        self.motion.currentIndexChanged.connect(self._refresh)
        self._refresh()

    @property
    def film(self) -> Film:
        """The options as chosen."""
        return Film(self.motion.currentData(), self.speed.value(), self.seconds.value(), self.scale.value())

    def _refresh(self) -> None:
        self.form.setRowVisible(self.seconds, self.motion.currentData() == "turntable")


class RecordingDialog(QDialog):
    """Progress of a video, with the remaining time and a button to cancel."""

    def __init__(self, recording: Recording, count: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Saving video")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)  # what views show is the video's now
        self.setMinimumWidth(320)
        self._recording, self._count = recording, count
        self.label = QLabel("Waiting for keypoints…")
        self.progress = QProgressBar(maximum=count, value=0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.rejected.connect(recording.cancel)
        layout = QVBoxLayout(self)
        for widget in (self.label, self.progress, buttons):
            layout.addWidget(widget)
        recording.advanced.connect(self._advance)
        recording.finished.connect(self._finish)
        self.show()

    def reject(self) -> None:
        self._recording.cancel()

    def _advance(self, taken: int) -> None:
        left = self._recording.seconds_left
        ending = "" if left is None else f", {max(round(left), 1)} s left"
        self.label.setText(f"Picture {taken} of {self._count}{ending}")
        self.progress.setValue(taken)

    def _finish(self, _message: str) -> None:
        super().reject()
