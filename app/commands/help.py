"""Finding out what there is."""

from pathlib import Path

from PySide6.QtWidgets import QMainWindow

from app.actions import Actions, Command
from app.state.preferences import Preferences
from app.views.dialogs.help import ShortcutList, show_about
from app.views.dialogs.palette import CommandPalette
from app.views.dialogs.preferences import PreferencesDialog
from app.worker.client import WorkerClient
from app.worker.protocol import DescribeEngine


class HelpCommands:
    """Finds commands, lists shortcuts, asks for preferences, and says what the application is made of.

    Args:
        window: dialogs are shown above it.
        actions: everything that can be done.
        worker: knows what computes.
        preferences: what is chosen for all times.
        pictures: the cache of pictures, a folder; None if there is none.
    """

    def __init__(
        self,
        window: QMainWindow,
        actions: Actions,
        worker: WorkerClient,
        preferences: Preferences,
        pictures: Path | None,
    ) -> None:
        self._window, self._actions, self._worker = window, actions, worker
        self._preferences, self._pictures = preferences, pictures

    def commands(self) -> list[Command]:
        """For the menu Help."""
        return [
            Command("palette", "&Commands…", "&Help", lambda: CommandPalette(self._actions, self._window).open(),
                    "Ctrl+Shift+P"),
            Command("shortcuts", "&Keyboard shortcuts", "&Help",
                    lambda: ShortcutList(self._window, self._actions.shortcuts()).open(), "F1"),
            Command("preferences", "&Preferences…", "&Help",
                    lambda: PreferencesDialog(self._preferences, self._pictures, self._window).open(), "Ctrl+,",
                    separated=True),
            Command("about", "&About", "&Help", lambda: self._worker.request(DescribeEngine(), self._show_about),
                    separated=True),
        ]  # fmt: skip

    def _show_about(self, engine: str) -> None:
        show_about(self._window, engine)
