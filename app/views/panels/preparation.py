"""The panel "Prepare cloud": the steps of a recipe, their numbers, and how many points each leaves."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QMenu,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import CommandRegistry, plain
from app.state.preparation import CHOSEN_COLOUR, OTHER_COLOUR, Preparation
from keygrid.clouds import STEPS, UNITS, Step
from keygrid.data.axes import UPS
from keygrid.errors import KeygridError

NARROWEST = 30
"""Width of a number's field without its digits, in logical pixels."""
ROWS = 8
"""Number of visible rows."""
NO_CLOUD = "Open a cloud, such as a PLY file from a depth camera, to prepare it."
HINT = "Add steps until only the garment is left; each takes effect at once and can be undone."
TITLES = {"m": "Metres", "cm": "Centimetres", "mm": "Millimetres"}
AXES = "xyz"
REST_MS = 400
"""Delay after a change of a number before the cloud is prepared, to combine several changes."""


class PreparationPanel(QWidget):
    """A list of steps with the points that each leaves, the chosen step's numbers, and the file's up axis and unit."""

    refused = Signal(str)
    """A number is invalid; the text is a message for the user."""

    def __init__(self, preparation: Preparation, commands: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preparation, self._commands = preparation, commands
        self.label = QLabel(wordWrap=True)
        self.list = QListWidget()
        self.list.setAccessibleName("Steps")
        self.list.setFixedHeight(ROWS * self.list.fontMetrics().lineSpacing() + 2 * self.list.frameWidth())
        self.add = self._menu_button()
        self.remove = QToolButton()
        self.remove.setText("Remove")
        self.remove.setToolTip("Remove the selected step")
        self.up, self.unit = QComboBox(), QComboBox()
        self.up.addItem("From the table", None)
        for axis in UPS:
            self.up.addItem(axis, axis)
        for name in UNITS:
            self.unit.addItem(TITLES[name], name)
        self.up.setToolTip("The file's vertical axis; From the table: perpendicular to the removed table, otherwise y")
        self.unit.setToolTip("The unit of the file's coordinates; lengths here are in metres")
        self.show_removed = QCheckBox("Show removed points")
        self.show_removed.setToolTip("Also show, faintly, what the steps remove")
        self.legend = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.numbers: dict[str, list[QSpinBox | QDoubleSpinBox]] = {}
        self._form = QFormLayout()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._apply)
        self._lay_out()
        self.list.currentRowChanged.connect(self._take_row)
        self.show_removed.toggled.connect(lambda on: setattr(preparation, "shows_removed", on))
        preparation.events.shows_removed.connect(self._refresh)
        self.remove.clicked.connect(self._remove)
        self.up.activated.connect(lambda: self._choose("up", self.up.currentData()))
        self.unit.activated.connect(lambda: self._choose("unit", self.unit.currentData()))
        for signal in ("source", "recipe", "prepared"):
            preparation.events[signal].connect(self._refresh)
        self._refresh()

    def shut(self) -> None:
        """Stop the timer."""
        self._rest.stop()

    def _menu_button(self) -> QToolButton:
        button, menu = QToolButton(), QMenu(self)
        button.setText("Add step")
        menu.addAction(self._commands["usual_steps"])
        menu.addSeparator()
        for name in STEPS:
            menu.addAction(self._commands[f"step_{name}"])
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip("Add a step")
        return button

    def _command_button(self, name: str, title: str = "") -> QToolButton:
        action, button = self._commands[name], QToolButton()
        button.setDefaultAction(action)
        button.setText(title or plain(action.text()))
        return button

    def _lay_out(self) -> None:
        layout, steps, files, general = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout(), QFormLayout()
        layout.setContentsMargins(10, 6, 10, 6)
        for widget in (self.add, self.remove, self._command_button("undo_step", "Undo")):
            steps.addWidget(widget)
        steps.addStretch()
        for name in ("apply_recipe", "save_recipe", "save_cloud"):
            files.addWidget(self._command_button(name))
        files.addStretch()
        general.addRow("Up axis", self.up)
        general.addRow("Unit", self.unit)
        layout.addWidget(self.label)
        layout.addLayout(general)
        layout.addLayout(steps)
        layout.addWidget(self.list)
        layout.addWidget(self.show_removed)
        layout.addWidget(self.legend)
        layout.addLayout(self._form)
        layout.addStretch()
        layout.addLayout(files)

    def _refresh(self, *_: object) -> None:
        preparation = self._preparation
        source, recipe, prepared = preparation.source, preparation.recipe, preparation.prepared
        hint = "" if recipe.steps else f". {HINT}"
        self.label.setText(NO_CLOUD if source is None else f"{source.name}: {len(source.vertices):,} points{hint}")
        for widget in (self.add, self.up, self.unit, self.list):
            widget.setEnabled(source is not None)
        for box, value in ((self.up, recipe.up), (self.unit, recipe.unit)):
            box.setCurrentIndex(box.findData(value))
        counts = prepared.counts[1:] if prepared is not None else ()
        texts = [
            f"{step.title}: {counts[place]:,} points left" if place < len(counts) else f"{step.title}…"
            for place, step in enumerate(recipe.steps)
        ]
        row, before = self.list.currentRow(), self.list.count()
        with QSignalBlocker(self.list):
            self.list.clear()
            self.list.addItems(texts)
            self.list.setCurrentRow(len(texts) - 1 if len(texts) != before else row)
        with QSignalBlocker(self.show_removed):
            self.show_removed.setChecked(preparation.shows_removed)
        self._take_row()

    def _take_row(self, *_: object) -> None:
        """Show the numbers of the chosen step, and the points that it removed."""
        preparation, row = self._preparation, self.list.currentRow()
        preparation.step = row
        removed = preparation.removed
        self.legend.setVisible(removed is not None)
        self.show_removed.setEnabled(preparation.prepared is not None)
        counts = preparation.prepared.counts if preparation.prepared is not None else ()
        if removed is not None:
            by_step = counts[row] - counts[row + 1] if 0 <= row < len(counts) - 1 else 0
            self.legend.setText(_legend(by_step, counts[0] - counts[-1] - by_step))
        self._show_numbers()

    def _chosen(self) -> Step | None:
        row = self.list.currentRow()
        return self._preparation.recipe.steps[row] if 0 <= row < len(self._preparation.recipe.steps) else None

    def _show_numbers(self, *_: object) -> None:
        step = self._chosen()
        self.remove.setEnabled(step is not None)
        wanted = [] if step is None else [one.name for one in fields(step)]
        if list(self.numbers) != wanted:
            self._make_form(step)
        for name, boxes in self.numbers.items():
            value = getattr(step, name)
            for box, number in zip(boxes, value if isinstance(value, tuple) else (value,), strict=True):
                with QSignalBlocker(box):
                    box.setValue(number)

    def _make_form(self, step: Step | None) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.numbers = {}
        for one in fields(step) if step is not None else ():
            title, default = one.metadata["title"], one.default
            boxes = [_box(number) for number in (default if isinstance(default, tuple) else (default,))]
            row = QHBoxLayout()
            for place, box in enumerate(boxes):
                box.setAccessibleName(f"{title} {AXES[place]}" if len(boxes) > 1 else title)
                box.valueChanged.connect(lambda *_: self._rest.start())
                row.addWidget(box, stretch=1)
            self._form.addRow(title, row)
            self.numbers[one.name] = boxes

    def _apply(self) -> None:
        """Apply the chosen step with the numbers in the form."""
        step = self._chosen()
        if step is None:
            return
        values: dict[str, Any] = {}
        for name, boxes in self.numbers.items():
            given = tuple(box.value() for box in boxes)
            values[name] = given if len(given) > 1 else given[0]
        self._attempt(lambda: self._preparation.replace_step(self.list.currentRow(), replace(step, **values)))

    def _remove(self) -> None:
        if self._chosen() is not None:
            self._preparation.remove_step(self.list.currentRow())

    def _choose(self, name: str, value: Any) -> None:
        self._preparation.change(replace(self._preparation.recipe, **{name: value}))

    def _attempt(self, change: Callable[[], object]) -> None:
        try:
            change()
        except KeygridError as error:
            self._show_numbers()
            self.refused.emit(str(error))


def _legend(by_step: int, by_others: int) -> str:
    """Return the legend for the colours of removed points, with their numbers."""
    parts = ((CHOSEN_COLOUR, "removed by this step", by_step), (OTHER_COLOUR, "by other steps", by_others))
    return "&nbsp; ".join(
        f'<span style="color: rgb{colour}">■</span>&nbsp;{words}: {count:,}' for colour, words, count in parts
    )


def _box(default: float) -> QSpinBox | QDoubleSpinBox:
    """Return a field for a whole number, or for metres with four decimals."""
    if isinstance(default, int):
        whole = QSpinBox(minimum=1, maximum=1000)
        whole.setKeyboardTracking(False)
        return whole
    box = QDoubleSpinBox(minimum=-1e5, maximum=1e5, decimals=4)
    box.setMinimumWidth(box.fontMetrics().horizontalAdvance("-0.0000") + NARROWEST)  # three of them are in a row
    box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    box.setKeyboardTracking(False)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    return box
