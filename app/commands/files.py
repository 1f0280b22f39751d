"""Commands of the menu File: opening, saving and closing."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from app.actions import Command
from app.context import Context
from app.controllers.opening import CHECKPOINT_SUFFIXES, Open
from app.output.pictures import save_screenshot
from app.output.thumbnails import Thumbnails
from app.views.dialogs.objects import ObjectDialog
from keygrid.data.objects import object_paths
from keygrid.data.readers import SUFFIXES
from keygrid.installation import ASSETS
from keygrid.prediction.files import FORMATS, write_predictions

EXAMPLE = ASSETS / "garments" / "unisex_shirt.ply"
"""A garment that comes with the application."""


class FileCommands:
    """Asks for files, and opens or writes them.

    Args:
        context: holds what is saved and closed.
        open_paths: opens garments, folders and checkpoints.
        search: focuses the library's search field.
        thumbnails: provides pictures of a file's objects.
    """

    def __init__(
        self, context: Context, open_paths: Open, search: Callable[[], object], thumbnails: Thumbnails
    ) -> None:
        self._context, self._window, self._document = context, context.window, context.state.document
        self._open, self._search, self._warn = open_paths, search, context.messages.warn
        self._thumbnails = thumbnails

    def commands(self) -> list[Command]:
        """Return the commands for the menu File."""
        return [
            Command("open", "&Open…", "&File", self._ask_to_open, "Ctrl+O"),
            Command("open_folder", "Open &folder…", "&File", self._ask_for_folder, "Ctrl+Shift+O"),
            Command("choose_object", "Choose o&bject…", "&File", self._ask_for_object, "Ctrl+J"),
            Command("open_example", "Open an &example", "&File", lambda: self._open([EXAMPLE])),
            Command("search", "Search the &library", "&File", self._search, "Ctrl+F"),
            Command("save", "&Save keypoints…", "&File", self._ask_to_save, "Ctrl+S", separated=True),
            Command("screenshot", "Save s&creenshot…", "&File", self._ask_for_screenshot, "Ctrl+Shift+S"),
        ]

    def closing(self) -> list[Command]:
        """Return the commands for the end of the menu File."""
        return [
            Command("close", "&Close garment", "&File", self._close_garment, "Ctrl+W", separated=True),
            Command("quit", "&Quit", "&File", self._window.close, "Ctrl+Q"),
        ]

    def _ask_to_open(self) -> None:
        endings = {"Garments and checkpoints": (*SUFFIXES, *CHECKPOINT_SUFFIXES)}
        endings |= {"Garments": SUFFIXES, "Checkpoints": CHECKPOINT_SUFFIXES}
        filters = [f"{title} ({' '.join('*' + ending for ending in group)})" for title, group in endings.items()]
        names, _ = QFileDialog.getOpenFileNames(self._window, "Open", "", ";;".join([*filters, "All files (*)"]))
        self._open([Path(name) for name in names])

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Open folder")
        if name:
            self._open([Path(name)])

    def follow(self) -> None:
        """Disable the choice of an object unless there are several."""
        action, document = self._context.commands["choose_object"], self._document

        def refresh(*_: object) -> None:
            several = document.garment is not None and len(document.garment.object_names) > 1
            action.setEnabled(several)
            action.setToolTip("" if several else "The file has only one object, or does not separate its objects")

        document.events.garment.connect(refresh)
        refresh()

    def _ask_for_object(self) -> None:
        garment = self._document.garment
        objects = object_paths(garment) if garment is not None else []
        if garment is None or not objects:
            return
        # Of a garment that is one of several, the paths tell which, or its notes do.
        current = next((name for name, path in objects if path == garment.source), "")
        file = objects[0][1].name.rpartition("#")[0]
        dialog = ObjectDialog(file, objects, current, self._thumbnails, self._window)
        dialog.wanted.connect(lambda path: self._open([path]))
        dialog.open()

    def _ask_to_save(self) -> None:
        garment, prediction = self._document.garment, self._document.prediction
        if self._document.shown_preview is not None:
            self._warn("Previews can't be saved: open the run's checkpoint and switch the preview off.")
            return
        if garment is None or prediction is None:
            self._warn("There are no keypoints to save yet: open a garment and a checkpoint first.")
            return
        filters = ";;".join(f"{ending[1:].upper()} (*{ending})" for ending in FORMATS)
        suggested = f"{garment.name}-keypoints.json"
        name, chosen = QFileDialog.getSaveFileName(self._window, "Save keypoints", suggested, filters)
        if name:
            named = [(str(garment.source), prediction)]
            path = Path(name) if Path(name).suffix else Path(name + "." + chosen.split()[0].lower())
            self._context.save(lambda: write_predictions(named, path, garment.up), path)

    def _ask_for_screenshot(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self._window, "Save screenshot", "keygrid.png", "PNG (*.png)")
        if name:
            path = Path(name).with_suffix(".png")
            self._context.save(lambda: save_screenshot(self._window, path), path)

    def _close_garment(self) -> None:
        if self._document.garment is not None:
            self._document.close_garment(self._document.garment)
