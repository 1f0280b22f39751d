"""The table of an evaluation: methods as rows, garments below each, metrics as columns."""

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from app.state.document import OpenMethod
from app.state.evaluation import TITLES, Cell, Evaluation, Sight
from app.views.tables import SORT
from keygrid.evaluation.metrics import METRICS
from keygrid.evaluation.statistics import Interval

INTERVAL = Qt.ItemDataRole.UserRole + 1
"""Item role of the interval of a mean, as text."""

PAD, GAP = 8, 6
"""Space beside a number, and between it and its interval, in logical pixels."""

WORST_TIP = "Click to see the worst frame"
Index = QModelIndex | QPersistentModelIndex


class NumberDelegate(QStyledItemDelegate):
    """Aligns numbers vertically, with or without an interval."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the number right-aligned in its own column, followed by the interval in a paler colour."""
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        text, interval, known = drawn.text, index.data(INTERVAL) or "", drawn.widget
        drawn.text = ""
        style = known.style() if known is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, drawn, painter, known)
        selected = bool(drawn.state & QStyle.StateFlag.State_Selected)
        roles = QPalette.ColorRole
        colour = drawn.palette.color(roles.HighlightedText if selected else roles.Text)
        number = drawn.fontMetrics.horizontalAdvance("0.000") + PAD
        rect = QRect(drawn.rect.left(), drawn.rect.top(), number, drawn.rect.height())
        painter.save()
        painter.setPen(colour)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        if interval:
            painter.setPen(colour if selected else drawn.palette.color(roles.PlaceholderText))
            rest = drawn.rect.adjusted(number + GAP, 0, 0, 0)
            painter.drawText(rest, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, interval)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Return the size of the number and its interval."""
        metrics, interval = option.fontMetrics, index.data(INTERVAL) or ""
        width = metrics.horizontalAdvance("0.000") + 2 * PAD
        if interval:
            width += GAP + metrics.horizontalAdvance(interval)
        return QSize(width, metrics.lineSpacing() + PAD // 2)


class ScoreModel(QAbstractItemModel):
    """Methods as rows, each with the garments that it was scored on below it.

    Args:
        evaluation: the results.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        super().__init__()
        self._evaluation = evaluation
        self.methods: list[OpenMethod] = []
        self.keys: list[str] = []
        self._cells: list[list[Cell]] = []
        self._means: list[list[tuple[float | None, str]]] = []

    def refresh(self) -> None:
        """Show the results so far."""
        evaluation = self._evaluation
        self.beginResetModel()
        self.keys = evaluation.keys
        self.methods = [method for method in evaluation.judged if evaluation.of(method)]
        self._cells = [evaluation.of(method) for method in self.methods]
        self._means = [
            [(evaluation.mean(method, key), _bounds(evaluation.interval(method, key))) for key in self.keys]
            for method in self.methods
        ]
        self.endResetModel()

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        """Return the index of a method, or of a garment below a method."""
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        """Return the index of the method above a garment."""
        above = index.internalId()
        return self.createIndex(above - 1, 0, 0) if above else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        if not parent.isValid():
            return len(self.methods)
        return len(self._cells[parent.row()]) if not parent.internalId() and parent.column() == 0 else 0

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 1 + len(self.keys)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation != Qt.Orientation.Horizontal or section > len(self.keys):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[self.keys[section - 1]] if section else "Method"
        if role == Qt.ItemDataRole.ToolTipRole and section:
            key = self.keys[section - 1]
            tip = METRICS[key].description if key in METRICS else TITLES[key]
            return tip[0].upper() + tip[1:]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if index.column() == 0:
            title = self._title(index)
            return title if role == Qt.ItemDataRole.DisplayRole else title.casefold() if role == SORT else None
        value, interval = self._value(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return "–" if value is None else f"{value:.3f}"
        if role == SORT:
            return float("inf") if value is None else value
        if role == INTERVAL:
            return interval
        sight = self.sight(index) if role == Qt.ItemDataRole.ToolTipRole else None
        if sight is not None:
            return f"{WORST_TIP}: {sight[1].motion}, frame {sight[1].frame}, {sight[1].value:.3f}"
        return None

    def sight(self, index: Index) -> tuple[OpenMethod, Sight] | None:
        """Return the method and the worst frame of a number; None if there is none."""
        if not index.isValid() or index.column() == 0:
            return None
        key, above = self.keys[index.column() - 1], index.internalId()
        method = self.methods[above - 1 if above else index.row()]
        cells = [self._cells[above - 1][index.row()]] if above else self._cells[index.row()]
        sights = [cell.worst[key] for cell in cells if key in cell.worst]
        if not sights:
            return None
        higher = key in METRICS and METRICS[key].better == "higher"
        return method, (min if higher else max)(sights, key=lambda sight: sight.value)

    def _title(self, index: Index) -> str:
        above = index.internalId()
        return self._cells[above - 1][index.row()].garment if above else self.methods[index.row()].title

    def _value(self, index: Index) -> tuple[float | None, str]:
        above, place = index.internalId(), index.column() - 1
        if above:
            return self._cells[above - 1][index.row()].values.get(self.keys[place]), ""
        return self._means[index.row()][place]


class ScoreTable(QTreeView):
    """Means over garments, which unfold to show each garment; clicking a number requests its worst frame.

    Args:
        evaluation: the results.
    """

    wanted = Signal(object, object)
    """A number was clicked; carries its method and `Sight`."""

    def __init__(self, evaluation: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scores = ScoreModel(evaluation)
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(self.scores)
        self.sorted.setSortRole(SORT)
        self.setModel(self.sorted)
        self._numbers, self._names = NumberDelegate(self), QStyledItemDelegate(self)
        self.setItemDelegate(self._numbers)
        self.setItemDelegateForColumn(0, self._names)
        self.setAccessibleName("Scores of methods")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setAlternatingRowColors(True)
        self.setUniformRowHeights(True)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)  # until a title is clicked, in the order of methods
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.clicked.connect(self._ask)

    def show_scores(self) -> None:
        """Show the results so far; unfolded rows stay unfolded."""
        before = [method for row, method in enumerate(self.scores.methods) if self.isExpanded(self._index(row))]
        self.scores.refresh()
        for row, method in enumerate(self.scores.methods):
            self.setExpanded(self._index(row), method in before)

    def _index(self, row: int) -> QModelIndex:
        return self.sorted.mapFromSource(self.scores.index(row, 0))

    def _ask(self, index: QModelIndex) -> None:
        found = self.scores.sight(self.sorted.mapToSource(index))
        if found is not None:
            self.wanted.emit(*found)


def _bounds(found: Interval | None) -> str:
    return "" if found is None else f"[{found.low:.3f}, {found.high:.3f}]"
