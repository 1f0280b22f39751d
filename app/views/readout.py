"""A description of what is under the mouse, above the view's lower edge."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLabel, QWidget

from app.scene.picking import Probe
from app.state.document import Subject
from app.views.theme import overlay_style

MARGIN = 8
HEAVIEST = 3
"""Maximum number of keypoints whose weights are listed."""


class Readout(QLabel):
    """A line for each object under the mouse; hidden if there is none.

    Args:
        subject: subject of the view.
        over: the widget at whose lower edge it is shown.
    """

    def __init__(self, subject: Subject, over: QWidget) -> None:
        super().__init__(over)
        self._subject, self._over = subject, over
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setStyleSheet(overlay_style())
        self.hide()
        over.installEventFilter(self)

    def show_probes(self, probes: Sequence[Probe]) -> None:
        """Describe these probes; hide the line if there are none."""
        text = "\n".join(describe(probe, self._subject) for probe in probes)
        if text == self.text() and self.isVisible() == bool(text):
            return
        self.setText(text)
        self.setVisible(bool(text))
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        self.adjustSize()
        self.move(MARGIN, self._over.height() - self.height() - MARGIN)


def describe(probe: Probe, subject: Subject) -> str:
    """Describe a place in one line: its kind, position and values."""
    shown = subject.shown
    where = "(" + ", ".join(f"{number:.4g}" for number in probe.position) + ")"
    if probe.kind == "keypoint":
        return f"keypoint {subject.labels.title(probe.index)}  {where}"
    if probe.kind == "segment" and shown is not None:
        i, j = shown.edges[probe.index]
        return f"segment {i}–{j}  strength {shown.strengths[probe.index]:.2f}"
    heat = "" if probe.heat is None else f"  heat {probe.heat:.3f}"
    if probe.kind == "slice":
        return f"slice {probe.plane}{heat}  {where}"
    of_vertex = f"vertex {probe.index}" + (f", face {probe.face}" if probe.face >= 0 else "")
    weights = "" if probe.weights is None else _heaviest(probe)
    return f"surface {where}  {of_vertex}{heat}{weights}"


def _heaviest(probe: Probe) -> str:
    weights = probe.weights
    if weights is None:
        return ""
    order = [int(index) for index in weights.argsort()[::-1][:HEAVIEST] if weights[index] >= 1e-6]
    told = ", ".join(f"{index}: {weights[index]:.1%}" for index in order)
    return f"  weights {told} of their largest" if told else "  no keypoint has weight here"
