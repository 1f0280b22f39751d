"""The status bar: the work in progress, how much is done, and a button to stop it."""

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QWidget

from app.state.document import Document
from app.state.following import Following
from keygrid.methods.defaults import default_for

ENOUGH = 3
"""Number of frames from which the remaining time is estimated."""


class StatusBar(QStatusBar):
    """Shows the worker's stages and, while it is idle, a summary of the view."""

    cancelled = Signal()
    """The user wants to cancel the work in progress."""

    def __init__(self, document: Document, following: Following, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._following = document, following
        self._stage = ""
        self._known = 0
        self._began: tuple[float, int] | None = None
        self.label = QLabel("Ready")
        self.followed = QLabel()
        self.followed.setToolTip("The followed folder, and the time from a file's last change to its picture")
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedWidth(140)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Stop what the background process is doing (Esc)")
        self.cancel_button.setShortcut("Esc")
        self.cancel_button.clicked.connect(self.cancelled)
        self.addWidget(self.label, stretch=1)
        for widget in (self.followed, self.progress, self.cancel_button):
            self.addPermanentWidget(widget)
            widget.hide()
        # The bar keeps its height when the button comes and goes.
        self.setMinimumHeight(self.cancel_button.sizeHint().height() + 6)
        for signal in ("garment", "frame", "prediction", "predictions", "preview"):
            document.events[signal].connect(self._refresh)
        for signal in ("folder", "seconds"):
            following.events[signal].connect(self._show_followed)

    def show_stage(self, text: str) -> None:
        """Show a stage of work; an empty text means that there is none."""
        self._stage = text
        self._refresh()

    def _show_followed(self, *_: object) -> None:
        followed = self._following
        self.followed.setVisible(followed.folder is not None)
        if followed.folder is not None:
            state = "no cloud yet" if followed.seconds is None else f"{followed.frame} after {followed.seconds:.2f} s"
            self.followed.setText(f"Follows {followed.folder.name}: {state}")

    def _refresh(self, *_: object) -> None:
        done, total = len(self._document.predictions), self._document.frame_count
        busy = bool(self._stage)
        counted = busy and 0 < done < total
        self.progress.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self.progress.setRange(0, total if counted else 0)  # an empty range moves without end
        self.progress.setValue(done)
        text = f"Keypoints of {done} of {total} frames{self._time_left(done, total)}" if counted else self._stage
        self.label.setText(f"{text}…" if busy else self._summary())

    def _time_left(self, done: int, total: int) -> str:
        """Estimate the remaining time from the frames since the first one."""
        if done < self._known:
            self._began = None
        self._known = done
        if self._began is None:
            self._began = time.monotonic(), done
            return ""
        began, first = self._began
        if done - first < ENOUGH:
            return ""
        left = (time.monotonic() - began) / (done - first) * (total - done)
        return f", {max(round(left), 1)} s left"

    def _summary(self) -> str:
        prediction, preview, garment = self._document.prediction, self._document.shown_preview, self._document.garment
        if garment is None:
            return "Ready"
        if preview is not None:
            return f"Preview: {len(preview.keypoints)} keypoints on {garment.name} by the run {preview.run} " + (
                f"after epoch {preview.epoch}"
            )
        if prediction is None:
            return f"No keypoints of this frame of {garment.name} yet" if garment.frame_count else "Ready"
        default = default_for(garment)
        why = f", {default.reason}," if prediction.method.path == default.path else ""
        return (
            f"{len(prediction.keypoints)} keypoints on {garment.name} by {prediction.method.title}{why} "
            f"in {prediction.seconds:.2f} s"
        )
