"""Switches of the scene's layers."""

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from app.actions import plain
from app.state.document import Document


class LayerPanel(QWidget):
    """A check box for each of the given checkable actions, in step with it; grey where there is nothing to show."""

    def __init__(self, document: Document, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._actions = document, {action.objectName(): action for action in actions}
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        self.boxes: dict[str, QCheckBox] = {}
        rows = (len(actions) + 1) // 2
        for place, action in enumerate(actions):
            box = QCheckBox(plain(action.text()))
            box.setChecked(action.isChecked())
            box.setToolTip(f"Show or hide ({action.shortcut().toString()})")
            box.toggled.connect(action.setChecked)
            action.toggled.connect(box.setChecked)
            action.enabledChanged.connect(box.setEnabled)
            self.boxes[action.objectName()] = box
            layout.addWidget(box, place % rows, place // rows)
        layout.setRowStretch(rows, 1)
        document.events.garment.connect(self._refresh)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        garment = self._document.garment
        for name in ("trails", "first_frame"):
            self._actions[name].setEnabled(garment is not None and garment.frame_count > 1)
        self._actions["landmarks"].setEnabled(garment is not None and garment.landmarks is not None)
