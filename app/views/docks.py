"""The window's panels, by their titles."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
BELOW = Qt.DockWidgetArea.BottomDockWidgetArea

SAVED_AS = {"Heatmap": "Field"}
"""Names of panels in saved layouts where they are not the titles."""


class Docks:
    """Docks panels to a window, and shows them by name."""

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self._docks: dict[str, QDockWidget] = {}

    def add(self, area: Qt.DockWidgetArea, panels: Mapping[str, QWidget]) -> None:
        """Dock panels below those that are in this area already, in one place, with a tab for each if several."""
        before: QDockWidget | None = None
        for name, panel in panels.items():
            dock = QDockWidget(name, self._window)
            dock.setObjectName(SAVED_AS.get(name, name))
            dock.setWidget(panel)
            dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
            # Never all below each other: the window would grow to hold them.
            if before is None:
                self._window.addDockWidget(area, dock)
            else:
                self._window.tabifyDockWidget(before, dock)
            self._docks[name] = before = dock

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def hide_until_wanted(self, name: str, *, neighbour: str = "") -> None:
        """Hide a panel; whenever it is hidden, show this neighbour's tab, not whichever comes next."""
        self[name].hide()
        if not neighbour:
            return
        self[name].toggleViewAction().toggled.connect(lambda on: None if on else self[neighbour].raise_())

    def let_close(self, name: str) -> None:
        """Give a panel a button that hides it."""
        self[name].setFeatures(self[name].features() | QDockWidget.DockWidgetFeature.DockWidgetClosable)

    def show(self, name: str, *, shown: bool = True) -> None:
        """Show a panel in front of those in its place, or hide it."""
        dock = self[name]
        dock.setVisible(shown)
        if shown:
            dock.raise_()
            QTimer.singleShot(0, dock, dock.raise_)  # a tab can be raised once the layout has it

    def raise_(self, *names: str) -> None:
        """Show the tabs of these panels."""
        for name in names:
            self[name].raise_()

    def share(self, sizes: dict[str, tuple[int, int]]) -> None:
        """Share the window's space: width and height of each panel, in the user's pixels."""
        docks = [self[name] for name in sizes]
        self._window.resizeDocks(docks, [width for width, _ in sizes.values()], Qt.Orientation.Horizontal)
        self._window.resizeDocks(docks, [height for _, height in sizes.values()], Qt.Orientation.Vertical)
