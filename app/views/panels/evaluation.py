"""The panel "Evaluate": choices, progress, scores, kinds of places and curves."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QSpinBox,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTabWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.actions import CommandRegistry, plain
from app.state.document import OpenMethod
from app.state.evaluation import CURVES, KINDS, TURNS, Evaluation, can_be_judged
from app.state.runs import Curve
from app.state.workspace import Workspace
from app.views.panels.scores import ScoreTable
from app.views.tables import Column, Index, RowsModel, RowsTable
from keygrid.data.collection import Entry

if TYPE_CHECKING:
    from app.views.panels.curves import Plot  # imports pyqtgraph, which takes a moment

WHAT = Qt.ItemDataRole.UserRole
"""Item role of a method's specification, or of the paths of a garment's motions."""

SETUP_WIDTH = 280
"""Width of the list of choices, in logical pixels."""

TURN_TITLES = {"yaw": "About the vertical", "none": "Not at all", "full": "Any rotation"}
HINT = "Tick methods and moving garments, then click Evaluate; the table fills in as they are scored."
CHARTED = "strict"
"""Key of the metric in the charts."""

PROGRESS = ("running", "done", "cells", "options", "seconds_left")
FOUND = ("cells", "levels", "judged")
"""Attributes of the evaluation that hold its progress and its results."""

_DASHES = (
    Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)  # fmt: skip


class BoxDelegate(QStyledItemDelegate):
    """Draws check boxes with an outline that is visible in any theme; Fusion's is darker than a dark window."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: N802
        """Use the colour of pale text for the outline, which Fusion derives from the window's colour."""
        super().initStyleOption(option, index)
        palette = QPalette(option.palette)
        palette.setColor(QPalette.ColorRole.Window, palette.color(QPalette.ColorRole.PlaceholderText))
        option.palette = palette


