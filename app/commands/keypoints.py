"""Naming, colouring, measuring and copying keypoints."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QMainWindow

from app.actions import Command
from app.state.document import Document
from app.views.notice import Notice
from app.views.panels.keypoints import KeypointTable, SegmentTable
from keygrid.checkpoints.labels import Colour
from keygrid.errors import KeygridError

NOTHING_SELECTED = "Select a keypoint first: click it in the view or in the table, or press N."


class KeypointCommands:
    """What can be done with the selected keypoint, and with all of them.

    Args:
        window: dialogs are shown above it.
        document: has the selected keypoint.
        notice: says why something can't be done.
    """

    def __init__(self, window: QMainWindow, document: Document, notice: Notice) -> None:
        self._window, self._document, self._notice = window, document, notice
        self.table: KeypointTable | None = None
        self.segments: SegmentTable | None = None

    def commands(self) -> list[Command]:
        """For the menu Keypoints."""
        return [
            Command("next_keypoint", "&Next keypoint", "&Keypoints", lambda: self._walk(1), "N"),
            Command("previous_keypoint", "&Previous keypoint", "&Keypoints", lambda: self._walk(-1), "Shift+N"),
            Command("rename_keypoint", "&Rename…", "&Keypoints", self._rename, "F2", separated=True),
            Command("colour_keypoint", "&Colour…", "&Keypoints", self._ask_for_colour),
            Command("plain_keypoint", "Its &own colour", "&Keypoints", lambda: self._colour(None)),
            Command("measure_next", "&Measure to the next keypoint", "&Keypoints", self._measure, "M", separated=True),
            Command("copy_keypoints", "Copy &keypoints as CSV", "&Keypoints", self._copy_keypoints, "Ctrl+Shift+K",
                    separated=True),
            Command("copy_segments", "Copy &segments as CSV", "&Keypoints", self._copy_segments, "Ctrl+Shift+G"),
        ]  # fmt: skip

    def _count(self) -> int:
        return len(self._document.shown.keypoints) if self._document.shown is not None else 0

    def _walk(self, step: int) -> None:
        if count := self._count():
            chosen = self._document.keypoint
            self._document.keypoint = (0 if step > 0 else count - 1) if chosen is None else (chosen + step) % count

    def _selected(self) -> int | None:
        if self._document.shown_preview is not None:
            self._notice.say("A preview's keypoints have no names: open the run's checkpoint first.")
            return None
        if self._document.keypoint is None:
            self._notice.say(NOTHING_SELECTED)
        return self._document.keypoint

    def _rename(self) -> None:
        keypoint = self._selected()
        if keypoint is not None and self.table is not None:
            self.table.rename(keypoint)

    def _ask_for_colour(self) -> None:
        keypoint = self._selected()
        if keypoint is None:
            return
        known = QColor(*self._document.colours(self._count())[keypoint].tolist())
        dialog = QColorDialog(known, self._window)
        dialog.setWindowTitle(f"Colour of keypoint {self._document.labels.title(keypoint)}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda chosen: self._colour((chosen.red(), chosen.green(), chosen.blue())))
        dialog.open()

    def _colour(self, colour: Colour | None) -> None:
        keypoint = self._selected()
        if keypoint is None:
            return
        try:
            self._document.relabel(self._document.labels.coloured(keypoint, colour))
        except KeygridError as error:
            self._notice.say(str(error))

    def _measure(self) -> None:
        document, count = self._document, self._count()
        if document.keypoint is None or count < 2:
            self._notice.say(NOTHING_SELECTED)
            return
        following = (document.keypoint if document.other is None else document.other) + 1
        document.other = next(i % count for i in range(following, following + 2) if i % count != document.keypoint)

    def _copy_keypoints(self) -> None:
        if self.table is not None:
            self.table.copy()
            self._window.statusBar().showMessage("Keypoints are on the clipboard", 3000)

    def _copy_segments(self) -> None:
        if self.segments is not None:
            self.segments.copy()
            self._window.statusBar().showMessage("Segments are on the clipboard", 3000)
