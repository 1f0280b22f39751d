"""The table of an evaluation: methods as rows, garments below each, metrics as columns."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QStandardItem, QStandardItemModel
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

INTERVAL = Qt.ItemDataRole.UserRole + 1
"""The role of the interval of a mean, as text."""

SIGHT = Qt.ItemDataRole.UserRole + 2
"""The role of the method and the frame that a click shows; None where there is none."""

PAD, GAP = 8, 6
"""Room beside a number, and between it and its interval, in the user's pixels."""

WORST_TIP = "A click shows the worst frame"
Index = QModelIndex | QPersistentModelIndex


class NumberDelegate(QStyledItemDelegate):
    """Draws numbers below each other, whether an interval follows or not."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the number right-aligned in its own room, and the interval, paler, after it."""
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
        """Return room for the number and its interval."""
        metrics, interval = option.fontMetrics, index.data(INTERVAL) or ""
        width = metrics.horizontalAdvance("0.000") + 2 * PAD
        if interval:
            width += GAP + metrics.horizontalAdvance(interval)
        return QSize(width, metrics.lineSpacing() + PAD // 2)


class ScoreTable(QTreeView):
    """Means over garments, and what they are means of; a click on a number asks for its worst frame.

    Args:
        evaluation: what was found.
    """

    wanted = Signal(object, object)
    """The method and the `Sight` of a number that was clicked."""

    def __init__(self, evaluation: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._evaluation = evaluation
        self.rows = QStandardItemModel(self)
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(self.rows)
        self.sorted.setSortRole(SORT)
        self.setModel(self.sorted)
        self.setItemDelegate(NumberDelegate(self))
        self._names = QStyledItemDelegate(self)
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
        """Take in what was found until now; what is folded stays so."""
        evaluation, keys = self._evaluation, self._evaluation.keys
        unfolded = {
            self.rows.item(row).text() for row in range(self.rows.rowCount()) if self.isExpanded(self._index(row))
        }
        self.rows.clear()
        self.rows.setHorizontalHeaderLabels(["Method", *(TITLES[key] for key in keys)])
        for column, key in enumerate(keys, start=1):
            tip = METRICS[key].description if key in METRICS else TITLES[key]
            self.rows.horizontalHeaderItem(column).setToolTip(f"{tip[0].upper()}{tip[1:]}")
        for method in evaluation.judged:
            cells = evaluation.of(method)
            if cells:
                items = [_name(method.title), *(self._mean(method, key, cells) for key in keys)]
                for cell in cells:
                    items[0].appendRow([_name(cell.garment), *(_value(method, key, cell) for key in keys)])
                self.rows.appendRow(items)
        for row in range(self.rows.rowCount()):
            self.setExpanded(self._index(row), self.rows.item(row).text() in unfolded)

    def _index(self, row: int) -> QModelIndex:
        return self.sorted.mapFromSource(self.rows.index(row, 0))

    def _mean(self, method: OpenMethod, key: str, cells: list[Cell]) -> QStandardItem:
        mean, found = self._evaluation.mean(method, key), self._evaluation.interval(method, key)
        interval = "" if found is None else f"[{found.low:.3f}, {found.high:.3f}]"
        item = _number(mean, interval)
        higher = key in METRICS and METRICS[key].better == "higher"
        sights = [cell.worst[key] for cell in cells if key in cell.worst]
        if sights:
            worst = (min if higher else max)(sights, key=lambda sight: sight.value)
            _lead(item, method, worst)
        return item

    def _ask(self, index: QModelIndex) -> None:
        found = index.data(SIGHT)
        if found is not None:
            self.wanted.emit(*found)


def _name(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setData(text.casefold(), SORT)
    return item


def _number(value: float | None, interval: str = "") -> QStandardItem:
    item = QStandardItem("–" if value is None else f"{value:.3f}")
    item.setData(float("inf") if value is None else value, SORT)
    item.setData(interval, INTERVAL)
    return item


def _value(method: OpenMethod, key: str, cell: Cell) -> QStandardItem:
    item = _number(cell.values.get(key))
    if key in cell.worst:
        _lead(item, method, cell.worst[key])
    return item


def _lead(item: QStandardItem, method: OpenMethod, sight: Sight) -> None:
    item.setData((method, sight), SIGHT)
    item.setToolTip(f"{WORST_TIP}: {sight.motion}, frame {sight.frame}, {sight.value:.3f}")
