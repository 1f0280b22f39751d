"""Commands that save and open sessions."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.actions import Command
from app.context import Context
from app.controllers.recovery import Recovery
from app.controllers.restoring import Restoring
from app.state.session import SUFFIX, write_session


class SessionCommands:
    """Asks which session to save or open, and offers to reopen one after a crash.

    Args:
        context: saves files, and holds the parent window of dialogs.
        restoring: makes and restores sessions.
        recovery: finds the sessions of crashed windows.
    """

    def __init__(self, context: Context, restoring: Restoring, recovery: Recovery) -> None:
        self._context, self._restoring, self._recovery = context, restoring, recovery

    def commands(self) -> list[Command]:
        """Return the commands for the menu File."""
        return [
            Command("save_session", "Save sessio&n…", "&File", self._ask_to_save, "Ctrl+Alt+N", separated=True),
            Command("open_session", "Op&en session…", "&File", self._ask_to_open, "Ctrl+Alt+O"),
        ]

    def offer(self, path: Path) -> QMessageBox:
        """Offer to reopen the session of a window that crashed."""
        box = QMessageBox(self._context.window)
        box.setWindowTitle("Key-Grid Desktop")
        box.setIcon(QMessageBox.Icon.Question)
        box.setText("Key-Grid Desktop ended unexpectedly last time.")
        box.setInformativeText("Reopen what was open?")
        reopen = box.addButton("&Reopen", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("&Start afresh", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(reopen)

        def answer() -> None:
            if box.clickedButton() is reopen:
                self._restoring.open(path)
            self._recovery.forget_crashes()
            box.deleteLater()

        box.finished.connect(answer)
        box.open()
        return box

    def _ask_to_save(self) -> None:
        kind = f"Sessions (*{SUFFIX})"
        name, _ = QFileDialog.getSaveFileName(self._context.window, "Save session", f"session{SUFFIX}", kind)
        if name:
            path = Path(name).with_suffix(SUFFIX)
            self._context.save(lambda: write_session(self._restoring.session(), path), path)

    def _ask_to_open(self) -> None:
        kinds = f"Sessions (*{SUFFIX});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self._context.window, "Open session", "", kinds)
        if name:
            self._restoring.open(Path(name))
