"""The panel of a comparison: views, links, and differences between keypoints."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.actions import CommandRegistry, plain
from app.output.pictures import widget_picture
from app.output.report import Chart
from app.state.comparison import LETTERS, LINKS, MODES, Comparison
from app.state.differences import Difference, as_text, differences
from app.state.runs import Curve
from app.state.view import View
from app.views.tables import Column, RowsModel, RowsTable

if TYPE_CHECKING:
    from app.views.panels.curves import Plot  # imports pyqtgraph, which takes a moment

# With the colours of curves, lines are told apart by hue, lightness and dashes.
_DASHES = (
    Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine, Qt.PenStyle.SolidLine,
)  # fmt: skip

DRIFT = "tolerant"
"""Key of the metric that is charted over frames."""


class DifferenceTable(RowsTable):
    """Pairs of keypoints; choosing one selects them."""

    def __init__(self, first: View, comparison: Comparison, parent: QWidget | None = None) -> None:
        columns: list[Column[list[Difference]]] = [
            Column("A", "Keypoint of A", lambda rows, i: rows[i].keypoint, lambda rows, i: rows[i].title),
            Column("View", "The other view", lambda rows, i: rows[i].letter, lambda rows, i: rows[i].letter),
            Column(
                "Partner", "Matching keypoint of the other view; keypoints are paired so that the sum of distances is "
                "smallest",
                lambda rows, i: -1 if rows[i].partner is None else rows[i].partner,
                lambda rows, i: "–" if rows[i].partner is None else str(rows[i].partner),
            ),
            Column("Now", "Distance in this frame, in file units", lambda rows, i: rows[i].now,
                   lambda rows, i: as_text(rows[i].now)),
            Column("Mean", "Mean distance over frames, in file units", lambda rows, i: rows[i].mean,
                   lambda rows, i: as_text(rows[i].mean)),
        ]  # fmt: skip
        super().__init__(RowsModel(columns, len), "Differences of keypoints", parent)
        self._first, self._comparison = first, comparison
        self.chosen.connect(self._choose)

    def show_differences(self) -> None:
        """Show the current matches."""
        self.rows.show(differences(self._first, self._comparison))

    def _choose(self, row: int | None) -> None:
        if row is not None and self.rows.rows is not None:
            self._first.subject.keypoint = self.rows.rows[row].keypoint


class Drift(QWidget):
    """Chart of keypoint drift along the cloth by frame, with a line for each view."""

    def __init__(self, first: View, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first, self._comparison = first, comparison
        self.label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.label.setContentsMargins(8, 4, 8, 0)
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.label)
        self.plot: Plot | None = None

    def show_drift(self) -> None:
        """Draw the current scores: the selected keypoint's drift, or the mean of all."""
        curves = self.curves()
        subject = self._first.subject
        chosen = "all keypoints, mean" if subject.keypoint is None else f"keypoint {subject.keypoint}"
        text = f"Layer-tolerant drift along the cloth, divided by the square root of its area: {chosen}"
        if not curves:
            text = "The chart shows drift once all frames of a moving garment are scored."
        self.label.setText(text)
        if curves and self.plot is None:
            self._make()
        plot = self.plot
        if plot is not None:
            plot.setVisible(bool(curves))
            plot.begin(log=False)
            for name, (curve, style) in curves.items():
                plot.draw(name, curve, style=style)
            plot.finish()
            self._now.setValue(self._first.subject.frame)

    def chart(self) -> Chart | None:
        """Return the chart with its caption; None if there is nothing to draw."""
        return Chart(self.label.text(), widget_picture(self)) if self.curves() else None

    def curves(self) -> dict[str, tuple[Curve, Qt.PenStyle]]:
        """Return the curves by view, each with its dash pattern."""
        found = {}
        for place, view in enumerate((self._first, *self._comparison.views)):
            measures = self._comparison.measures.get(view)
            if measures is None or DRIFT not in measures:
                continue
            keypoint = self._first.subject.keypoint
            if keypoint is not None and view is not self._first:
                match = self._comparison.matches.get(view)
                keypoint = match.partner_of(keypoint) if match is not None else None
                if keypoint is None:
                    continue
            errors = measures.parts[DRIFT]
            if keypoint is not None and keypoint >= errors.shape[1]:
                continue
            values = errors.mean(axis=1) if keypoint is None else errors[:, keypoint]
            curve = Curve()
            for frame, value in enumerate(values.tolist()):
                curve.add(frame, value)
            method = view.subject.method
            name = method.title if method is not None else ""
            found[f"{LETTERS[place]} {name}"] = curve, _DASHES[place]
        return found

    def _make(self) -> None:
        import pyqtgraph as pg

        from app.views.panels.curves import Plot

        self.plot = plot = Plot("Drift of keypoints over frames", across="frame")
        plot.recoloured.connect(self.show_drift)
        self._now = pg.InfiniteLine(pen=pg.mkPen("#888888", style=Qt.PenStyle.DotLine))
        plot.plot.addItem(self._now, ignoreBounds=True)
        self._layout.addWidget(plot)


class ComparisonPanel(QWidget):
    """A panel with the views, their links, their differences and the drift of their keypoints."""

    def __init__(self, first: View, comparison: Comparison, drift: Drift, actions: CommandRegistry) -> None:
        super().__init__()
        self._comparison = comparison
        self.table = DifferenceTable(first, comparison)
        self.table.setMinimumHeight(150)
        self.drift = drift
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(
            _buttons([actions[name] for name in ("compare_add", *(f"compare_as_{mode}" for mode in MODES))])
        )
        layout.addWidget(_boxes([actions[f"link_{link}"] for link in LINKS], "Linked:"))
        layout.addWidget(_boxes([actions["compare_arrows"], actions["compare_difference"]], "Shown:"))
        layout.addWidget(self.table, stretch=3)
        layout.addWidget(self.drift, stretch=2)
        self._refreshing = QTimer(self, singleShot=True, interval=0)
        self._refreshing.timeout.connect(self._refresh)
        for name in ("views", "matches", "measures"):
            comparison.events[name].connect(self._refresh_soon)
        for name in ("keypoint", "prediction", "labels"):
            first.subject.events[name].connect(self._refresh_soon)

    def shut(self) -> None:
        """Stop updating."""
        self._refreshing.stop()
        for name in ("views", "matches", "measures"):
            self._comparison.events[name].disconnect(self._refresh_soon)

    def _refresh_soon(self, *_: object) -> None:
        if self._comparison.active or self.table.rows.rowCount():
            self._refreshing.start()

    def _refresh(self) -> None:
        self.table.show_differences()
        self.drift.show_drift()


def _buttons(actions: list[QAction]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(8, 0, 8, 0)
    row.setSpacing(2)
    for action in actions:
        button = QToolButton(toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setDefaultAction(action)
        row.addWidget(button)
    row.addStretch()
    return row


def _boxes(actions: list[QAction], title: str) -> QWidget:
    """Return check boxes linked to checkable actions, three per row."""
    widget = QWidget()
    grid = QGridLayout(widget)
    grid.setContentsMargins(8, 0, 8, 0)
    grid.setVerticalSpacing(2)
    grid.addWidget(QLabel(title), 0, 0)
    for place, action in enumerate(actions):
        box = QCheckBox(plain(action.text()))
        box.setChecked(action.isChecked())
        box.setToolTip(action.toolTip())
        box.toggled.connect(action.setChecked)
        action.toggled.connect(box.setChecked)
        grid.addWidget(box, place // 3, 1 + place % 3)
    grid.setColumnStretch(3, 1)
    return widget
