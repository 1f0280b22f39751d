"""The form for a new training run."""

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
from keygrid.training.options import Knob, NetworkOptions, Options, knobs, preset_values

ALL = "All categories"

TITLES = {
    "data": "Learn &from", "category": "&Category", "preset": "&Preset", "device": "&Device",
    "preview": "Pre&view on", "others": "&Other options", "run": "Di&rectory", "": "&Start",
}  # fmt: skip
"""Titles of the fields without a number, and of the button; & precedes the mnemonic."""


class NewRunDialog(QDialog):
    """Fields for a training run's options; problems are reported below the field.

    Args:
        document: open garments, which can be learnt from.
        shelf: the shipped garments and opened folders.
        shipped: the folder of the shipped garments.
        parent_folder: folder for new runs.
        start: starts the run; the form shows the message of a `KeygridError` that it raises.
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
        self.start_button = buttons.addButton(TITLES[""], QDialogButtonBox.ButtonRole.AcceptRole)
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
        keypoints = _number(self.fields["keypoints"])
        for signal in (self._data.currentIndexChanged, self._category.currentTextChanged,
                       keypoints.valueChanged, self._preset.currentTextChanged):  # fmt: skip
            signal.connect(self._name)
        self._name()

    def value(self) -> NewRun:
        """Return the values of the fields."""
        category = self._category.currentText().strip()
        values = {name: _value(self.fields[name]) for name in knobs()} | {
            "category": None if category in {"", ALL} else [category],
            "preset": self._preset.currentText(),
            "device": self._device.currentText().strip(),
            "preview": self._preview.currentData(),
        }
        run = Path(self._run.text().strip()).expanduser()
        return NewRun(self._data.currentData(), run, Options.of(values), self._others.text().strip())

    def _make_fields(self, document: Document, shipped: Path) -> None:
        self._data, self._category, self._preview = QComboBox(), QComboBox(editable=True), QComboBox()
        for root in self._entries:
            self._data.addItem("Shipped garments" if root == shipped else root.name, root)
        self._preview.addItem("Chosen by the trainer", None)
        for garment in document.garments:
            if garment.source is not None:
                self._data.addItem(garment.name, garment.source)
                self._preview.addItem(garment.name, garment.source)
        self._preset = QComboBox()
        self._preset.addItems(PRESETS)
        self._device = QComboBox(editable=True)
        self._device.addItems(DEVICES)
        self._run, self._others = QLineEdit(), QLineEdit(placeholderText="such as --points 1024 --seed 1")
        self._run.textEdited.connect(lambda: setattr(self, "_folder", None))  # what was typed stays

        self._add("data", self._data, self._browser("Folder…", self._browse_data))
        self._add("category", self._category)
        self._add("preset", self._preset)
        self._add_knobs()
        self._add("device", self._device)
        self._add("preview", self._preview, tip="Garment shown in the live preview")
        self._add("others", self._others, tip="More options of the train command; `train --help` lists them")
        self._add("run", self._run, self._browser("Choose…", self._browse_run))

    def _add(
        self, name: str, widget: QWidget, beside: QWidget | None = None, *, title: str = "", tip: str = ""
    ) -> None:
        row = self._form.rowCount()
        label = QLabel(title or TITLES[name])
        label.setBuddy(widget)
        widget.setToolTip(tip)
        self._form.addWidget(label, row, 0)
        self._form.addWidget(widget, row, 1, 1, 1 if beside else 2)
        if beside is not None:
            self._form.addWidget(beside, row, 2)
        self.fields[name], self.problems[name] = widget, _problem(self)
        self._form.addWidget(self.problems[name], row + 1, 1, 1, 2)

    def _add_knobs(self) -> None:
        """Add the options that are numbers or switches: a row each, and a grid for those of the augmentation."""
        taken = {title[title.index("&") + 1].lower() for title in TITLES.values()}
        varied = [knob for knob in knobs().values() if knob.group == "data"]
        for knob in knobs().values():
            if knob not in varied:
                self._add(knob.name, _widget(knob), title=with_key(knob.title, taken), tip=knob.help)
        grid = QGridLayout()
        for place, knob in enumerate(varied):
            widget = self.fields[knob.name] = _widget(knob)
            row, column = place // 3, 2 * (place % 3)
            widget.setToolTip(knob.help)
            if isinstance(widget, QCheckBox):
                grid.addWidget(widget, row, column, 1, 2)
                continue
            label = QLabel(knob.title)
            label.setBuddy(widget)
            grid.addWidget(label, row, column)
            grid.addWidget(widget, row, column + 1)
        for column in (1, 3, 5):
            grid.setColumnStretch(column, 1)
        row = self._form.rowCount()
        _set(self.fields["keypoints"], NetworkOptions.keypoints)
        heading = QLabel("Augmentation")
        heading.setMinimumHeight(self.fields[varied[0].name].sizeHint().height())  # level with the first row
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
        name = QFileDialog.getExistingDirectory(self, "Choose the parent folder for the run")
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
        """Set the fields to the preset's values."""
        keypoints = _value(self.fields["keypoints"])
        own = preset_values(self._preset.currentText(), keypoints)
        for name in knobs():
            _set(self.fields[name], own[name])

    def _name(self) -> None:
        """Name the directory after the training data, unless the user has named it."""
        if self._folder is None:
            return
        wanted = self.value()
        known = wanted.data in self._entries or wanted.data is None
        data, network = wanted.options.data, wanted.options.network
        subject = (data.category or ["garments" if known else Path(str(wanted.data)).stem])[0]
        self._run.setText(str(free_directory(self._folder, subject, network.keypoints, network.preset)))

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


def with_key(title: str, taken: set[str]) -> str:
    """Return a title with & before its first free letter, and reserve that; unchanged if there is none."""
    for place, letter in enumerate(title.lower()):
        if letter.isalpha() and letter not in taken:
            taken.add(letter)
            return f"{title[:place]}&{title[place:]}"
    return title


def _widget(knob: Knob) -> QWidget:
    if knob.kind is bool:
        return QCheckBox(knob.title)
    if knob.kind is int:
        return QSpinBox(minimum=int(knob.least), maximum=int(knob.most), singleStep=int(knob.step), suffix=knob.unit)
    decimals = 0 if float(knob.step).is_integer() else 4
    return QDoubleSpinBox(
        minimum=knob.least, maximum=knob.most, singleStep=knob.step, suffix=knob.unit, decimals=decimals
    )


def _value(widget: QWidget) -> Any:
    return widget.isChecked() if isinstance(widget, QCheckBox) else _number(widget).value()


def _set(widget: QWidget, value: Any) -> None:
    if isinstance(widget, QCheckBox):
        widget.setChecked(value)
    else:
        _number(widget).setValue(value)


def _number(widget: QWidget) -> QSpinBox | QDoubleSpinBox:
    assert isinstance(widget, QSpinBox | QDoubleSpinBox)
    return widget
