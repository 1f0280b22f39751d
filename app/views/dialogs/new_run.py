"""The form of a new training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.state.document import Document
from app.state.new_run import DEVICES, NewRun, free_directory
from app.state.shelf import Shelf
from keygrid.data.collection import Entry
from keygrid.errors import KeygridError
from keygrid.model.config import PRESETS
from keygrid.training.config import preset

ALL = "All categories"

_AUGMENTATIONS: dict[str, tuple[str, float, float, str, str]] = {
    "rotate": ("Rotate", 180, 5, " °", "Largest rotation about the vertical, either way"),
    "deform": ("Deform", 1, 0.05, "", "Standard deviation of the free-form deformation, as a share of the extent"),
    "scale": ("Scale", 0.9, 0.05, "", "Largest change of size, as a share"),
    "noise": ("Noise", 0.5, 0.005, "", "Standard deviation of each point's displacement, as a share of the extent"),
    "drop": ("Drop", 0.9, 0.05, "", "Largest share of points that is left out"),
}
"""Title, largest value, step, unit and tool tip."""


class NewRunDialog(QDialog):
    """Fields for a training's options; what can't be used is told below its field.

    Args:
        document: whose garments can be learnt from, too.
        shelf: the shipped garments and opened folders.
        shipped: the folder of the shipped garments.
        parent_folder: where runs are put.
        start: begins the run; a `KeygridError` of it is told in the form.
        parent: the window.
    """

    def __init__(
        self, document: Document, shelf: Shelf, shipped: Path, parent_folder: Path,
        start: Callable[[NewRun], object], parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle("New run")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._start = start
        self._folder: Path | None = parent_folder
        self._entries: dict[Path, tuple[Entry, ...]] = {shipped: shelf.shipped}
        self._entries |= {collection.root: collection.entries for collection in shelf.collections}
        self.fields: dict[str, QWidget] = {}
        self.problems: dict[str, QLabel] = {}
        self._form = QGridLayout()
        self._form.setColumnStretch(1, 1)
        self._make_fields(document, shipped)
        self.failure = _problem(self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start_button = buttons.addButton("&Start", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self._form)
        layout.addStretch()
        layout.addWidget(self.failure)
        layout.addWidget(buttons)
        self.setMinimumWidth(520)

        self._offer_categories()
        garment = document.garment
        if garment is not None and garment.category:
            self._category.setCurrentText(garment.category)
        self._data.currentIndexChanged.connect(self._offer_categories)
        self._fill_in()
        self._preset.currentTextChanged.connect(self._fill_in)
        for signal in (self._data.currentIndexChanged, self._category.currentTextChanged,
                       self._keypoints.valueChanged, self._preset.currentTextChanged):  # fmt: skip
            signal.connect(self._name)
        self._name()

    def value(self) -> NewRun:
        """What the fields say."""
        values: dict[str, Any] = {
            "data": self._data.currentData(),
            "run": Path(self._run.text().strip()).expanduser(),
            "category": "" if self._category.currentText() == ALL else self._category.currentText().strip(),
            "preview": self._preview.currentData(),
        }
        for name, widget in self.fields.items():
            if name not in values:
                values[name] = _value(widget)
        return NewRun(**values)

    def _make_fields(self, document: Document, shipped: Path) -> None:
        self._data, self._category, self._preview = QComboBox(), QComboBox(editable=True), QComboBox()
        for root in self._entries:
            self._data.addItem("Shipped garments" if root == shipped else root.name, root)
        self._preview.addItem("The trainer's choice", None)
        for garment in document.garments:
            if garment.source is not None:
                self._data.addItem(garment.name, garment.source)
                self._preview.addItem(garment.name, garment.source)
        self._preset = QComboBox()
        self._preset.addItems(PRESETS)
        self._keypoints = QSpinBox(minimum=2, maximum=64, value=NewRun.keypoints)
        epochs = QSpinBox(minimum=1, maximum=1_000_000)
        batch = QSpinBox(minimum=1, maximum=4096)
        device = QComboBox(editable=True)
        device.addItems(DEVICES)
        self._run, others = QLineEdit(), QLineEdit(placeholderText="such as --points 1024 --seed 1")
        self._run.textEdited.connect(lambda: setattr(self, "_folder", None))  # what was typed stays

        self._add("data", "Learn &from", self._data, self._browser("Folder…", self._browse_data))
        self._add("category", "&Category", self._category)
        self._add("preset", "&Preset", self._preset)
        self._add("keypoints", "&Keypoints", self._keypoints)
        self._add("epochs", "&Epochs", epochs)
        self._add("batch", "&Batch", batch, tip="Clouds that the network learns from in one step")
        self._add_augmentations()
        self._add("device", "&Device", device)
        self._add("preview", "Pre&view on", self._preview, tip="Whose keypoints are shown as they are learnt")
        self._add("others", "&Other options", others, tip="Of main.py train; its --help lists them")
        self._add("run", "Di&rectory", self._run, self._browser("Choose…", self._browse_run))

    def _add(self, name: str, title: str, widget: QWidget, beside: QWidget | None = None, *, tip: str = "") -> None:
        row = self._form.rowCount()
        label = QLabel(title)
        label.setBuddy(widget)
        widget.setToolTip(tip)
        self._form.addWidget(label, row, 0)
        self._form.addWidget(widget, row, 1, 1, 1 if beside else 2)
        if beside is not None:
            self._form.addWidget(beside, row, 2)
        self.fields[name], self.problems[name] = widget, _problem(self)
        self._form.addWidget(self.problems[name], row + 1, 1, 1, 2)

    def _add_augmentations(self) -> None:
        grid = QGridLayout()
        for place, (name, (title, most, step, unit, tip)) in enumerate(_AUGMENTATIONS.items()):
            box = QDoubleSpinBox(maximum=most, singleStep=step, suffix=unit, decimals=0 if unit else 4)
            box.setToolTip(tip)
            label = QLabel(title)
            label.setBuddy(box)
            self.fields[name] = box
            grid.addWidget(label, place // 3, 2 * (place % 3))
            grid.addWidget(box, place // 3, 2 * (place % 3) + 1)
        self.fields["mirror"] = self._mirror = QCheckBox("Mirror")
        self._mirror.setToolTip("Mirror half of the clouds")
        grid.addWidget(self._mirror, 1, 4, 1, 2)
        for column in (1, 3, 5):
            grid.setColumnStretch(column, 1)
        row = self._form.rowCount()
        heading = QLabel("Augmentation")
        heading.setMinimumHeight(box.sizeHint().height())  # level with the first row
        self._form.addWidget(heading, row, 0, Qt.AlignmentFlag.AlignTop)
        self._form.addLayout(grid, row, 1, 1, 2)

    def _browser(self, title: str, browse: Callable[[], None]) -> QPushButton:
        button = QPushButton(title, autoDefault=False)
        button.clicked.connect(browse)
        return button

    def _browse_data(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Learn from a folder")
        if name:
            self._data.addItem(Path(name).name, Path(name))
            self._data.setCurrentIndex(self._data.count() - 1)

    def _browse_run(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Put the run into a new folder of")
        if name:
            self._folder = Path(name)
            self._name()

    def _offer_categories(self) -> None:
        entries = self._entries.get(self._data.currentData(), ())
        self._category.clear()
        self._category.addItem(ALL)
        self._category.addItems(sorted({entry.category for entry in entries if entry.category}))
        self._data.setToolTip(str(self._data.currentData() or ""))

    def _fill_in(self) -> None:
        """The preset's own numbers, to begin with."""
        training = preset(self._preset.currentText(), self._keypoints.value())
        for name in ("epochs", "batch"):
            _spin_box(self.fields[name]).setValue(getattr(training, name))
        for name in _AUGMENTATIONS:
            _spin_box(self.fields[name]).setValue(getattr(training.augmentation, name))
        self._mirror.setChecked(training.augmentation.mirror)

    def _name(self) -> None:
        """Name the directory by what is learnt, unless the user did."""
        if self._folder is None:
            return
        wanted = self.value()
        known = wanted.data in self._entries or wanted.data is None
        subject = wanted.category or ("garments" if known else Path(str(wanted.data)).stem)
        self._run.setText(str(free_directory(self._folder, subject, wanted.keypoints, wanted.preset)))

    def _accept(self) -> None:
        wanted = self.value()
        problems = wanted.problems()
        for name, label in self.problems.items():
            label.setText(problems.get(name, ""))
            label.setVisible(name in problems)
        self.failure.hide()
        if problems:
            self.fields[next(name for name in self.fields if name in problems)].setFocus()
            return
        try:
            self._start(wanted)
        except KeygridError as error:
            self.failure.setText(str(error))
            self.failure.show()
            return
        self.accept()


def _problem(parent: QWidget) -> QLabel:
    label = QLabel(parent, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, palette.color(QPalette.ColorRole.BrightText))
    label.setPalette(palette)
    label.hide()
    return label


def _spin_box(widget: QWidget) -> QSpinBox | QDoubleSpinBox:
    assert isinstance(widget, QSpinBox | QDoubleSpinBox)
    return widget


def _value(widget: QWidget) -> Any:
    match widget:
        case QSpinBox() | QDoubleSpinBox():
            return widget.value()
        case QCheckBox():
            return widget.isChecked()
        case QComboBox():
            return widget.currentText().strip()
        case QLineEdit():
            return widget.text().strip()
    raise TypeError(widget)
