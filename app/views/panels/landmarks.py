"""The panel "Landmarks": the chosen garment's landmarks, with the frames in which each is known and its origin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QGridLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import CommandRegistry, plain
from app.state.document import Subject
from app.state.placing import NONE, Placing
from app.views.tables import Column, Index, RowsModel, RowsTable
from keygrid.data.landmarks import frames_of, landmarks_path
from keygrid.errors import KeygridError

BUTTONS = ("place_landmarks", "rename_landmark", "mirror_landmarks", "delete_landmark", "undo", "redo")
"""Commands with a button, by name."""
MENU = (
    "rename_landmark",
    "limit_landmark",
    "mirror_landmarks",
    "delete_landmark",
    "",
    "keep_derived",
    "reset_landmarks",
)
"""Commands in the context menu of the table, by name; an empty name separates groups."""

HINT = "Press K, then click the garment to place landmarks; drag one to move it."
NOTHING = "Open a garment to place landmarks on it."


@dataclass(frozen=True, eq=False)
class Rows:
    """A garment's landmarks as rows: first the landmarks in use, then those carried over.

    Attributes:
        names: names of all landmarks.
        frames: the only frame in which each is known; None for one that is known in all frames.
        places: (M, 3), positions in the current frame, file units, also of landmarks that are not known in it.
        origins: origin of each landmark, as one word.
    """

    names: tuple[str, ...]
    frames: tuple[int | None, ...]
    places: NDArray[np.float64]
    origins: tuple[str, ...]


def rows_of(subject: Subject) -> Rows | None:
    """Return the landmarks of a subject's garment as rows; None if no garment is chosen."""
    garment = subject.garment
    if garment is None:
        return None
    parts = [subject.landmarks or NONE, subject.derived.get(garment, NONE)]
    origin = "placed" if garment in subject.placed else "file"
    vertices = garment.vertices_in(subject.frame)
    return Rows(
        tuple(name for part in parts for name in part.names),
        tuple(frame for part in parts for frame in frames_of(part)),
        np.concatenate([part.on(vertices, garment.faces) if part.names else np.empty((0, 3)) for part in parts]),
        (origin,) * len(parts[0].names) + ("derived",) * len(parts[1].names),
    )


def _position(axis: int) -> Column[Rows]:
    return Column(
        "xyz"[axis], "Position in this frame, in file units",
        lambda rows, row: float(rows.places[row, axis]), lambda rows, row: f"{rows.places[row, axis]:.3g}",
    )  # fmt: skip


