"""Tables of predictions, which can be sorted and copied."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

SORT = Qt.ItemDataRole.UserRole
"""Item role of the value by which rows are sorted."""

Index = QModelIndex | QPersistentModelIndex
Rows = TypeVar("Rows")
"""The source of rows, such as a prediction."""


@dataclass(frozen=True)
class Column(Generic[Rows]):
    """One column.

    Attributes:
        title: text of the header.
        tip: tooltip, with the unit.
        value: returns a row's value, for sorting and copying.
        text: returns a row's displayed text; None if there is none.
    """

    title: str
    tip: str
    value: Callable[[Rows, int], Any]
    text: Callable[[Rows, int], str]


class RowsModel(QAbstractTableModel, Generic[Rows]):
    """Rows of a source that knows their number."""

    def __init__(self, columns: Sequence[Column[Rows]], count: Callable[[Rows], int]) -> None:
        super().__init__()
        self.columns, self._count = tuple(columns), count
        self.rows: Rows | None = None

    def show(self, rows: Rows | None) -> None:
        """Show another source's rows; if their number is the same, replace only their contents."""
        if self.rows is rows:
            return
        shown = self.rows
        if shown is not None and rows is not None and self._count(shown) == self._count(rows):
            self.rows = rows
            self.refresh()
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def refresh(self) -> None:
        """Update the rows' contents."""
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(self.columns) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if self.rows is None or parent.isValid() else self._count(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].tip
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.rows is None:
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() > 0:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(self.rows, index.row())
        if role == SORT:
            return column.value(self.rows, index.row())
        return None

    def csv(self, rows: Sequence[int] | None = None) -> str:
        """Return titles and rows, by default all, as comma-separated values."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([column.title for column in self.columns])
        source = self.rows
        if source is not None:
            for row in range(self.rowCount()) if rows is None else rows:
                writer.writerow([column.value(source, row) for column in self.columns])
        return text.getvalue()


class RowsTable(QTableView):
    """A table that is sorted by a click on a column's title; Ctrl+C copies it."""

    chosen = Signal(object)
    """The user chose a row, as the model counts, or None."""

    def __init__(self, model: RowsModel[Any], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = model
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(model)
        self.sorted.setSortRole(SORT)
        self.setModel(self.sorted)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        # A name may be cut, a number never.
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)  # until a title is clicked, the model's own order
        self.selectionModel().selectionChanged.connect(self._tell)

    def select(self, row: int | None) -> None:
        """Select a row, as the model counts, or none."""
        if row is None or row >= self.rows.rowCount():
            self.clearSelection()
            return
        place = self.sorted.mapFromSource(self.rows.index(row, 0))
        if not self.selectionModel().isRowSelected(place.row(), QModelIndex()):
            self.selectRow(place.row())

    def copy(self) -> None:
        """Copy all rows to the clipboard, in the current order, as comma-separated values."""
        order = [self.sorted.mapToSource(self.sorted.index(row, 0)).row() for row in range(self.sorted.rowCount())]
        QGuiApplication.clipboard().setText(self.rows.csv(order))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            return
        super().keyPressEvent(event)

    def _tell(self, *_: object) -> None:
        rows = self.selectionModel().selectedRows()
        self.chosen.emit(self.sorted.mapToSource(rows[0]).row() if rows else None)
