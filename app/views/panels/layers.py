"""Check boxes for the scene's layers."""

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QGridLayout, QWidget

from app.actions import plain


class LayerPanel(QWidget):
    """A check box for each of the given checkable actions, in step with it; the tooltip of a grey one says why."""

    def __init__(self, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        self.boxes: dict[str, QCheckBox] = {}
        rows = (len(actions) + 1) // 2
        for place, action in enumerate(actions):
            box = self.boxes[action.objectName()] = QCheckBox(plain(action.text()))
            box.toggled.connect(action.setChecked)
            action.changed.connect(lambda box=box, action=action: _follow(box, action))
            _follow(box, action)
            layout.addWidget(box, place % rows, place // rows)
        layout.setRowStretch(rows, 1)


def _follow(box: QCheckBox, action: QAction) -> None:
    box.setChecked(action.isChecked())
    box.setEnabled(action.isEnabled())
    box.setToolTip(action.toolTip())