class LandmarkModel(RowsModel[Rows]):
    """Landmarks as rows, which can be renamed.

    Args:
        subject: holds the garment.
        placing: renames landmarks.
    """

    refused = Signal(str)
    """A name was refused; the text gives the reason."""

    def __init__(self, subject: Subject, placing: Placing) -> None:
        self._subject, self._placing = subject, placing
        columns: list[Column[Rows]] = [
            Column("Landmark", "Name; double-click to edit it", lambda rows, row: rows.names[row].casefold(),
                   lambda rows, row: rows.names[row]),
            Column("Frame", "The only frame with this landmark; all frames if empty",
                   lambda rows, row: _number(rows.frames[row]), lambda rows, row: _frame(rows.frames[row])),
            *(_position(axis) for axis in range(3)),
            Column("From", "Placed here, from the garment's file, or derived from another garment's landmarks",
                   lambda rows, row: rows.origins[row], lambda rows, row: rows.origins[row]),
        ]  # fmt: skip
        super().__init__(columns, lambda rows: len(rows.names))

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        own = self.rows is not None and self.rows.origins[index.row()] != "derived"
        return flags | Qt.ItemFlag.ItemIsEditable if own and index.column() == 0 else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.rows is not None and index.column() == 0 and role == Qt.ItemDataRole.EditRole:
            return self.rows.names[index.row()]
        return super().data(index, role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        garment = self._subject.garment
        if role != Qt.ItemDataRole.EditRole or garment is None:
            return False
        try:
            self._placing.rename(garment, index.row(), str(value))
        except KeygridError as error:
            self.refused.emit(str(error))
            return False
        return True


class LandmarkTable(RowsTable):
    """A table in which the chosen row is the selected landmark, and vice versa."""

    def __init__(self, subject: Subject, placing: Placing, actions: CommandRegistry) -> None:
        self.landmarks = LandmarkModel(subject, placing)
        super().__init__(self.landmarks, "Landmarks")
        self._subject, self._placing, self._actions = subject, placing, actions
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.chosen.connect(self._choose)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in MENU:
            menu.addAction(self._actions[name]) if name else menu.addSeparator()
        menu.popup(event.globalPos())

    def rename(self, row: int) -> None:
        """Let the user edit a landmark's name."""
        self.edit(self.sorted.mapFromSource(self.landmarks.index(row, 0)))

    def show_landmarks(self) -> None:
        """Update the rows from the current landmarks."""
        self.landmarks.show(rows_of(self._subject))
        self.select(self._placing.selected_row(self._subject.garment, self._subject.frame))

    def _choose(self, row: int | None) -> None:
        garment, rows = self._subject.garment, self.landmarks.rows
        if garment is None or rows is None or row is None or rows.origins[row] == "derived":
            return
        frame = rows.frames[row]
        if frame is not None:
            self._subject.go_to(frame)
        self._placing.selected = garment, rows.names[row]


class LandmarkPanel(QWidget):
    """The table of landmarks, buttons for its commands, and the name of the file that holds them.

    Args:
        subject: subject of the first view.
        placing: the landmarks of open garments.
        commands: holds the commands of the buttons.
    """

    def __init__(self, subject: Subject, placing: Placing, commands: CommandRegistry) -> None:
        super().__init__()
        self._subject, self._placing = subject, placing
        self.table = LandmarkTable(subject, placing, commands)
        self.label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.label.setContentsMargins(8, 4, 8, 4)
        self.carry = QCheckBox(plain(commands["carry_names"].text()))
        self.carry.setContentsMargins(8, 0, 8, 4)
        self.carry.setToolTip(commands["carry_names"].toolTip())
        self.carry.toggled.connect(commands["carry_names"].setChecked)
        commands["carry_names"].toggled.connect(self.carry.setChecked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(4)
        layout.addLayout(_buttons([commands[name] for name in BUTTONS]))
        layout.addWidget(self.table, stretch=1)
        layout.addWidget(self.carry)
        layout.addWidget(self.label)
        for name in ("garment", "frame", "placed", "derived", "marked"):
            subject.events[name].connect(self._refresh)
        placing.events.unsaved.connect(self._refresh)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        self.table.show_landmarks()
        self.label.setText(self._told())

    def _told(self) -> str:
        garment = self._subject.garment
        if garment is None:
            return NOTHING
        if garment in self._placing.unsaved:
            return "Not saved beside the garment; only the session keeps them."
        if garment in self._placing.placed and garment.source is not None:
            return f"Saved in {landmarks_path(garment.source).name}."
        return HINT


def _buttons(actions: Sequence[QAction]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(8, 0, 8, 0)
    grid.setSpacing(2)
    for place, action in enumerate(actions):
        button = QToolButton(toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setDefaultAction(action)
        button.setText(SHORT.get(action.objectName(), plain(action.text())))
        action.changed.connect(
            lambda button=button, action=action: button.setText(
                SHORT.get(action.objectName(), plain(action.text()))
            )
        )  # fmt: skip
        grid.addWidget(button, 0, place)
    grid.setColumnStretch(len(actions), 1)
    return grid


SHORT = {"place_landmarks": "Place", "mirror_landmarks": "Mirror", "undo": "Undo", "redo": "Redo"}
"""Titles of buttons, which are shorter than in the menu, or fixed where the menu's title changes."""


def _number(frame: int | None) -> int:
    return -1 if frame is None else frame


def _frame(frame: int | None) -> str:
    return "all" if frame is None else str(frame)