class Choice(QTreeWidget):
    """A list of methods and garments with check boxes.

    Args:
        state: holds the available methods and garments.
    """

    def __init__(self, state: Workspace) -> None:
        super().__init__()
        self._state, self._evaluation = state, state.evaluation
        self.setHeaderHidden(True)
        self.setAccessibleName("Methods and garments to evaluate")
        self._boxes = BoxDelegate(self)
        self.setItemDelegate(self._boxes)
        self.itemChanged.connect(self._take)

    def show_choice(self) -> None:
        """List the available methods and garments."""
        evaluation, document = self._evaluation, self._state.document
        folded = {item.text(0) for item in self._sections() if not item.isExpanded()}
        with QSignalBlocker(self):
            self.clear()
            methods = self._section("Methods")
            for method in document.methods:
                _box(methods, method.title, method.id.spec, on=method.id.spec in evaluation.methods)
            opened = self._section("Open garments that move")
            known = [g for g in document.garments if can_be_judged(g)]
            for garment in known:
                _box(opened, garment.name, (garment.source,), on=garment.source in evaluation.garments)
            if not known:
                QTreeWidgetItem(opened, ["none"]).setDisabled(True)
            shipped = self._section("Shipped, test split")
            for name, paths in garments_to_test(self._state.shelf.shipped).items():
                title = f"{name} ({len(paths)} motion{'s' if len(paths) > 1 else ''})"
                _box(shipped, title, paths, on=evaluation.garments.issuperset(paths))
            for item in self._sections():
                item.setExpanded(item.text(0) not in folded)

    def _sections(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(row) for row in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _section(self, title: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem(self, [title])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        return item

    def _take(self, item: QTreeWidgetItem) -> None:
        what, on = item.data(0, WHAT), item.checkState(0) == Qt.CheckState.Checked
        evaluation = self._evaluation
        if isinstance(what, str):
            evaluation.methods = evaluation.methods | {what} if on else evaluation.methods - {what}
        elif what is not None:
            evaluation.garments = evaluation.garments | set(what) if on else evaluation.garments - set(what)


class KindTable(RowsTable):
    """Shares of keypoints by the kind of place at which they are found, with a row per method."""

    def __init__(self, evaluation: Evaluation) -> None:
        columns: list[Column[list[OpenMethod]]] = [
            Column("Method", "The method", lambda rows, row: rows[row].title.casefold(),
                   lambda rows, row: rows[row].title),
            *(self._share(evaluation, key, title) for key, title in KINDS.items()),
        ]  # fmt: skip
        super().__init__(RowsModel(columns, len), "Kinds of places")
        self._evaluation = evaluation

    def show_kinds(self) -> None:
        """Show the results so far."""
        self.rows.show([method for method in self._evaluation.judged if self._evaluation.of(method)])

    @staticmethod
    def _share(evaluation: Evaluation, key: str, title: str) -> Column[list[OpenMethod]]:
        def value(rows: list[OpenMethod], row: int) -> float:
            cells = evaluation.of(rows[row])
            return sum(cell.kinds[key] for cell in cells) / max(len(cells), 1)

        return Column(title.capitalize(), f"Share of keypoints in all frames: {title}", value,
                      lambda rows, row: f"{value(rows, row):.3f}")  # fmt: skip


class Levels(QWidget):
    """A chart of the strict error for each disturbance."""

    def __init__(self, evaluation: Evaluation) -> None:
        super().__init__()
        self._evaluation = evaluation
        self.plots: dict[str, Plot] = {}
        self.label = QLabel("Choose curves on the left, then click Evaluate.", alignment=Qt.AlignmentFlag.AlignCenter)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(4, 4, 4, 4)
        self._layout.addWidget(self.label)

    def show_levels(self) -> None:
        """Draw the results so far."""
        levels = self._evaluation.levels
        self.label.setVisible(not levels)
        for kind, title in CURVES.items():
            some = [level for level in levels if level.kind == kind and CHARTED in level.values]
            if some and kind not in self.plots:
                self._make(kind, title)
            if kind in self.plots:
                plot = self.plots[kind]
                plot.setVisible(bool(some))
                plot.begin(log=False)
                for place, method in enumerate(dict.fromkeys(level.method for level in some)):
                    curve = Curve()
                    for level in sorted((one for one in some if one.method == method), key=lambda one: one.level):
                        curve.add(level.level, level.values[CHARTED])
                    plot.draw(method, curve, style=_DASHES[place % len(_DASHES)])
                plot.finish("strict error")

    def _make(self, kind: str, title: str) -> None:
        from app.views.panels.curves import Plot

        self.plots[kind] = plot = Plot(f"Strict error: {title}", across=title.lower())
        plot.recoloured.connect(self.show_levels)
        self._layout.addWidget(plot)


class EvaluationPanel(QWidget):
    """Choices of an evaluation on the left, and results on the right."""

    wanted = Signal(object, object)
    """A number was clicked; carries its method and `Sight`."""

    def __init__(self, state: Workspace, commands: CommandRegistry) -> None:
        super().__init__()
        self._state, self._evaluation, self._commands = state, state.evaluation, commands
        self.choice, self.scores = Choice(state), ScoreTable(state.evaluation)
        self.kinds, self.levels = KindTable(state.evaluation), Levels(state.evaluation)
        self.scores.wanted.connect(self.wanted)
        self.turn, self.every = QComboBox(), QSpinBox(minimum=1, maximum=1000, prefix="1 frame in ")
        for turn in TURNS:
            self.turn.addItem(TURN_TITLES[turn], turn)
        self.turn.setToolTip("How each frame is turned before a method sees it")
        self.turn.setAccessibleName("Turn frames")
        self.every.setToolTip("Score only every Nth frame of each motion")
        self.every.setAccessibleName("Frames")
        self.curves = self._curve_button()
        self.progress = QProgressBar(textVisible=False)
        self.label = QLabel(HINT, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.tabs = QTabWidget()
        for title, widget in (("Scores", self.scores), ("Kinds of places", self.kinds), ("Curves", self.levels)):
            self.tabs.addTab(widget, title)
        self._lay_out()
        self._refreshing = QTimer(self, singleShot=True, interval=0)
        self._refreshing.timeout.connect(self._refresh)
        self._filling = QTimer(self, singleShot=True, interval=0)
        self._filling.timeout.connect(self._fill)
        self._listing = QTimer(self, singleShot=True, interval=0)
        self._listing.timeout.connect(self.choice.show_choice)
        self.turn.activated.connect(self._change)
        self.every.valueChanged.connect(self._change)
        for name in PROGRESS:
            self._evaluation.events[name].connect(self._refresh_soon)
        for name in FOUND:
            self._evaluation.events[name].connect(self._fill_soon)
        for group, name in (
            (state.document.events, "garments"), (state.document.events, "methods"), (state.shelf.events, "shipped"),
            (self._evaluation.events, "methods"), (self._evaluation.events, "garments"),
        ):  # fmt: skip
            group[name].connect(self._list_soon)
        self._refresh()

    def shut(self) -> None:
        """Stop updating."""
        for timer in (self._refreshing, self._filling, self._listing):
            timer.stop()
        for name in PROGRESS:
            self._evaluation.events[name].disconnect(self._refresh_soon)
        for name in FOUND:
            self._evaluation.events[name].disconnect(self._fill_soon)

    def _lay_out(self) -> None:
        setup, options, buttons = QVBoxLayout(), QHBoxLayout(), QHBoxLayout()
        setup.setSpacing(4)
        for widget in (self.turn, self.every, self.curves):
            options.addWidget(widget)
        for name in ("evaluate", "cancel_evaluation", "save_evaluation"):
            button = QToolButton(toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setDefaultAction(self._commands[name])
            button.setText(plain(self._commands[name].text()))
            buttons.addWidget(button)
        buttons.addStretch()
        left = QWidget()
        left.setMinimumWidth(SETUP_WIDTH)
        left.setMaximumWidth(round(1.4 * SETUP_WIDTH))
        left.setLayout(setup)
        setup.setContentsMargins(0, 0, 0, 0)
        setup.addWidget(self.choice, stretch=1)
        setup.addLayout(options)
        setup.addLayout(buttons)
        setup.addWidget(self.progress)
        setup.addWidget(self.label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 4)
        layout.addWidget(left)
        layout.addWidget(self.tabs, stretch=1)

    def _curve_button(self) -> QToolButton:
        button, menu = QToolButton(), QMenu(self)
        button.setText("Curves")
        button.setToolTip("Also score garments as noise grows or points go missing, level by level")
        for kind, title in CURVES.items():
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setData(kind)
            action.toggled.connect(self._change)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _change(self, *_: object) -> None:
        kinds = tuple(action.data() for action in self.curves.menu().actions() if action.isChecked())
        options = self._evaluation.options
        self._evaluation.options = replace(
            options, turn=self.turn.currentData(), every=self.every.value(), curves=kinds
        )

    def _list_soon(self, *_: object) -> None:
        self._listing.start()

    def _fill_soon(self, *_: object) -> None:
        self._filling.start()

    def _refresh_soon(self, *_: object) -> None:
        self._refreshing.start()

    def _refresh(self) -> None:
        evaluation = self._evaluation
        with QSignalBlocker(self.turn), QSignalBlocker(self.every):
            self.turn.setCurrentIndex(self.turn.findData(evaluation.options.turn))
            self.every.setValue(evaluation.options.every)
        self.progress.setVisible(evaluation.running)
        self.progress.setRange(0, evaluation.total)  # an empty range moves without end
        self.progress.setValue(evaluation.done)
        self.label.setText(self._told())

    def _fill(self) -> None:
        self.scores.show_scores()
        self.kinds.show_kinds()
        self.levels.show_levels()

    def _told(self) -> str:
        evaluation = self._evaluation
        if evaluation.running:
            left = evaluation.seconds_left
            time = "" if left is None else f", {_in_words(left)} left"
            return f"{evaluation.done} of {evaluation.total} frames{time}" if evaluation.total else "Starting…"
        if not evaluation.cells:
            return HINT
        stopped = "" if evaluation.done >= evaluation.total else " Cancelled before the end."
        return f"Click a number to see its worst frame.{stopped}"


def garments_to_test(entries: Iterable[Entry]) -> dict[str, tuple[Path, ...]]:
    """Return the motions of each shipped garment of the test split, by the garment's name."""
    found: dict[str, tuple[Path, ...]] = {}
    for entry in entries:
        if entry.split == "test":
            name = "-".join(entry.name.split("-")[:2])
            found[name] = (*found.get(name, ()), entry.path)
    return found


def _box(section: QTreeWidgetItem, title: str, what: object, *, on: bool) -> None:
    item = QTreeWidgetItem(section, [title])
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
    item.setData(0, WHAT, what)
    item.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


def _in_words(seconds: float) -> str:
    return f"{max(round(seconds), 1)} s" if seconds < 90 else f"{round(seconds / 60)} min"
