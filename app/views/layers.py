"""Switches of the scene's layers."""

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget


class LayerPanel(QWidget):
    """A check box for each of the given checkable actions, in step with it."""

    def __init__(self, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        self.boxes: dict[str, QCheckBox] = {}
        for action in actions:
            box = QCheckBox(action.text().replace("&", ""))
            box.setChecked(action.isChecked())
            box.setToolTip(f"Show or hide ({action.shortcut().toString()})")
            box.toggled.connect(action.setChecked)
            action.toggled.connect(box.setChecked)
            self.boxes[action.objectName()] = box
            layout.addWidget(box)
        layout.addStretch()
