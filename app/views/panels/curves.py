"""Losses and scores over steps. Import this module only when needed: it imports pyqtgraph, which takes a moment."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.state.runs import Curve, Run, smoothed
from app.views.theme import is_dark
from keygrid.evaluation.metrics import METRICS

MOST = 300
"""Points of a drawn curve: about as many as the plot has pixels."""

FEW = 10
"""Points of a curve that are marked; more marks would hide that a line is dashed."""

FAINT = 80
"""Opacity, from 0 to 255, of curves before smoothing."""

WIDTH = 1.5
"""Width of a line, in logical pixels."""

AXIS = 46
"""Width of an axis with its numbers, in logical pixels."""

ROOM = 13
"""Distance between the marks of a logarithmic axis, in logical pixels; below it, their numbers overlap."""

MARKS = (range(1, 10), (1, 2, 5), (1, 3), (1,))
"""Leading digits of the numbers that can have marks, from dense to sparse."""

GOLDEN = 0.381966
"""Share of the circle of hues between further colours: each falls into the widest gap between those before it."""

COLOURS = {
    "light": ("#1f6fb2", "#c8501e", "#1a7f4b", "#8447b8", "#a87900", "#0b9aa8", "#c2337f"),
    "dark": ("#6cb2f0", "#f2a25c", "#63d29b", "#c9a0f5", "#e8d44d", "#5fd7e0", "#f58ab8"),
}
"""Colours of lines by theme, distinct in hue and, for the colour-blind, in lightness; further ones are computed."""


class Curves(QWidget):
    """A run's training and validation losses, and below them its scores, if it has any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self._smoothing, self._log = 0.0, True
        self.losses, self.scores = Plot("Losses"), Plot("Scores")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.losses, stretch=3)
        layout.addWidget(self.scores, stretch=2)
        self.scores.plot.setXLink(self.losses.plot)
        for plot in (self.losses, self.scores):
            plot.recoloured.connect(self._draw)
        self.scores.hide()

    def show_run(self, run: Run | None, smoothing: float, *, log: bool) -> None:
        """Draw a run's known curves, with losses on a logarithmic axis if asked."""
        self._run, self._smoothing, self._log = run, smoothing, log
        self._draw()

    def _draw(self) -> None:
        history = self._run.history if self._run is not None else None
        training, validation = (history.training, history.validation) if history is not None else ({}, {})
        known = history.scores if history is not None else {}
        # Shares, for which higher is better, would flatten the curves of distances.
        shown = [metric for metric in METRICS.values() if metric.brief and metric.better == "lower"]
        scores = {metric.short: known[metric.key] for metric in shown if metric.key in known}
        self.losses.begin(log=self._log)
        for name, curve in training.items():
            self.losses.draw(name, curve, self._smoothing)
        for name, curve in validation.items():
            self.losses.mark(name, curve)
        self.scores.begin(log=False)
        for name, curve in scores.items():
            self.scores.mark(name, curve, tell=True)
        self.losses.plot.showLabel("bottom", not scores)  # the lower plot has the same steps
        self.losses.setVisible(bool(training or validation))  # numbers along empty axes would be meaningless
        self.scores.setVisible(bool(scores))
        self.losses.finish("dashed: validation" if validation else "")
        self.scores.finish()


