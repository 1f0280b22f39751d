"""The table of keypoints, linked with the view."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelection, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.state.document import Document
from app.state.runs import Preview
from keygrid.palette import colours
from keygrid.prediction import Prediction

COLUMNS = ("#", "x", "y", "z", "Vertex", "Conf.")
TIPS = (
    "Keypoint",
    "Position in file units",
    "Position in file units",
    "Position in file units",
    "Nearest vertex of the garment",
    "Confidence: 1 where all of the keypoint's weight is in one place, 0 where it is spread over the whole cloud",
)

Index = QModelIndex | QPersistentModelIndex


class KeypointModel(QAbstractTableModel):
    """A prediction's keypoints as rows; a training's preview has neither vertices nor confidences."""

    def __init__(self) -> None:
        super().__init__()
        self._prediction: Prediction | Preview | None = None

    def show(self, prediction: Prediction | Preview | None) -> None:
        """Show another prediction's keypoints; the same rows with other numbers where there are as many."""
        shown = self._prediction
        if shown is prediction:
            return
        if shown is not None and prediction is not None and len(shown.keypoints) == len(prediction.keypoints):
            self._prediction = prediction
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self._prediction = prediction
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if self._prediction is None or parent.isValid() else len(self._prediction.keypoints)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._prediction is None:
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column > 0:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(*colours(len(self._prediction.keypoints))[row].tolist()))
            icon = QIcon(swatch)
            icon.addPixmap(swatch, QIcon.Mode.Selected)  # else a selected row would tint it
            return icon
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(self._prediction, row, column)
        return None

    @staticmethod
    def _text(prediction: Prediction | Preview, row: int, column: int) -> str:
        if column == 0:
            return str(row)
        if column <= 3:
            return f"{prediction.keypoints[row, column - 1]:.4g}"
        if isinstance(prediction, Preview):
            return "–"
        if column == 4:
            return str(prediction.vertices[row])
        return f"{prediction.confidence[row]:.2f}"


class KeypointTable(QTableView):
    """Choosing a row selects the keypoint, and the other way round."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._model = KeypointModel()
        self.setModel(self._model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName("Keypoints")
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setHighlightSections(False)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.selectionModel().selectionChanged.connect(self._chosen)
        for signal in ("prediction", "preview", "garment", "frame"):
            document.events[signal].connect(self._show)
        document.events.keypoint.connect(self._select)

    def _show(self, *_: object) -> None:
        shown = self._document.shown
        self._model.show(shown)
        if shown is not None:
            self._select(self._document.keypoint)  # resetting the model forgets the row

    def _chosen(self, selected: QItemSelection, _deselected: QItemSelection) -> None:
        rows = selected.indexes()
        self._document.keypoint = rows[0].row() if rows else None

    def _select(self, keypoint: int | None) -> None:
        if keypoint is None:
            self.clearSelection()
        elif keypoint < self._model.rowCount() and not self.selectionModel().isRowSelected(keypoint, QModelIndex()):
            self.selectRow(keypoint)
