"""The help dialogs."""

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.state.shelf import matching

MOUSE = (
    ("Drag", "Turn the camera"),
    ("Shift+drag", "Move the camera"),
    ("Wheel", "Zoom"),
    ("Ctrl+wheel", "Move the slice"),
    ("Click", "Select a keypoint or segment, mark a place"),
    ("Ctrl+click", "Measure from the selected keypoint"),
    ("↑ ↓ ← →", "In the view: move the slice, step through frames"),
)


class ShortcutList(QDialog):
    """All shortcuts by menu, filtered by a search, and the uses of the mouse below."""

    def __init__(self, parent: QWidget, shortcuts: list[tuple[str, str, str]]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(460, 620)
        self.line = QLineEdit(placeholderText="Search by name or key", clearButtonEnabled=True)
        self.line.setAccessibleName("Search the shortcuts")
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setColumnCount(2)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(12)
        self.tree.setUniformRowHeights(True)
        self.tree.setAccessibleName("Keyboard shortcuts")
        groups: dict[str, tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = {}
        rows = [*shortcuts, *(("Mouse and keys in the view", title, keys) for keys, title in MOUSE)]
        for menu, title, keys in rows:
            if menu not in groups:
                group = QTreeWidgetItem(self.tree, [menu])
                font = group.font(0)
                font.setBold(True)
                group.setFont(0, font)
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                groups[menu] = group, []
            groups[menu][1].append(QTreeWidgetItem(groups[menu][0], [title, keys]))
        self._groups = tuple(groups.values())
        self.tree.expandAll()
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.line)
        layout.addWidget(self.tree)
        layout.addWidget(buttons)
        self.line.textChanged.connect(self._search)

    def _search(self, words: str) -> None:
        for group, rows in self._groups:
            found = matching([f"{row.text(0)} {row.text(1)}".casefold() for row in rows], words)
            for index, row in enumerate(rows):
                row.setHidden(index not in found)
            group.setHidden(not found)


def show_about(parent: QWidget, engine: str) -> QMessageBox:
    """Open the About box; `engine` says which libraries compute."""
    versions = ", ".join(f"{name} {_version(name)}" for name in ("PySide6_Essentials", "pyvista", "pyvistaqt", "vtk"))
    box = QMessageBox(parent)
    box.setWindowTitle("About Key-Grid Desktop")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Information)
    box.setText("Key-Grid Desktop")
    box.setInformativeText(
        "Unsupervised 3D keypoints for garments and other deformable objects, after Key-Grid (NeurIPS 2024, "
        f"arXiv 2410.02237).\n\n{engine}\n\nWindow: {versions}.\n\nLicence: Apache 2.0."
    )
    box.open()
    return box


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(version unknown)"
