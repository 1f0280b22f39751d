"""What is open: garments and checkpoints."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.state.document import Document, OpenCheckpoint
from keygrid.data.garment import Garment


class Library(QWidget):
    """Two lists; choosing an entry chooses it in the document."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.garments = EntryList("Garments", lambda g: document.choose(garment=g))
        self.checkpoints = EntryList("Checkpoints", lambda c: document.choose(checkpoint=c))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        for entries in (self.garments, self.checkpoints):
            title = QLabel(entries.accessibleName())
            title.setBuddy(entries)
            layout.addWidget(title)
            layout.addWidget(entries)

        def refresh(*_: object) -> None:
            self.garments.show_entries(document.garments, document.garment, describe_garment)
            self.checkpoints.show_entries(document.checkpoints, document.checkpoint, describe_checkpoint)

        for signal in ("garments", "garment", "checkpoints", "checkpoint"):
            document.events[signal].connect(refresh)
        self._refresh = refresh  # psygnal holds its callbacks weakly
        refresh()


class EntryList(QListWidget):
    """Entries with a title and a tool tip."""

    def __init__(self, name: str, choose: Callable[[Any], None]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._choose = choose
        self.currentItemChanged.connect(self._chosen)

    def show_entries(self, entries: Sequence[Any], chosen: Any, describe: Callable[[Any], tuple[str, str]]) -> None:
        """Show entries, the chosen one selected, without choosing anything in turn."""
        self.blockSignals(True)
        self.clear()
        for entry in entries:
            title, tip = describe(entry)
            item = QListWidgetItem(title)
            item.setToolTip(tip)
            item.setData(Qt.ItemDataRole.UserRole, entry)
            self.addItem(item)
            if entry is chosen:
                self.setCurrentItem(item)
        self.blockSignals(False)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._choose(item.data(Qt.ItemDataRole.UserRole))


def describe_garment(garment: Garment) -> tuple[str, str]:
    """Title and tool tip of a garment."""
    size = f"{len(garment.vertices):,} points" if garment.is_cloud else f"{len(garment.faces):,} triangles"
    return garment.name, f"{garment.source or garment.name}\n{size}, diagonal {garment.diagonal:.4g} in file units"


def describe_checkpoint(checkpoint: OpenCheckpoint) -> tuple[str, str]:
    """Title and tool tip of a checkpoint."""
    category = f", {checkpoint.category}" if checkpoint.category else ""
    return f"{checkpoint.path.stem} (K={checkpoint.keypoints}{category})", str(checkpoint.path)
