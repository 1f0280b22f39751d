"""Commands of the menu Landmarks: placing, renaming, mirroring and keeping them."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog

from app.actions import Command
from app.context import Context
from app.controllers.placing import KeepingLandmarks
from app.views.docks import Docks
from app.views.panels.landmarks import LandmarkTable
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.landmarks import SUFFIX, read_landmarks, with_frames
from keygrid.errors import KeygridError

PANEL = "Landmarks"
NO_GARMENT = "Open a garment first, to place landmarks on it."
NOTHING_SELECTED = "Select a landmark first: click it in the view, or click its row in the Landmarks panel."

TIPS = {
    "place_landmarks": "Click the garment to place a landmark, drag a landmark to move it (K)",
    "carry_names": "Find the named landmarks on other open garments, using a checkpoint that reads the surface",
}


class LandmarkCommands:
    """Commands on the landmarks of the chosen garment.

    Args:
        context: holds the garment and its landmarks.
        docks: holds the panel.
        keeping: mirrors, reads and writes landmarks.
    """

    def __init__(self, context: Context, docks: Docks, keeping: KeepingLandmarks) -> None:
        self._context, self._docks, self._keeping = context, docks, keeping
        self._document, self._placing = context.state.document, context.state.placing
        self._preparation, self._messages = context.state.preparation, context.messages
        self.table: LandmarkTable | None = None

    def commands(self) -> list[Command]:
        """Return the commands for the menu Landmarks."""
        return [
            Command("place_landmarks", "&Place landmarks", "&Landmarks", self._switch, "K", checkable=True),
            Command("landmarks_panel", "Show pane&l", "&Landmarks", self._show_panel, checkable=True),
            Command("rename_landmark", "Re&name…", "&Landmarks", self._rename, "Shift+F2", separated=True),
            Command("delete_landmark", "&Delete", "&Landmarks", self._delete, "Del"),
            Command("limit_landmark", "Know it in this &frame alone", "&Landmarks", self._limit),
            Command("mirror_landmarks", "&Mirror to the other side", "&Landmarks", self._mirror, "Shift+M"),
            Command("carry_names", "&Carry names over to other garments", "&Landmarks", self._carry, checkable=True,
                    separated=True),
            Command("keep_derived", "&Keep derived landmarks", "&Landmarks", self._keep_derived),
            Command("import_landmarks", "&Import…", "&Landmarks", self._ask_to_import, separated=True),
            Command("export_landmarks", "&Export as KeypointNet…", "&Landmarks", self._ask_to_export),
            Command("reset_landmarks", "Remo&ve placed landmarks", "&Landmarks", self._reset, separated=True),
        ]  # fmt: skip

    def follow(self) -> None:
        """Keep the commands' checked and enabled states in step with the landmarks, whatever changes them."""
        actions, placing, document = self._context.commands, self._placing, self._document
        actions.follow("place_landmarks", placing, "on")
        actions.follow("carry_names", placing, "carrying")
        for name, tip in TIPS.items():
            actions[name].setToolTip(tip)
        for group, name in (
            (placing.events, "placed"), (placing.events, "derived"), (placing.events, "selected"),
            (document.events, "garment"), (document.events, "frame"),
        ):  # fmt: skip
            group[name].connect(self._refresh)
        placing.events.placed.connect(self._come_up)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        actions, placing, garment = self._context.commands, self._placing, self._document.garment
        selected = placing.selected_row(garment, self._document.frame) is not None
        for name in ("rename_landmark", "delete_landmark"):
            actions[name].setEnabled(selected)
        actions["limit_landmark"].setEnabled(selected and self._document.frame_count > 1)
        limited = selected and self._only_frame() is not None
        actions["limit_landmark"].setText("Know it in all &frames" if limited else "Know it in this &frame alone")
        known = garment is not None and bool(placing.of(garment).names)
        for name in ("mirror_landmarks", "export_landmarks"):
            actions[name].setEnabled(known)
        actions["import_landmarks"].setEnabled(garment is not None)
        actions["reset_landmarks"].setEnabled(garment in placing.placed)
        actions["keep_derived"].setEnabled(garment in placing.derived)

    # The mode and the panel

    def _switch(self, on: bool) -> None:
        if on and self._document.garment is None:
            self._messages.warn(NO_GARMENT)
            self._switch_back("place_landmarks")
            return
        self._placing.on = on
        if on:
            view = self._context.state.first
            if not view.shows("landmarks") and not view.lacks("landmarks"):
                view.settings.switch("landmarks", on=True)
            self._context.commands["landmarks_panel"].setChecked(True)
            self._docks.show(PANEL)

    def _switch_back(self, name: str) -> None:
        """Switch a command off later, after its observers have seen it switched on."""
        QTimer.singleShot(0, self._context.window, lambda: self._context.commands[name].setChecked(False))

    def _show_panel(self, shown: bool) -> None:
        self._docks.show(PANEL, shown=shown)

    def _come_up(self, *_: object) -> None:
        """Switch the landmark layer on when a landmark is placed."""
        view = self._context.state.first
        if self._placing.on and not view.shows("landmarks") and not view.lacks("landmarks"):
            view.settings.switch("landmarks", on=True)

    # The selected landmark

    def _selected(self) -> tuple[Garment, int] | None:
        garment = self._document.garment
        row = self._placing.selected_row(garment, self._document.frame)
        if garment is None or row is None:
            self._messages.warn(NOTHING_SELECTED if garment is not None else NO_GARMENT)
            return None
        return garment, row

    def _only_frame(self) -> int | None:
        garment = self._document.garment
        row = self._placing.selected_row(garment, self._document.frame)
        frames = self._placing.of(garment).frames if garment is not None else ()
        return frames[row] if frames and row is not None else None

    def _rename(self) -> None:
        chosen = self._selected()
        if chosen is not None and self.table is not None:
            self._context.commands["landmarks_panel"].setChecked(True)
            self._docks.show(PANEL)
            self.table.rename(chosen[1])

    def _delete(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            self._placing.delete(*chosen)

    def _limit(self) -> None:
        chosen = self._selected()
        if chosen is not None:
            frame = self._document.frame if self._only_frame() is None else None
            self._context.attempt(lambda: self._placing.limit(*chosen, frame))

    def _mirror(self) -> None:
        garment = self._document.garment
        if garment is not None:
            selected = self._placing.selected
            names = frozenset([selected[1]]) if selected is not None and selected[0] is garment else frozenset()
            self._keeping.mirror(garment, names, self._document.frame)

    # Undoing

    # Other garments and files

    def _carry(self, on: bool) -> None:
        if on and not any(marks.names for marks in self._placing.placed.values()):
            self._messages.warn("There are no names to carry over yet: place landmarks on a garment and name them.")
            self._switch_back("carry_names")
            return
        self._placing.carrying = on

    def _keep_derived(self) -> None:
        if self._document.garment is not None:
            self._keeping.keep_derived(self._document.garment)

    def _reset(self) -> None:
        if self._document.garment is not None:
            self._placing.reset(self._document.garment)

    def _ask_to_import(self) -> None:
        garment = self._document.garment
        if garment is None:
            return
        kinds = f"Landmarks (*{SUFFIX});;KeypointNet's annotations (*.json)"
        name, _ = QFileDialog.getOpenFileName(self._context.window, "Import landmarks", "", kinds)
        if name:
            path = Path(name)
            self._context.attempt(lambda: self._placing.take_in(garment, _read(path, garment), f"Import {path.name}"))

    def _ask_to_export(self) -> None:
        garment = self._document.garment
        if garment is None:
            return
        marks = self._placing.of(garment)
        name, _ = QFileDialog.getSaveFileName(
            self._context.window, "Export landmarks", f"{garment.name}-keypointnet.json", "KeypointNet (*.json)"
        )
        if name:
            path = Path(name).with_suffix(".json")
            self._context.save(_writer(marks, garment, path), path)


def _read(path: Path, garment: Garment) -> Landmarks:
    from keygrid.prediction.annotations import read_annotation  # SciPy takes a moment to import

    if not path.name.endswith(SUFFIX):
        return read_annotation(path, garment)
    found = read_landmarks(path)
    if not found.is_of(garment):
        raise KeygridError(
            f"The landmarks in {path.name} belong to a garment whose triangles or points differ from those of "
            f"{garment.name}."
        )
    return with_frames(found.landmarks, garment)


def _writer(marks: Landmarks, garment: Garment, path: Path) -> Callable[[], None]:
    def write() -> None:
        from keygrid.prediction.annotations import write_annotation

        write_annotation(marks, garment, path)

    return write
