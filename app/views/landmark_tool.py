"""Mouse actions while landmarks are placed: a click places or selects a landmark, and a drag moves it."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent

from app.state.comparison import Comparison
from app.state.placing import Placing, Spot
from app.state.view import View
from app.views.comparison import ComparisonArea
from app.views.viewport import CLICK_TRAVEL, PICK_RADIUS, Viewport
from keygrid.data.garment import Garment, Landmarks
from keygrid.errors import KeygridError


@dataclass(eq=False)
class _Press:
    """A mouse button that is held down.

    Attributes:
        garment: garment under the mouse.
        at: position of the press.
        row: row of the landmark that was pressed; None if there was none.
        before: landmarks before the press; None for those of the garment's file.
        spot: place to which the landmark has been dragged; None if it has not.
    """

    garment: Garment
    at: QPointF
    row: int | None
    before: Landmarks | None
    spot: Spot | None = None


class LandmarkTool(QObject):
    """Places, selects and moves landmarks in one view; other drags turn the camera, as usual.

    Args:
        viewport: the view.
        placing: the landmarks.
    """

    refused = Signal(str)
    """A landmark can't be placed; the text gives the reason."""

    def __init__(self, viewport: Viewport, placing: Placing) -> None:
        super().__init__(viewport)
        self._viewport, self._placing, self._subject = viewport, placing, viewport.view.subject
        self._press: _Press | None = None
        viewport.interactor.installEventFilter(self)  # after the view's own, so that it comes first
        self.follow(placing.on)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QMouseEvent) and self._placing.on:
            if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
                return self._begin(event.position())
            if event.type() == QEvent.Type.MouseMove and self._press is not None:
                return self._drag(event.position())
            if event.type() == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.LeftButton:
                return self._end(event.position())
        return super().eventFilter(watched, event)

    def _begin(self, at: QPointF) -> bool:
        """Record the press, and let the camera turn unless a landmark was pressed."""
        garment = self._subject.garment
        if garment is None:
            return False
        x, y = self._viewport.display_position(at)
        name = self._viewport.scene.picker.landmark_at(x, y, PICK_RADIUS * self._viewport.devicePixelRatioF())
        row = self._placing.row_of(garment, name, self._subject.frame) if name else None
        self._press = _Press(garment, at, row, self._placing.placed.get(garment))
        if row is not None:
            self._placing.selected = garment, name
        return row is not None

    def _drag(self, at: QPointF) -> bool:
        press = self._press
        if press is None or press.row is None or press.garment is not self._subject.garment:
            return False
        if press.spot is not None or (at - press.at).manhattanLength() > CLICK_TRAVEL:
            spot = self._spot(at)
            if spot is not None:  # beside the garment it stays where it was last
                press.spot = spot
                self._placing.show_moved(press.garment, press.row, spot)
        return True

    def _end(self, at: QPointF) -> bool:
        press, self._press = self._press, None
        if press is None or press.garment is not self._subject.garment:
            return False
        if press.row is not None:
            if press.spot is not None:
                self._placing.move(press.garment, press.row, press.spot, press.before)
            return True
        if (at - press.at).manhattanLength() <= CLICK_TRAVEL:
            self._place(press.garment, at)
        return False

    def _place(self, garment: Garment, at: QPointF) -> None:
        spot = self._spot(at)
        if spot is None:
            self._placing.selected = None
            return
        try:
            self._placing.place(garment, spot, self._subject.frame)
        except KeygridError as error:
            self.refused.emit(str(error))

    def _spot(self, at: QPointF) -> Spot | None:
        x, y = self._viewport.display_position(at)
        return self._viewport.scene.picker.spot_at(x, y, PICK_RADIUS * self._viewport.devicePixelRatioF())

    def follow(self, on: bool) -> None:
        """Show whether clicks place landmarks."""
        self._viewport.picks = not on
        if on:
            self._viewport.interactor.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self._viewport.interactor.unsetCursor()


class LandmarkTools(QObject):
    """A landmark tool for each view.

    Args:
        area: holds the views.
        comparison: reports when views change.
        placing: the landmarks.
    """

    refused = Signal(str)
    """A landmark can't be placed; the text gives the reason."""

    def __init__(self, area: ComparisonArea, comparison: Comparison, placing: Placing) -> None:
        super().__init__(area)
        self._area, self._placing = area, placing
        self._tools: dict[View, LandmarkTool] = {}
        comparison.events.views.connect(self._take_in)  # after the area's own, which makes them
        placing.events.on.connect(self._follow)
        self._take_in()

    def _take_in(self, *_: object) -> None:
        panes = {pane.view: pane.viewport for pane in self._area.panes}
        self._tools = {view: tool for view, tool in self._tools.items() if view in panes}
        for view, viewport in panes.items():
            if view not in self._tools:
                self._tools[view] = LandmarkTool(viewport, self._placing)
                self._tools[view].refused.connect(self.refused)

    def _follow(self, on: bool) -> None:
        for tool in self._tools.values():
            tool.follow(on)
