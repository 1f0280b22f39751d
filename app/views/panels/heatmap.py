"""The panels of the heatmap: its slices, resolution and colours."""

from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.state.slices import COLOUR_MAPS, PLANES, RESOLUTIONS, Plane
from app.state.view import View
from app.views.theme import WARNING, is_dark

STEPS = 200
"""Slider positions from -1 to 1."""

TITLES: dict[Plane, str] = {"x": "X", "y": "Y", "z": "Z", "free": "Free"}

SIGMAS = 1.05
"""Factor of one step of the sigma slider."""

SIGMA_STEPS = 40
"""Steps on either side of the model's sigma, from a seventh of it to seven times as much."""


class SlicePanel(QWidget):
    """A row per plane, whose slider moves the plane while dragged."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view, self._subject, self._slices = view, view.subject, view.slices
        self.boxes: dict[Plane, QCheckBox] = {}
        self.sliders: dict[Plane, QSlider] = {}
        self.positions: dict[Plane, QLabel] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addLayout(self._planes())
        layout.addStretch()
        self._slices.events.connect(self._refresh)
        for name in ("prediction", "preview"):
            self._subject.events[name].connect(self._refresh)
        self._refresh()

    def _planes(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for row, plane in enumerate(PLANES):
            title = TITLES[plane]
            box = QCheckBox(title)
            box.setToolTip(
                "A plane that you tilt by dragging its arrow in the view" if plane == "free" else f"Cut across {title}"
            )
            box.setAccessibleName(f"Slice across {title}" if plane != "free" else "Free slice")
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setPageStep(10)
            slider.setAccessibleName(f"Position of the {title} slice")
            slider.setToolTip("Drag, turn the wheel or use the arrow keys; in the view, hold Ctrl and turn the wheel")
            position = QLabel(textFormat=Qt.TextFormat.PlainText)
            position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            position.setMinimumWidth(position.fontMetrics().horizontalAdvance("−000.0"))
            box.toggled.connect(partial(self._show_plane, plane))
            slider.valueChanged.connect(partial(self._move, plane))
            self.boxes[plane], self.sliders[plane], self.positions[plane] = box, slider, position
            for column, widget in enumerate((box, slider, position)):
                grid.addWidget(widget, row, column)
        return grid

    # What the user does

    def _show_plane(self, plane: Plane, shown: bool) -> None:
        if shown and not self._view.shows("slice"):
            self._view.settings.switch("slice", on=True)
        self._slices.show(plane, shown=shown)
        self._refresh()  # the last one can't be hidden here, but as a layer

    def _move(self, plane: Plane, step: int) -> None:
        if plane in self._slices.planes:
            self._slices.grab(plane, 2 * step / STEPS)

    # What is shown

    def _refresh(self, *_: object) -> None:
        self.setEnabled(self._subject.heated is not None)
        self.setToolTip(self._subject.unheated)
        for plane in PLANES:
            self._refresh_plane(plane)

    def _refresh_plane(self, plane: Plane) -> None:
        slices, prediction, slider = self._slices, self._subject.heated, self.sliders[plane]
        shown, position, reach = plane in slices.planes, getattr(slices, plane), slices.reach(plane)
        steps = round(reach * STEPS / 2)
        with QSignalBlocker(self.boxes[plane]), QSignalBlocker(slider):
            self.boxes[plane].setChecked(shown)
            slider.setEnabled(shown)
            slider.setRange(-steps, steps)
            slider.setValue(round(position * STEPS / 2))
        text, tip = f"{position:+.2f}", "normalised"
        if prediction is not None and plane != "free":
            index = "xyz".index(plane)
            in_file_units = position * prediction.normalisation.scale + prediction.normalisation.centre[index]
            text, tip = f"{in_file_units:.4g}", f"in file units; normalised {position:+.2f}"
        self.positions[plane].setText(text if shown else "")
        self.positions[plane].setToolTip(tip)


class HeatmapPanel(QWidget):
    """Options of the heatmap: resolution, colours, level of the isosurface, sigma."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view, self._subject, self._slices = view, view.subject, view.slices
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addLayout(self._options())
        layout.addStretch()
        self._slices.events.connect(self._refresh)
        view.settings.events.layers.connect(self._refresh)
        for name in ("prediction", "preview", "segment"):
            self._subject.events[name].connect(self._refresh)
        self._refresh()

    def _options(self) -> QFormLayout:
        form = QFormLayout()
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.evaluation = QComboBox()
        for resolution in RESOLUTIONS:
            self.evaluation.addItem(f"Continuous, {resolution} × {resolution}", resolution)
        self.evaluation.addItem("The decoder's cells", None)
        self.evaluation.setToolTip(
            "Sample the continuous heatmap at this resolution, or show the grid of cells that the decoder sees"
        )
        self.evaluation.activated.connect(self._evaluate)
        self.colour_map = QComboBox()
        self.colour_map.setIconSize(QSize(64, 12))
        for name in COLOUR_MAPS:
            self.colour_map.addItem(_swatch(name), name, name)
        self.colour_map.activated.connect(lambda place: setattr(self._slices, "colour_map", COLOUR_MAPS[place]))
        self.low, self.high = _number("Colours start at"), _number("Colours end at")
        for box in (self.low, self.high):
            box.valueChanged.connect(self._limit)
        self.reset_limits = _button("Whole", "From the lowest to the highest value of the heatmap",
                                    lambda: setattr(self._slices, "limits", None))  # fmt: skip
        self.level = QSlider(Qt.Orientation.Horizontal)
        self.level.setRange(1, 99)
        self.level.setAccessibleName("Level of the isosurface")
        self.level.valueChanged.connect(lambda level: setattr(self._slices, "level", level / 100))
        self.level_label = QLabel()
        self.sigma = QSlider(Qt.Orientation.Horizontal)
        self.sigma.setRange(-SIGMA_STEPS, SIGMA_STEPS)
        self.sigma.setAccessibleName("Override the model's sigma")
        self.sigma.setToolTip("Show the heatmap narrower or wider; keypoints stay where they are")
        self.sigma.valueChanged.connect(self._widen)
        self.sigma_label = QLabel()
        self.what_if = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.reset_sigma = _button("Model's", "Back to the sigma that the model used",
                                   lambda: setattr(self._slices, "sigma", None))  # fmt: skip
        self.single = QCheckBox("Selected segment only")
        self.single.setToolTip("Show what one segment contributes; select it in the view or in the table of segments")
        self.single.toggled.connect(lambda on: setattr(self._slices, "single", on))
        form.addRow("Sampling", self.evaluation)
        form.addRow("Colours", self.colour_map)
        form.addRow("Limits", _row(self.low, QLabel("to"), self.high, self.reset_limits))
        form.addRow("Iso level", _row(self.level, self.level_label))
        form.addRow("σ", _row(self.sigma, self.sigma_label, self.reset_sigma))
        form.addRow("", self.what_if)
        form.addRow("", self.single)
        for label in (self.level_label, self.sigma_label):
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance("0.000"))
        return form

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "what_if"):
            self._refresh()

    def _evaluate(self, place: int) -> None:
        resolution = self.evaluation.itemData(place)
        self._slices.cells = resolution is None
        self._slices.resolution = RESOLUTIONS[-1] if resolution is None else resolution

    def _limit(self) -> None:
        if self.low.value() < self.high.value():
            self._slices.limits = self.low.value(), self.high.value()

    def _widen(self, step: int) -> None:
        prediction = self._subject.heated
        if prediction is not None:
            own = float(np.sqrt(prediction.heat_constants.sigma_squared))
            self._slices.sigma = None if step == 0 else own * SIGMAS**step

    def _refresh(self, *_: object) -> None:
        slices, prediction, heat = self._slices, self._subject.heated, self._view.heat
        self.setEnabled(prediction is not None)
        self.setToolTip(self._subject.unheated)
        place = len(RESOLUTIONS) if slices.cells else RESOLUTIONS.index(slices.resolution)
        self.evaluation.setCurrentIndex(place)
        self.colour_map.setCurrentIndex(COLOUR_MAPS.index(slices.colour_map))
        with QSignalBlocker(self.level), QSignalBlocker(self.single):
            self.level.setValue(round(100 * slices.level))
            self.single.setChecked(slices.single)
        isosurface = self._view.shows("isosurface")
        self.level.setEnabled(isosurface)
        self.level.setToolTip("" if isosurface else "Switch on the layer Isosurface")
        self.reset_limits.setEnabled(slices.limits is not None)
        self.reset_sigma.setEnabled(slices.sigma is not None)
        if prediction is None or heat is None:
            return
        low, high = slices.limits or heat.limits
        self.level_label.setText(f"{slices.level * heat.most:.2f}")
        own = float(np.sqrt(prediction.heat_constants.sigma_squared))
        sigma = slices.sigma or own
        with QSignalBlocker(self.low), QSignalBlocker(self.high), QSignalBlocker(self.sigma):
            self.low.setValue(low)
            self.high.setValue(high)
            self.sigma.setValue(round(float(np.log(sigma / own) / np.log(SIGMAS))))
        self.sigma_label.setText(f"{sigma:.3g}")
        self.what_if.setText(f"Hypothetical: the model used σ = {own:.3g}")
        self.what_if.setVisible(slices.sigma is not None)
        colour = WARNING["dark" if is_dark(self.palette()) else "light"]
        warning = f"color: {colour}; font-weight: bold;"
        self.what_if.setStyleSheet("" if slices.sigma is None else warning)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, stretch=isinstance(widget, QSlider | QDoubleSpinBox))
    return row


def _number(name: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox(minimum=-1000, maximum=1000, singleStep=0.05, decimals=2)
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setMinimumWidth(64)
    return box


def _button(text: str, tip: str, run: Callable[[], object]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.clicked.connect(run)
    return button


def _swatch(colour_map: str) -> QIcon:
    """Return a strip of a colour map."""
    import pyvista as pv

    table = pv.LookupTable(colour_map, n_values=64).values
    strip = QImage(np.ascontiguousarray(table[:, :3]).tobytes(), 64, 1, 64 * 3, QImage.Format.Format_RGB888)
    pixmap = QPixmap(128, 24)
    painter = QPainter(pixmap)
    painter.drawImage(pixmap.rect(), strip)
    painter.setPen(QColor("#808080"))
    painter.drawRect(pixmap.rect().adjusted(0, 0, -1, -1))
    painter.end()
    return QIcon(pixmap)
