"""The dialog for choosing among a file's objects, with a picture of each."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.output.thumbnails import Thumbnails

SIZE = 580, 440
"""Width and height, in logical pixels."""
PICTURE, CELL = 96, QSize(128, 138)
"""Side of a picture, and size of an item with its name, in logical pixels."""
MOST_PICTURES = 100
"""Maximum number of objects with a picture: each is read from the file again."""


class ObjectDialog(QDialog):
    """Objects in rows, navigated by the arrow keys; Enter or a double click opens one.

    Args:
        file: name of the file.
        objects: names and paths of its objects.
        current: name of the current object; empty if all are shown.
        thumbnails: provides their pictures.
    """

    wanted = Signal(object)
    """The path of the chosen object."""

    def __init__(
        self, file: str, objects: Sequence[tuple[str, Path]], current: str, thumbnails: Thumbnails, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Choose object")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        label = QLabel(f"{file} has {len(objects)} objects.", textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.list = QListWidget()
        self.list.setAccessibleName("Objects")
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setMovement(QListWidget.Movement.Static)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setIconSize(QSize(PICTURE, PICTURE))
        self.list.setGridSize(CELL)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setWordWrap(False)
        for name, path in objects:
            item = QListWidgetItem(name, self.list)
            item.setToolTip(name)
            item.setSizeHint(CELL)  # there are no pictures yet that would say it
            item.setData(Qt.ItemDataRole.UserRole, path)
            if name == current or self.list.currentRow() < 0:
                self.list.setCurrentItem(item)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Open).setDefault(True)
        layout = QVBoxLayout(self)
        layout.addWidget(label)
        layout.addWidget(self.list, stretch=1)
        layout.addWidget(self.buttons)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.list.itemActivated.connect(self.accept)
        self.accepted.connect(self._choose)
        thumbnails.arrived.connect(self._show_pictures)
        self.list.setFocus()
        self._thumbnails = thumbnails
        self._show_pictures()

    def _show_pictures(self) -> None:
        for row in range(min(self.list.count(), MOST_PICTURES)):
            item = self.list.item(row)
            if item.icon().isNull():
                item.setIcon(self._thumbnails.icon(item.data(Qt.ItemDataRole.UserRole)))

    def _choose(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.wanted.emit(item.data(Qt.ItemDataRole.UserRole))
