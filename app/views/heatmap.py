"""Where the heatmap's slice lies."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QRadioButton, QSlider, QVBoxLayout, QWidget

from app.state.document import Document
from app.state.field import AXES, FieldSettings

STEPS = 200
"""Slider positions from -1 to 1."""


class HeatmapPanel(QWidget):
    """Axis buttons and a position slider, which moves the slice while it is dragged."""

    def __init__(self, document: Document, field: FieldSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._field = document, field
        self.axis_buttons = QButtonGroup(self, exclusive=True)
        axes = QHBoxLayout()
        axes.addWidget(QLabel("Across"))
        for axis in AXES:
            button = QRadioButton(axis.upper())
            button.setToolTip(f"Cut across the {axis.upper()} axis")
            button.setAccessibleName(f"Slice across {axis.upper()}")
            self.axis_buttons.addButton(button, AXES.index(axis))
            axes.addWidget(button)
        axes.addStretch()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(-STEPS // 2, STEPS // 2)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName("Slice position")
        self.slider.setToolTip("Drag, or use the arrow keys")
        self.position = QLabel(textFormat=Qt.TextFormat.PlainText)
        self._value = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addLayout(axes)
        layout.addWidget(self.slider)
        layout.addWidget(self.position)
        layout.addWidget(self._value)
        layout.addStretch()

        self.axis_buttons.idClicked.connect(lambda i: field.choose(AXES[i]))
        self.slider.valueChanged.connect(lambda step: field.move(2 * step / STEPS))
        field.events.connect(self._refresh)
        document.events.prediction.connect(self._refresh)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        axis, position = self._field.plane, self._field.position
        self.axis_buttons.button(AXES.index(axis)).setChecked(True)
        self.slider.setValue(round(position * STEPS / 2))
        prediction = self._document.prediction
        self.setEnabled(prediction is not None)
        if prediction is None:
            self.position.setText(f"{axis} = {position:+.2f} normalised")
            self._value.setText("No prediction yet.")
            return
        index = AXES.index(axis)
        in_file_units = position * prediction.normalisation.scale + prediction.normalisation.centre[index]
        self.position.setText(f"{axis} = {in_file_units:.4g} in file units, {position:+.2f} normalised")
        sign = "−" if prediction.field.distance == "nearest" else "+"
        self._value.setText(f"heat = max s·exp({sign}d²/σ²), σ = {prediction.field.sigma_squared**0.5:.3g}")
