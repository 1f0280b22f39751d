"""The tables of keypoints and segments, linked with the view."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QLabel, QMenu, QVBoxLayout, QWidget

from app.actions import CommandRegistry
from app.scene.picking import Probe
from app.state.document import Subject
from app.state.settings import ViewSettings
from app.state.view import View
from app.views.readout import describe
from app.views.tables import Column, Index, RowsModel, RowsTable
from keygrid.errors import KeygridError
from keygrid.prediction import Skeleton

MENU = ("rename_keypoint", "colour_keypoint", "plain_keypoint", "hide", "only", "show_all", "weights")
"""Commands in the context menu of a keypoint, by name."""


def _position(axis: int) -> Column[Skeleton]:
    return Column(
        "xyz"[axis], "Position in file units",
        lambda shown, row: float(shown.keypoints[row, axis]),
        lambda shown, row: f"{shown.keypoints[row, axis]:.4g}",
    )  # fmt: skip


def _optional(title: str, tip: str, of: Callable[[Skeleton], NDArray[Any] | None], form: str) -> Column[Skeleton]:
    """Return a column of numbers that some skeletons do not have."""

    def value(shown: Skeleton, row: int) -> Any:
        values = of(shown)
        return -1 if values is None else values[row].item()

    def text(shown: Skeleton, row: int) -> str:
        return "–" if of(shown) is None else format(value(shown, row), form)

    return Column(title, tip, value, text)


class KeypointModel(RowsModel[Skeleton]):
    """Keypoints as rows, which can be hidden and renamed; previews have no vertices or confidences.

    Args:
        subject: provides names and colours.
        settings: holds the hidden keypoints.
    """

    refused = Signal(str)
    """A name was refused; the text gives the reason."""

    def __init__(self, subject: Subject, settings: ViewSettings) -> None:
        self._subject, self._settings = subject, settings
        columns: list[Column[Skeleton]] = [
            Column("#", "Keypoint; tick to show it, double-click to rename it", lambda _, row: row, self._title),
            *(_position(axis) for axis in range(3)),
            _optional("Vertex", "Nearest vertex of the garment", lambda shown: shown.vertices, "d"),
            _optional(
                "Conf.", "Confidence: 1 if all weight is in one place, 0 if it is spread over all points",
                lambda shown: shown.confidence, ".2f",
            ),
        ]  # fmt: skip
        super().__init__(columns, lambda shown: len(shown.keypoints))

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == 0:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
            if self._subject.shown_preview is None:
                flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.rows is not None and index.column() == 0:
            row = index.row()
            if role == Qt.ItemDataRole.CheckStateRole:
                hidden = row in self._settings.hidden
                return Qt.CheckState.Unchecked if hidden else Qt.CheckState.Checked
            if role == Qt.ItemDataRole.EditRole:
                return self._subject.labels.names.get(row, "")
            if role == Qt.ItemDataRole.ToolTipRole and row in self._subject.labels.derived:
                return "Derived name: the nearest landmark on the garments that the network learnt from"
            if role == Qt.ItemDataRole.DecorationRole:
                return _swatch(QColor(*self._subject.colours(len(self.rows.keypoints))[row].tolist()))
        return super().data(index, role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        row = index.row()
        if role == Qt.ItemDataRole.CheckStateRole:
            shown = Qt.CheckState(value) == Qt.CheckState.Checked
            self._settings.hidden = self._settings.hidden - {row} if shown else self._settings.hidden | {row}
            return True
        if role == Qt.ItemDataRole.EditRole:
            try:
                self._subject.relabel(self._subject.labels.named(row, str(value)))
            except KeygridError as error:
                self.refused.emit(str(error))
                return False
            return True
        return False

    def _title(self, _: Skeleton, row: int) -> str:
        return self._subject.labels.title(row)


class KeypointTable(RowsTable):
    """A table in which the chosen row is the selected keypoint, and vice versa."""

    def __init__(self, view: View, actions: CommandRegistry, parent: QWidget | None = None) -> None:
        self.keypoints = KeypointModel(view.subject, view.settings)
        super().__init__(self.keypoints, "Keypoints", parent)
        self._subject, self._actions = view.subject, actions
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.chosen.connect(self._choose)
        for signal in ("prediction", "preview", "garment", "frame"):
            view.subject.events[signal].connect(self._show)
        view.subject.events.keypoint.connect(self.select)
        for changed in (view.subject.events.labels, view.subject.events.palette, view.settings.events.hidden):
            changed.connect(self._refresh)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in MENU:
            menu.addAction(self._actions[name])
        menu.addSeparator()
        menu.addAction(self._actions["copy_keypoints"])
        menu.popup(event.globalPos())

    def rename(self, keypoint: int) -> None:
        """Let the user edit a keypoint's name."""
        self.edit(self.sorted.mapFromSource(self.keypoints.index(keypoint, 0)))

    def _show(self, *_: object) -> None:
        shown = self._subject.shown
        self.keypoints.show(shown)
        if shown is not None:
            self.select(self._subject.keypoint)  # resetting the model forgets the row

    def _refresh(self, *_: object) -> None:
        self.keypoints.refresh()

    def _choose(self, row: int | None) -> None:
        self._subject.keypoint = row


