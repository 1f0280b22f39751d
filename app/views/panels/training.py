"""The panel of training runs: their progress, curves and previews."""

import math
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSlider,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionProgressBar,
    QStyleOptionViewItem,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.actions import CommandRegistry
from app.state.document import Document
from app.state.runs import Run, Runs, State
from app.views.preview import PreviewBar

if TYPE_CHECKING:
    from app.views.panels.curves import Curves

BUTTONS = ("new_run", "open_run", "pause_run", "resume_run", "stop_run")
"""The actions that have a button, by name."""

NO_RUNS = "New run starts a training run; Open run follows one that was started elsewhere."

REST_MS = 750
"""Delay after news of a run before painting, to combine several updates."""

ROW, VISIBLE = 24, 3
"""Height of a row in logical pixels, and number of visible rows."""

SMOOTHING = 60
"""Initial smoothing of the curves, in hundredths."""

ENDED = {State.STOPPED, State.FAILED, State.LOST}
"""States in which a run can be resumed from its saved state."""


class TrainingPanel(QWidget):
    """A list of runs, and the chosen one's curves, progress and preview."""

    shown = Signal()
    """The panel became visible."""

    def __init__(self, document: Document, runs: Runs, actions: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs, self._actions = runs, actions
        self._curves: Curves | None = None
        self._importing: Thread | None = None
        self.list = RunList(runs)
        self.label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label.setMinimumHeight(2 * self.label.fontMetrics().lineSpacing())  # what is below stays where it is
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(SMOOTHING)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip("Smoothing of the training curves; 0 shows them unsmoothed")
        self.log = QCheckBox("Log scale")
        self.log.setChecked(True)
        self.log.setToolTip("Show losses on a logarithmic axis")
        self.preview = PreviewBar(document, runs)
        self.checkpoint_button = self._button("open_checkpoint")
        self._layout = self._laid_out()

        self._patience = QTimer(self, interval=30)  # for the import in the other thread
        self._patience.timeout.connect(self._make_curves)
        self._rest = QTimer(self, interval=REST_MS, singleShot=True)
        self._rest.timeout.connect(self._refresh)
        self.smoothing.valueChanged.connect(self._draw)
        self.log.toggled.connect(self._draw)
        for signal in ("chosen", "runs", "epoch"):
            runs.events[signal].connect(self._refresh)
        runs.advanced.connect(self._advance)
        self._refresh()

    @property
    def curves(self) -> "Curves | None":
        """The curves, once the panel has been visible for a moment."""
        return self._curves

    def shut(self) -> None:
        """Stop the timers, and wait for a running import."""
        self._patience.stop()
        self._rest.stop()
        if self._importing is not None:
            self._importing.join()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(340, 560)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self._importing is None:
            # The window goes on meanwhile: this takes the better part of a second.
            self._importing = Thread(target=import_module, args=("pyqtgraph",), name="import pyqtgraph")
            self._importing.start()
            self._patience.start()
        self.shown.emit()
        self._refresh()

    def _laid_out(self) -> QVBoxLayout:
        buttons, below, smoothing = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        buttons.setSpacing(2)
        for name in BUTTONS:
            buttons.addWidget(self._button(name))
        buttons.addStretch()
        smoothing.addWidget(QLabel("Smoothing"))
        smoothing.addWidget(self.smoothing, stretch=1)
        smoothing.addWidget(self.log)
        below.addWidget(self.checkpoint_button)
        below.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(buttons)
        layout.addWidget(self.list)
        layout.addWidget(self.label)
        layout.addStretch(1)  # the curves' place
        layout.addLayout(smoothing)
        layout.addWidget(self.preview)
        layout.addLayout(below)
        return layout

    def _button(self, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(self._actions[name])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _make_curves(self) -> None:
        if self._importing is None or self._importing.is_alive():
            return
        self._patience.stop()
        from app.views.panels.curves import Curves

        place = self._layout.indexOf(self.label) + 1
        self._layout.takeAt(place)
        self._curves = Curves(self)
        self._layout.insertWidget(place, self._curves, stretch=1)
        self._draw()

    def _advance(self, run: Run) -> None:
        if run is not self._runs.chosen:
            return
        if run.state is not self._state:
            self._refresh()
        elif not self._rest.isActive():
            # Where software composes the window, each painting takes a twentieth of a second: not at every step.
            self._rest.start()

    def _refresh(self, *_: object) -> None:
        run = self._runs.chosen
        self.label.setText(summary(run) if run is not None else NO_RUNS)
        self._state = state = run.state if run is not None else None
        allowed = {
            "pause_run": state is State.RUNNING,
            "resume_run": state in {State.PAUSED, State.PAUSING, *ENDED},
            "stop_run": run is not None and run.state.active,
            "open_checkpoint": run is not None and run.checkpoint(self._runs.epoch) is not None,
            "forget_run": run is not None and not run.state.active,
        }
        for name, enabled in allowed.items():
            self._actions[name].setEnabled(enabled)
        kept = allowed["open_checkpoint"] or self._runs.epoch is None
        tip = (
            "Open the best checkpoint, or that of the chosen epoch"
            if kept
            else "The checkpoint of the chosen epoch was not kept"
        )
        self._actions["open_checkpoint"].setToolTip(tip)
        self._actions["stop_run"].setText("&Stop now" if state is State.STOPPING else "&Stop")
        self._draw()

    def _draw(self, *_: object) -> None:
        if self._curves is not None and self.isVisible():
            self._curves.show_run(self._runs.chosen, self.smoothing.value() / 100, log=self.log.isChecked())


class RunList(QTreeWidget):
    """One row per run: its name, state and progress; choosing one chooses it in the state."""

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self._runs = runs
        self.setAccessibleName("Runs")
        self.setHeaderLabels(["Run", "State", "Progress"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(False)
        header.resizeSection(2, 84)
        self.setItemDelegateForColumn(2, _Bar(self))
        self.setFixedHeight(header.sizeHint().height() + VISIBLE * ROW + 4)
        self.currentItemChanged.connect(self._chosen)
        runs.events.runs.connect(self._rebuild)
        runs.events.chosen.connect(self._select)
        runs.advanced.connect(self._refresh)
        self._rebuild()

    def _rebuild(self, *_: object) -> None:
        with QSignalBlocker(self):
            self.clear()
            for run in self._runs.runs:
                item = QTreeWidgetItem([run.name])
                item.setData(0, Qt.ItemDataRole.UserRole, run)
                item.setToolTip(0, str(run.directory))
                self.addTopLevelItem(item)
                self._refresh(run)
        self._select()

    def _items(self) -> list[QTreeWidgetItem]:
        return [item for place in range(self.topLevelItemCount()) if (item := self.topLevelItem(place)) is not None]

    def _refresh(self, run: Run) -> None:
        for item in self._items():
            if item.data(0, Qt.ItemDataRole.UserRole) is run:
                item.setText(1, str(run.state))
                item.setToolTip(1, run.message)
                item.setData(2, Qt.ItemDataRole.DisplayRole, round(100 * run.progress))
                role = QPalette.ColorRole.BrightText if run.message else QPalette.ColorRole.Text
                item.setForeground(1, self.palette().color(role))

    def _select(self, *_: object) -> None:
        chosen = [item for item in self._items() if item.data(0, Qt.ItemDataRole.UserRole) is self._runs.chosen]
        with QSignalBlocker(self):
            if chosen:
                self.setCurrentItem(chosen[0])
            else:
                self.clearSelection()

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._runs.choose(item.data(0, Qt.ItemDataRole.UserRole))


class _Bar(QStyledItemDelegate):
    """Paints a percentage as a bar."""

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return super().sizeHint(option, index).expandedTo(QSize(0, ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        widget: Any = option.widget
        bar = QStyleOptionProgressBar()
        bar.rect = option.rect.adjusted(3, 2, -3, -2)
        bar.palette = widget.palette()
        bar.state = QStyle.StateFlag.State_Enabled | QStyle.StateFlag.State_Horizontal
        bar.maximum, bar.progress = 100, int(index.data() or 0)
        bar.text, bar.textVisible = f"{bar.progress} %", True
        bar.textAlignment = Qt.AlignmentFlag.AlignCenter
        widget.style().drawControl(QStyle.ControlElement.CE_ProgressBar, bar, painter, widget)


def summary(run: Run) -> str:
    """Describe the progress of a run in one line, or the reason why it ended."""
    history = run.history
    if run.message:
        return run.message
    parts = []
    if run.epochs:
        # Epochs are counted when they are done, and named while they are under way.
        under_way = min(history.epoch + run.state.active, run.epochs)
        parts.append(f"epoch {under_way} of {run.epochs}")
    if history.steps:
        parts.append(f"step {history.step} of {history.steps}")
    if run.state in {State.RUNNING, State.PAUSING, State.STOPPING} and history.pace > 0:
        parts.append(f"{history.pace:.3g} steps/s")
        if math.isfinite(history.seconds_left):
            parts.append(f"{duration(history.seconds_left)} left")
    if run.state.active and history.memory:
        parts.append(f"{history.memory / 1e6:.0f} MB")
    # A line breaks between the parts only.
    return " · ".join(part.replace(" ", "\u00a0") for part in parts) or f"{str(run.state).capitalize()}…"


def duration(seconds: float) -> str:
    """Return a duration in words, in up to two units."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
