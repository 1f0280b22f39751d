"""The Preferences dialog; each preference takes effect when it is changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLocale, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.state.preferences import MOST_THREADS, TEXT_SCALES, THEMES, Device, Preferences
from keygrid.palette import PALETTES

DEVICE_TITLES: dict[Device, str] = {"automatic": "Automatic", "cpu": "CPU", "cuda": "CUDA"}


class PreferencesDialog(QDialog):
    """Choices of theme, text size, palette, device, threads, the last session at the start, and the picture cache.

    Args:
        preferences: the preferences to change.
        pictures: the picture cache's folder; None if there is none.
    """

    def __init__(self, preferences: Preferences, pictures: Path | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._preferences, self._pictures = preferences, pictures
        self.theme = _choice({theme: theme.capitalize() for theme in THEMES}, preferences.theme)
        self.text_scale = _choice({scale: f"{scale} %" for scale in TEXT_SCALES}, preferences.text_scale)
        self.palette_choice = _choice({name: name for name in PALETTES}, preferences.palette)
        self.palette_choice.setIconSize(QSize(64, 16))
        for place, colours in enumerate(PALETTES.values()):
            self.palette_choice.setItemIcon(place, _swatches(colours.tolist()))
        self.device = _choice(DEVICE_TITLES, preferences.device)
        self.device.setToolTip("Device that finds keypoints; Automatic uses CUDA if available")
        self.threads = QSpinBox(minimum=0, maximum=MOST_THREADS, value=preferences.threads)
        self.threads.setSpecialValueText("Automatic")
        self.threads.setToolTip("Number of threads used to find keypoints")
        self.reopen = QCheckBox("Reopen what was open last")
        self.reopen.setChecked(preferences.reopen)
        self.cache = QLabel()
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Delete the thumbnails of garments; they are drawn again when needed")
        self.clear.setAutoDefault(False)  # Enter closes
        self.clear.clicked.connect(self._clear)
        form = QFormLayout()
        form.addRow("&Theme", self.theme)
        form.addRow("Te&xt size", self.text_scale)
        form.addRow("&Keypoint colours", self.palette_choice)
        form.addRow("&Device", self.device)
        form.addRow("T&hreads", self.threads)
        form.addRow("At the &start", self.reopen)
        row = QHBoxLayout()
        row.addWidget(self.cache, stretch=1)
        row.addWidget(self.clear)
        form.addRow("Cache", row)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Close | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.rejected.connect(self.reject)
        again = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        again.setAutoDefault(False)
        again.clicked.connect(self._restore)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addSpacing(8)
        layout.addWidget(buttons)
        for name, box in self._choices().items():
            box.currentIndexChanged.connect(lambda _, name=name, box=box: self._choose(name, box.currentData()))
        self.threads.setKeyboardTracking(False)  # a number is not final while it is being typed
        self.threads.valueChanged.connect(lambda threads: self._choose("threads", threads))
        self.reopen.toggled.connect(lambda on: self._choose("reopen", on))
        self._tell_cache()

    def _choices(self) -> dict[str, QComboBox]:
        return {
            "theme": self.theme, "text_scale": self.text_scale, "palette": self.palette_choice, "device": self.device,
        }  # fmt: skip

    def _choose(self, name: str, value: object) -> None:
        setattr(self._preferences, name, value)

    def _restore(self) -> None:
        defaults = Preferences()
        for name, box in self._choices().items():
            box.setCurrentIndex(box.findData(getattr(defaults, name)))
        self.threads.setValue(defaults.threads)
        self.reopen.setChecked(defaults.reopen)

    def _files(self) -> list[Path]:
        return list(self._pictures.glob("*.png")) if self._pictures is not None else []

    def _tell_cache(self) -> None:
        files = self._files()
        size = QLocale().formattedDataSize(sum(file.stat().st_size for file in files))
        self.cache.setText(f"{len(files)} pictures, {size}" if files else "Empty")
        self.clear.setEnabled(bool(files))

    def _clear(self) -> None:
        for file in self._files():
            file.unlink(missing_ok=True)
        self._tell_cache()


def _choice(items: Mapping[Any, str], chosen: object) -> QComboBox:
    box = QComboBox()
    for data, title in items.items():
        box.addItem(title, data)
    box.setCurrentIndex(box.findData(chosen))
    return box


def _swatches(colours: list[list[int]]) -> QIcon:
    pixmap = QPixmap(64, 16)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    width = 64 / len(colours)
    for place, colour in enumerate(colours):
        painter.fillRect(round(place * width), 2, round(width), 12, QColor(*colour))
    painter.end()
    return QIcon(pixmap)
