"""A view with its title and scores."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.state.comparison import Comparison
from app.state.document import Document, Subject, frame_text
from app.state.layers import LAYERS
from app.state.slices import COLOUR_MAPS
from app.state.view import View
from app.views.viewport import Viewport
from keygrid.evaluation.metrics import METRICS, Measures

SLICE_STEPS = 100
"""Slider positions on either side of the middle, for a view's own slice."""

NO_BREAK_SPACE, NO_BREAK_HYPHEN = "\N{NO-BREAK SPACE}", "\N{NON-BREAKING HYPHEN}"


class Pane(QFrame):
    """A viewport with its title above and its scores below, if there are several views.

    Args:
        letter: letter of the view.
        viewport: draws it.
        document: the open garments and methods.
        comparison: holds the links.
    """

    closed = Signal()
    """The user wants to remove the view."""

    def __init__(
        self, letter: str, viewport: Viewport, document: Document, comparison: Comparison, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.viewport, self.view = viewport, viewport.view
        self._document, self._comparison = document, comparison
        self.letter = QLabel(letter)
        font = self.letter.font()
        font.setBold(True)
        self.letter.setFont(font)
        self.letter.setContentsMargins(4, 0, 4, 0)
        self.methods, self.garments = _choice("Method of this view"), _choice("Garment of this view")
        self.close_button = QToolButton(autoRaise=True)
        self.close_button.setText("✕")
        self.close_button.setToolTip("Remove this view")
        self.close_button.setAccessibleName("Remove this view")
        self.close_button.clicked.connect(self.closed)
        self.header = _line(self.letter, self.methods, self.garments, self.close_button)
        self.scores = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.scores.setMinimumHeight(2 * self.scores.fontMetrics().height() + 4)  # room for what comes
        self.scores.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.scores.setContentsMargins(6, 0, 6, 2)
        self.own = OwnControls(self.view, comparison)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(viewport, stretch=1)
        layout.addWidget(self.own)
        layout.addWidget(self.scores)
        self.methods.activated.connect(self._choose_method)
        self.garments.activated.connect(self._choose_garment)
        for name in ("garments", "methods"):
            document.events[name].connect(self.refresh)
        self.frame_it(shown=False)

    def frame_it(self, *, shown: bool) -> None:
        """Show title and scores, or only the view."""
        self.header.setVisible(shown)
        self.scores.setVisible(shown)
        self.setFrameShape(QFrame.Shape.StyledPanel if shown else QFrame.Shape.NoFrame)
        self.refresh()

    def rename(self, letter: str, *, closable: bool) -> None:
        """Change the view's letter."""
        self.letter.setText(letter)
        self.close_button.setVisible(closable)
        self.own.further = closable
        self.refresh()

    @property
    def title(self) -> str:
        """Letter, method, garment and frame, for pictures and reports."""
        subject = self.view.subject
        method = subject.method.title if subject.method else "no method"
        garment = subject.garment.name if subject.garment else "no garment"
        frame = f", frame {frame_text(subject)}" if subject.frame_count else ""
        return f"{self.letter.text()}  {method} on {garment}{frame}"

    def refresh(self, *_: object) -> None:
        """Update title, scores and controls."""
        subject, document = self.view.subject, self._document
        _fill(self.methods, document.methods, subject.method, lambda known: known.title)
        _fill(self.garments, document.garments, subject.garment, lambda known: known.name)
        measures = self._comparison.measures.get(self.view)
        self.scores.setText(describe_scores(subject, measures))
        self.scores.setToolTip(explain_scores(measures))
        self.own.refresh()

    def shut(self) -> None:
        """Stop drawing permanently."""
        for name in ("garments", "methods"):
            self._document.events[name].disconnect(self.refresh)
        self.viewport.shut()

    def _choose_method(self, place: int) -> None:
        self.view.subject.choose(method=self.methods.itemData(place))

    def _choose_garment(self, place: int) -> None:
        self.view.subject.choose(garment=self.garments.itemData(place))


class OwnControls(QWidget):
    """Controls of a further view, for properties that are not linked to the first view."""

    def __init__(self, view: View, comparison: Comparison) -> None:
        super().__init__()
        self._view, self._comparison = view, comparison
        self.further = False  # the first view's controls are the window's
        self.frame, self.slice = _slider("Frame of this view"), _slider("Slice of this view")
        self.frame_label, self.slice_label = QLabel(), QLabel()
        self.colours = QComboBox()
        self.colours.addItems(list(COLOUR_MAPS))
        self.colours.setAccessibleName("Colours of this view's heatmap")
        self.layers = QToolButton(autoRaise=True, popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.layers.setText("Layers")
        self.layers.setToolTip("Layers of this view")
        menu = QMenu(self.layers)
        self._switches = {name: menu.addAction(spec.title) for name, spec in LAYERS.items()}
        for name, switch in self._switches.items():
            switch.setCheckable(True)
            switch.toggled.connect(self._switcher(name))
        self.layers.setMenu(menu)
        self.setLayout(_row_of(self.frame_label, self.frame, self.slice_label, self.slice, self.colours, self.layers))
        self.slice.setRange(-SLICE_STEPS, SLICE_STEPS)
        self.frame.valueChanged.connect(view.subject.go_to)
        self.slice.valueChanged.connect(lambda step: view.slices.move(step / SLICE_STEPS))
        self.colours.activated.connect(lambda place: setattr(view.slices, "colour_map", COLOUR_MAPS[place]))
        self.hide()

    def refresh(self) -> None:
        """Show the controls of unlinked properties."""
        linked, subject, slices = self._comparison, self._view.subject, self._view.slices
        own = {
            "frame": self.further and not linked.frame and subject.frame_count > 1,
            "slices": self.further and not linked.slices,
            "colours": self.further and not linked.colours,
            "layers": self.further and not linked.layers,
        }
        for widgets, name in (
            ((self.frame, self.frame_label), "frame"),
            ((self.slice, self.slice_label), "slices"),
            ((self.colours,), "colours"),
            ((self.layers,), "layers"),
        ):
            for widget in widgets:
                widget.setVisible(own[name])
        self.setVisible(any(own.values()))
        for slider, value in ((self.frame, subject.frame), (self.slice, round(slices.position * SLICE_STEPS))):
            with QSignalBlocker(slider):
                if slider is self.frame:
                    slider.setRange(0, max(subject.frame_count - 1, 0))
                slider.setValue(value)
        self.frame_label.setText(frame_text(subject))
        self.slice_label.setText(f"{slices.plane.upper() if slices.plane != 'free' else 'Free'} {slices.position:+.2f}")
        self.colours.setCurrentIndex(COLOUR_MAPS.index(slices.colour_map))
        for name, switch in self._switches.items():
            switch.setChecked(self._view.shows(name))
            switch.setEnabled(not self._view.lacks(name))

    def _switcher(self, name: str) -> Callable[[bool], None]:
        def switch(on: bool) -> None:
            if on != self._view.shows(name):
                self._view.settings.switch(name, on=on)

        return switch


def describe_scores(subject: Subject, measures: Measures | None) -> str:
    """Return the short metrics of a view's keypoints, and the time per frame, in one or two lines."""
    if subject.garment is None:
        return ""
    done, frames = len(subject.predictions), max(subject.frame_count, 1)
    if subject.prediction is None and not done:
        return "No keypoints yet"
    time = f"{1000 * subject.seconds:.0f} ms a frame" if subject.seconds is not None else ""
    if measures is None:
        waiting = f"keypoints of {done} of {frames} frames" if done < frames else "scoring"
        return f"{time} · {waiting}…"
    brief = [metric for metric in METRICS.values() if metric.brief and metric.key in measures]
    parts = [f"{metric.short} {metric.text(measures)}" for metric in brief]
    # A line breaks between the parts only.
    kept = (part.replace(" ", NO_BREAK_SPACE).replace("-", NO_BREAK_HYPHEN) for part in [*parts, time] if part)
    return " · ".join(kept)


def explain_scores(measures: Measures | None) -> str:
    """Return the values and meanings of all metrics, and what is missing for those without a value."""
    if measures is None:
        return "Scores appear when all frames have keypoints"
    lines = []
    for metric in METRICS.values():
        if metric.key in measures:
            lines.append(f"{metric.title} {metric.text(measures)}: {metric.description}")
        else:
            lines.append(f"No {metric.short}: it needs {' and '.join(sorted(metric.needs)) or 'more frames'}")
    return "\n".join(lines)


def _fill(box: QComboBox, items: Sequence[Any], chosen: object, name: Callable[[Any], str]) -> None:
    known = [box.itemData(place) for place in range(box.count())]
    if len(known) != len(items) or any(one is not other for one, other in zip(known, items, strict=True)):
        box.clear()
        for item in items:
            box.addItem(name(item), item)
    place = next((place for place, item in enumerate(items) if item is chosen), -1)
    box.setCurrentIndex(place)
    box.setToolTip(name(items[place]) if place >= 0 else "")


def _choice(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(6)
    return box


def _slider(name: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    return slider


def _row_of(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(4, 2, 4, 2)
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, stretch=isinstance(widget, QSlider | QComboBox))
    return row


def _line(*widgets: QWidget) -> QWidget:
    line = QWidget()
    line.setLayout(_row_of(*widgets))
    return line
