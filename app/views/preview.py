"""The preview of a training run: keypoints that the network currently finds, shown on a garment in the viewport."""

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QWidget

from app.state.document import Document
from app.state.runs import Run, Runs


class PreviewBar(QWidget):
    """A switch, and a slider over the epochs with previews; its last position follows the newest.

    While it is on, the document has the chosen run's preview.
    """

    wanted = Signal(object)
    """The garment of a preview should be opened."""

    def __init__(self, document: Document, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._runs = document, runs
        self._asked: tuple[Run | None, Path] | None = None
        self.box = QCheckBox("Show preview")
        self.box.setToolTip("Show the keypoints that the network finds on one garment as it learns")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Preview after epoch")
        self.slider.setToolTip("Go back to earlier previews; the last position follows the training")
        self.label = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.label.setMinimumWidth(self.label.fontMetrics().horizontalAdvance("after epoch 9999, live"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        layout.addWidget(self.slider, stretch=1)
        layout.addWidget(self.label)

        self.box.toggled.connect(lambda on: setattr(runs, "previewing", on))
        self.slider.valueChanged.connect(self._choose)
        for signal in ("chosen", "previewing", "epoch"):
            runs.events[signal].connect(self._refresh)
        runs.advanced.connect(lambda run: self._refresh() if run is runs.chosen else None)
        document.events.garment.connect(self._go_to_frame)
        self._refresh()

    def _choose(self, place: int) -> None:
        run = self._runs.chosen
        if run is not None:
            self._runs.epoch = None if place == self.slider.maximum() else run.history.previews[place].epoch

    def _refresh(self, *_: object) -> None:
        run = self._runs.chosen
        previews = run.history.previews if run is not None else []
        chosen = run.preview(self._runs.epoch) if run is not None else None
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(len(previews) - 1, 0))
            self.slider.setPageStep(max(len(previews) // 10, 1))  # a click beside the handle, in a short run too
            self.slider.setValue(previews.index(chosen) if chosen is not None else 0)
        self.box.setEnabled(run is not None)
        self.box.setChecked(self._runs.previewing)
        self.slider.setEnabled(len(previews) > 1)
        live = run is not None and run.state.active and self._runs.epoch is None
        when = f"after epoch {chosen.epoch}{', live' if live else ''}" if chosen is not None else "none yet"
        self.label.setText(when)
        self._show()

    def _show(self) -> None:
        preview = self._runs.preview
        if preview is not None and self._asked != (self._runs.chosen, preview.garment):
            # Once: whoever opens something else meanwhile wants to look at that.
            self._asked = self._runs.chosen, preview.garment
            self.wanted.emit(preview)
        if not self._runs.previewing:
            self._asked = None
        changed = preview is not None and self._document.preview is None
        self._document.preview = preview
        if changed:
            self._go_to_frame()

    def _go_to_frame(self, *_: object) -> None:
        preview, garment = self._document.preview, self._document.garment
        if preview is not None and garment is not None and preview.is_of(garment):
            self._document.go_to(preview.frame)
