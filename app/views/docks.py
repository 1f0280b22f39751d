"""The window's panels, by title."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
BELOW = Qt.DockWidgetArea.BottomDockWidgetArea

SAVED_AS = {"Heatmap": "Field"}
"""Names of panels in saved layouts that differ from their titles."""


class Docks:
    """Docks panels to a window, and shows them by name."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}

    def add(self, area: Qt.DockWidgetArea, panels: Mapping[str, QWidget]) -> None:
        """Dock panels below those already in this area, in one place, with tabs if there are several."""
        before: QDockWidget | None = None
        for name, panel in panels.items():
            dock = QDockWidget(name, self._window)
            dock.setObjectName(SAVED_AS.get(name, name))
            dock.setWidget(panel)
            dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
            # Never stack all of them: the window would grow to fit them.
            if before is None:
                self._window.addDockWidget(area, dock)
            else:
                self._window.tabifyDockWidget(before, dock)
            self._docks[name] = before = dock

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def hide_until_wanted(self, name: str, *, neighbour: str = "") -> None:
        """Hide a panel, and show this neighbour's tab whenever the panel is hidden."""
        self[name].hide()
        if not neighbour:
            return
        self[name].toggleViewAction().toggled.connect(lambda on: None if on else self[neighbour].raise_())

    def let_close(self, name: str) -> None:
        """Give a panel a button that hides it."""
        self[name].setFeatures(self[name].features() | QDockWidget.DockWidgetFeature.DockWidgetClosable)

    def show(self, name: str, *, shown: bool = True) -> None:
        """Raise a panel above the others in its place, or hide it."""
        dock = self[name]
        dock.setVisible(shown)
        if shown:
            dock.raise_()
            QTimer.singleShot(0, dock, dock.raise_)  # a tab can be raised only after the layout includes it

    def raise_(self, *names: str) -> None:
        """Raise the tabs of these panels."""
        for name in names:
            self[name].raise_()

    def share(self, sizes: dict[str, tuple[int, int]]) -> None:
        """Divide the window's space: width and height of each panel, in logical pixels."""
        docks = [self[name] for name in sizes]
        self._window.resizeDocks(docks, [width for width, _ in sizes.values()], Qt.Orientation.Horizontal)
        self._window.resizeDocks(docks, [height for _, height in sizes.values()], Qt.Orientation.Vertical)
