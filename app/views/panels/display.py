"""The panel of sizes and opacities."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QSlider, QWidget

from app.state.settings import ViewSettings


class DisplayPanel(QWidget):
    """Sliders with their values beside them, which take effect while dragged."""

    def __init__(self, settings: ViewSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.sliders: dict[str, QSlider] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(10, 6, 10, 6)
        self._add("most_segments", "Segments", (1, 100), 1, "Segments drawn, strongest first", "{:.0f}".format)
        self._add("strength", "Minimum strength", (0, 100), 100, "Weaker segments are not drawn", "{:.2f}".format)
        self._add("surface_opacity", "Surface", (10, 100), 100, "Opacity of the surface", "{:.0%}".format)
        self._add("point_size", "Points", (1, 16), 1, "Size of a cloud's points, in pixels", "{:.0f} px".format)
        self._add("label_size", "Labels", (8, 32), 1, "Size of keypoint labels, in pixels", "{:.0f} px".format)

    def _add(
        self, name: str, title: str, ends: tuple[int, int], scale: int, tip: str, form: Callable[[float], str]
    ) -> None:
        slider, label = QSlider(Qt.Orientation.Horizontal), QLabel()
        slider.setRange(*ends)
        slider.setAccessibleName(tip)
        slider.setToolTip(tip)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance("100 px"))
        row = QHBoxLayout()
        row.addWidget(slider, stretch=1)
        row.addWidget(label)
        self._form.addRow(title, row)
        self.sliders[name] = slider

        def show(value: float) -> None:
            slider.setValue(round(value * scale))
            label.setText(form(value))

        def change(step: int) -> None:
            setattr(self._settings, name, step if scale == 1 else step / scale)

        slider.valueChanged.connect(change)
        self._settings.events[name].connect(show)
        show(getattr(self._settings, name))
