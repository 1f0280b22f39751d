"""Commands of the menu Keypoints: naming, colouring, measuring and copying."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog

from app.actions import Command
from app.context import Context
from app.views.panels.keypoints import KeypointTable, SegmentTable
from keygrid.checkpoints.labels import Colour

NOTHING_SELECTED = "Select a keypoint first: click it in the view or in the table, or press N."


class KeypointCommands:
    """Commands on the selected keypoint, and on all keypoints.

    Args:
        context: holds the selected keypoint.
        keypoints: the table of keypoints, for renaming and copying.
        segments: the table of segments, for copying.
    """

    def __init__(self, context: Context, keypoints: KeypointTable, segments: SegmentTable) -> None:
        self._context, self._document, self._messages = context, context.state.document, context.messages
        self._keypoints, self._segments = keypoints, segments

    def commands(self) -> list[Command]:
        """Return the commands for the menu Keypoints."""
        return [
            Command("next_keypoint", "&Next keypoint", "&Keypoints", lambda: self._walk(1), "N"),
            Command("previous_keypoint", "&Previous keypoint", "&Keypoints", lambda: self._walk(-1), "Shift+N"),
            Command("rename_keypoint", "&Rename…", "&Keypoints", self._rename, "F2", separated=True),
            Command("colour_keypoint", "&Colour…", "&Keypoints", self._ask_for_colour),
            Command("plain_keypoint", "Rese&t the colour", "&Keypoints", lambda: self._colour(None)),
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
            self._messages.warn("Keypoints of a preview can't be named: open the run's checkpoint first.")
            return None
        if self._document.keypoint is None:
            self._messages.warn(NOTHING_SELECTED)
        return self._document.keypoint

    def _rename(self) -> None:
        keypoint = self._selected()
        if keypoint is not None:
            self._keypoints.rename(keypoint)

    def _ask_for_colour(self) -> None:
        keypoint = self._selected()
        if keypoint is None:
            return
        known = QColor(*self._document.colours(self._count())[keypoint].tolist())
        dialog = QColorDialog(known, self._context.window)
        dialog.setWindowTitle(f"Colour of keypoint {self._document.labels.title(keypoint)}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda chosen: self._colour((chosen.red(), chosen.green(), chosen.blue())))
        dialog.open()

    def _colour(self, colour: Colour | None) -> None:
        keypoint = self._selected()
        if keypoint is None:
            return
        self._context.attempt(lambda: self._document.relabel(self._document.labels.coloured(keypoint, colour)))

    def _measure(self) -> None:
        document, count = self._document, self._count()
        if document.keypoint is None or count < 2:
            self._messages.warn(NOTHING_SELECTED)
            return
        following = (document.keypoint if document.other is None else document.other) + 1
        document.other = next(i % count for i in range(following, following + 2) if i % count != document.keypoint)

    def _copy_keypoints(self) -> None:
        self._keypoints.copy()
        self._messages.tell("Copied the keypoints")

    def _copy_segments(self) -> None:
        self._segments.copy()
        self._messages.tell("Copied the segments")