class SegmentTable(RowsTable):
    """A table in which the chosen row is the selected segment, and vice versa."""

    def __init__(self, subject: Subject, parent: QWidget | None = None) -> None:
        columns: list[Column[Skeleton]] = [
            # Segments are in the order of their keypoints.
            Column("Segment", "The two keypoints that the segment joins", lambda _, row: row, _ends),
            Column("Strength", "Strength in the model, from 0 to 1", lambda shown, row: float(shown.strengths[row]),
                   lambda shown, row: f"{shown.strengths[row]:.3f}"),
            Column("Length", "In file units", _length, lambda shown, row: f"{_length(shown, row):.4g}"),
        ]  # fmt: skip
        super().__init__(RowsModel(columns, lambda shown: len(shown.edges)), "Segments", parent)
        self._subject = subject
        self.chosen.connect(self._choose)
        for signal in ("prediction", "preview", "garment", "frame"):
            subject.events[signal].connect(self._show)
        subject.events.segment.connect(self.select)

    def _show(self, *_: object) -> None:
        shown = self._subject.shown
        self.rows.show(shown)
        if shown is not None:
            self.select(self._subject.segment)

    def _choose(self, row: int | None) -> None:
        self._subject.segment = row


class KeypointPanel(QWidget):
    """The table of keypoints.

    Warnings about the keypoints are above it; the measured distance, or a description of a clicked place, is below.
    """

    def __init__(self, view: View, actions: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subject = view.subject
        self._place: Probe | None = None
        self.table = KeypointTable(view, actions)
        self.label = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.label.setContentsMargins(8, 4, 8, 6)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.caveats = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.caveats.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.caveats)
        layout.addWidget(self.table, stretch=1)
        layout.addWidget(self.label)
        for name in ("keypoint", "other", "distance", "labels"):
            self._subject.events[name].connect(self._refresh)
        for name in ("garment", "frame", "prediction"):  # the place is on a surface that has moved
            self._subject.events[name].connect(self._forget_place)
        for name in ("prediction", "preview", "garment", "frame"):
            self._subject.events[name].connect(self._show_caveats)
        self._refresh()
        self._show_caveats()

    def _show_caveats(self, *_: object) -> None:
        explained = self._subject.explained
        self.caveats.setText("\n".join(explained.caveats) if explained is not None else "")
        self.caveats.setVisible(bool(self.caveats.text()))

    def show_place(self, probes: Sequence[Probe]) -> None:
        """Describe the nearest of some places, with each keypoint's weight there."""
        self._place = probes[0] if probes and probes[0].kind in {"surface", "slice"} else None
        self._refresh()

    def _forget_place(self, *_: object) -> None:
        self._place = None
        self._refresh()

    def _told_of_place(self) -> str:
        place = self._place
        if place is None or self._subject.shown is None:
            return ""
        text = describe(place, self._subject)
        if place.weights is None:
            return text
        weights = (f"{self._subject.labels.title(index)}: {weight:.1%}" for index, weight in enumerate(place.weights))
        return (
            f"{text.partition('  weights')[0]}\nWeights here, relative to each keypoint's largest: {', '.join(weights)}"
        )

    def _refresh(self, *_: object) -> None:
        self.label.setText(self._measured() or self._told_of_place())
        self.label.setVisible(bool(self.label.text()))

    def _measured(self) -> str:
        subject = self._subject
        if subject.keypoint is None or subject.shown is None:
            return ""
        title = subject.labels.title(subject.keypoint)
        if subject.other is None or subject.distance is None:
            return f"Ctrl+click another keypoint to measure its distance from {title}."
        found = subject.distance
        along = "along the cloth: …"
        if found.settled:
            along = f"{found.along:.4g} along the cloth" if found.along is not None else "not joined by cloth"
        ends = f"{title} to {subject.labels.title(subject.other)}"
        return f"{ends}: {found.straight:.4g} straight, {along} (file units)"


def _ends(shown: Skeleton, row: int) -> str:
    return "–".join(str(end) for end in shown.edges[row])


def _length(shown: Skeleton, row: int) -> float:
    start, end = shown.keypoints[shown.edges[row]]
    return float(np.linalg.norm(end - start))


def _swatch(colour: QColor) -> QIcon:
    swatch = QPixmap(12, 12)
    swatch.fill(colour)
    icon = QIcon(swatch)
    icon.addPixmap(swatch, QIcon.Mode.Selected)  # else a selected row would tint it
    return icon
