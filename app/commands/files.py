"""Opening, saving and closing."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMainWindow

from app.actions import Command
from app.controllers.opening import CHECKPOINT_SUFFIXES, Open
from app.state.document import Document
from app.views.notice import Notice
from app.views.panels.library import Library
from keygrid.data.readers import SUFFIXES
from keygrid.errors import KeygridError
from keygrid.prediction.files import WRITERS, write_predictions


class FileCommands:
    """Asks for files, and opens or writes them.

    Args:
        window: dialogs are shown above it.
        document: what is saved and closed.
        library: where to search.
        notice: says what went wrong.
        open_paths: opens garments, folders and checkpoints.
        take_picture: saves the whole window as a PNG.
    """

    def __init__(
        self,
        window: QMainWindow,
        document: Document,
        library: Library,
        notice: Notice,
        open_paths: Open,
        take_picture: Callable[[Path], None],
    ) -> None:
        self._window, self._document, self._library, self._notice = window, document, library, notice
        self._open, self._take_picture = open_paths, take_picture

    def commands(self) -> list[Command]:
        """For the menu File."""
        return [
            Command("open", "&Open…", "&File", self._ask_to_open, "Ctrl+O"),
            Command("open_folder", "Open &folder…", "&File", self._ask_for_folder, "Ctrl+Shift+O"),
            Command("search", "Search the &library", "&File", self._library.search.setFocus, "Ctrl+F"),
            Command("save", "&Save keypoints…", "&File", self._ask_to_save, "Ctrl+S", separated=True),
            Command("screenshot", "Save s&creenshot…", "&File", self._ask_for_screenshot, "Ctrl+Shift+S"),
        ]

    def closing(self) -> list[Command]:
        """For the menu File, at its end."""
        return [
            Command("close", "&Close garment", "&File", self._close_garment, "Ctrl+W", separated=True),
            Command("quit", "&Quit", "&File", self._window.close, "Ctrl+Q"),
        ]

    def save(self, write: Callable[[], object], path: Path) -> None:
        """Write a file, and say that it is there, or why it is not."""
        try:
            write()
        except KeygridError as error:
            self._notice.say(str(error))
        else:
            self._window.statusBar().showMessage(f"Saved {path}", 5000)

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

    def _ask_to_save(self) -> None:
        garment, prediction = self._document.garment, self._document.prediction
        if self._document.shown_preview is not None:
            self._notice.say("A preview can't be saved: open the run's checkpoint and switch the preview off.")
            return
        if garment is None or prediction is None:
            self._notice.say("There are no keypoints to save yet: open a garment and a checkpoint first.")
            return
        filters = ";;".join(f"{ending[1:].upper()} (*{ending})" for ending in WRITERS)
        suggested = f"{garment.name}-keypoints.json"
        name, chosen = QFileDialog.getSaveFileName(self._window, "Save keypoints", suggested, filters)
        if name:
            path = Path(name) if Path(name).suffix else Path(name + "." + chosen.split()[0].lower())
            self.save(lambda: write_predictions([(str(garment.source), prediction)], path), path)

    def _ask_for_screenshot(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self._window, "Save screenshot", "keygrid.png", "PNG (*.png)")
        if name:
            path = Path(name).with_suffix(".png")
            self.save(lambda: self._take_picture(path), path)

    def _close_garment(self) -> None:
        if self._document.garment is not None:
            self._document.close_garment(self._document.garment)