class Plot(QWidget):
    """Curves by title, in the theme's colours, below a legend.

    Redrawn curves change in place.

    Args:
        title: title for screen readers.
        across: title of the horizontal axis.
    """

    recoloured = Signal()
    """The curves were removed, because their colours have changed."""

    def __init__(self, title: str, across: str = "step") -> None:
        super().__init__()
        self.setMinimumHeight(90)
        self.lines: dict[str, Any] = {}
        self._drawn: set[str] = set()
        self._subjects: dict[str, str] = {}  # and the text beside the name of each
        self._log: bool | None = None
        self.legend = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        view = pg.PlotWidget(enableMenu=False, axisItems={"left": _Axis("left")})
        view.setAccessibleName(title)
        self.view, self.plot = view, view.getPlotItem()
        self.plot.showGrid(x=True, y=True, alpha=0.15)
        self.plot.setLabel("bottom", across)
        for side in ("bottom", "left"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.plot.getAxis("left").setWidth(AXIS)  # the same in both plots, so that steps are aligned
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.legend)
        layout.addWidget(view, stretch=1)
        self._recolour()

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        return (
            False  # although the legend has one: curves make room for its lines, and plots share space by their stretch
        )

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "plot"):
            self._recolour()

    def _recolour(self) -> None:
        palette = self.palette()
        text, base = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
        self._theme = "dark" if is_dark(palette) else "light"
        self.view.setBackground(base)
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(text)
            self.plot.getAxis(side).setTextPen(text)
        for title in list(self.lines):
            self._remove(title)
        self.recoloured.emit()

    def begin(self, *, log: bool) -> None:
        """Begin a drawing; `finish` removes lines that were not drawn again."""
        self._drawn, self._subjects = set(), {}
        if log != self._log:
            self._log = log
            self.plot.setLogMode(y=log)

    def draw(
        self, subject: str, curve: Curve, smoothing: float = 0.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine
    ) -> None:
        """Draw a subject's curve in the next colour; if it is smoothed, draw it over a faint original."""
        colour = self._colour(subject)
        steps, values = curve.thinned(MOST)
        if smoothing > 0:
            faint = QColor(colour)
            faint.setAlpha(FAINT)
            self._line(f"{subject}, unsmoothed", pg.mkPen(faint)).setData(steps, values)
            values = smoothed(values, smoothing)
        line = self._line(subject, pg.mkPen(colour, width=self._width, style=style), marked=len(steps) == 1)
        line.setData(steps, values)

    def mark(self, subject: str, curve: Curve, *, tell: bool = False) -> None:
        """Draw another curve of a subject, dashed and, if it has few points, with marks; `tell` adds its last value."""
        pen = pg.mkPen(self._colour(subject), width=self._width, style=Qt.PenStyle.DashLine)
        self._line(f"{subject}, dashed", pen, marked=len(curve) <= FEW).setData(*curve.thinned(MOST))
        if tell and curve:
            self._subjects[subject] = f" {curve.values[-1]:.3f}"

    def finish(self, remark: str = "") -> None:
        """Remove the curves that were not redrawn, and update the legend, which ends with the remark."""
        for title in self.lines.keys() - self._drawn:
            self._remove(title)
        names = [
            f'<span style="color: {self._colour(name).name()}">●</span> {name}{value}'
            for name, value in self._subjects.items()
        ]
        self.plot.getViewBox().updateAutoRange()  # otherwise the first painting would discover it and request another
        # Lines break only between them, so that the panel keeps its width for any number.
        kept = (f"<nobr>{text}</nobr>" for text in [*names, *([remark] if remark else [])])
        self.legend.setText("&nbsp; ".join(kept))

    @property
    def _width(self) -> float:
        return WIDTH * self.devicePixelRatioF()  # pyqtgraph counts the device's

    def _colour(self, subject: str) -> QColor:
        if subject not in self._subjects:
            self._subjects[subject] = ""
        return line_colour(list(self._subjects).index(subject), self._theme)

    def _line(self, title: str, pen: Any, *, marked: bool = False) -> Any:
        self._drawn.add(title)
        if title not in self.lines:
            marks = {"symbolSize": 5, "symbolBrush": pen.color(), "symbolPen": None}
            self.lines[title] = self.plot.plot(pen=pen, antialias=True, **marks)
        line = self.lines[title]
        line.opts["symbol"] = "o" if marked else None  # of the coming data: it is needed for a curve's first point
        return line

    def _remove(self, title: str) -> None:
        self.plot.removeItem(self.lines.pop(title))


def line_colour(place: int, theme: str) -> QColor:
    """Return the colour of the curve at an index in the theme `light` or `dark`; each index has its own colour."""
    chosen = COLOURS[theme]
    if place < len(chosen):
        return QColor(chosen[place])
    return QColor.fromHslF((place * GOLDEN) % 1, 0.65, 0.68 if theme == "dark" else 0.36)


class _Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis whose logarithmic scale has few enough marks for their numbers not to overlap."""

    def logTickValues(self, low: float, high: float, size: float, _ticks: Any) -> list[Any]:  # noqa: N802
        room = ROOM * (high - low) / max(size, 1)  # in decades
        leading = next((digits for digits in MARKS if _narrowest(digits) >= room), MARKS[-1])
        decades = range(math.floor(low), math.ceil(high) + 1)
        marks = [decade + math.log10(digit) for decade in decades for digit in leading]
        return [(1.0, [mark for mark in marks if low <= mark <= high])]

    def logTickStrings(self, marks: Sequence[float], scale: float, _spacing: float) -> list[str]:  # noqa: N802
        numbers = [10**mark * scale for mark in marks]
        return [f"{x:g}" if 0.001 <= x < 10000 else f"{x:.0e}".replace("e-0", "e-") for x in numbers]  # fits into AXIS


def _narrowest(digits: Sequence[int]) -> float:
    """Decades between the closest marks."""
    return min(math.log10(after / before) for before, after in pairwise((*digits, 10 * digits[0])))
