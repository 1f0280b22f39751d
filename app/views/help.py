"""The help dialogs."""

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QMessageBox, QVBoxLayout, QWidget


def show_shortcuts(parent: QWidget, shortcuts: list[tuple[str, str]]) -> QDialog:
    """Open a list of shortcuts, each with what it does."""
    dialog = QDialog(parent)
    dialog.setWindowTitle("Keyboard shortcuts")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    rows = QFormLayout()
    rows.setHorizontalSpacing(24)
    for keys, title in shortcuts:
        label = QLabel(keys)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        rows.addRow(label, QLabel(title))
    mouse = QLabel("Mouse: drag turns, Shift+drag moves, wheel zooms, a click on a keypoint selects it.")
    mouse.setWordWrap(True)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addLayout(rows)
    layout.addSpacing(8)
    layout.addWidget(mouse)
    layout.addWidget(buttons)
    dialog.open()
    return dialog


def show_about(parent: QWidget, engine: str) -> QMessageBox:
    """Open the About box; `engine` says which libraries compute."""
    versions = ", ".join(f"{name} {_version(name)}" for name in ("PySide6_Essentials", "pyvista", "pyvistaqt", "vtk"))
    box = QMessageBox(parent)
    box.setWindowTitle("About Key-Grid Desktop")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Information)
    box.setText("Key-Grid Desktop")
    box.setInformativeText(
        "Unsupervised 3D keypoints for garments and other deformable things, after Key-Grid (NeurIPS 2024, "
        f"arXiv 2410.02237).\n\n{engine}\n\nWindow: {versions}.\n\nLicence: Apache 2.0."
    )
    box.open()
    return box


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(version unknown)"
