"""Finding out what there is."""

from PySide6.QtWidgets import QMainWindow

from app.actions import Actions, Command
from app.views.help import show_about, show_shortcuts
from app.worker.client import WorkerClient
from app.worker.protocol import DescribeEngine

SLOT = "about"


class HelpCommands:
    """Lists shortcuts, and says what the application is made of.

    Args:
        window: dialogs are shown above it.
        actions: everything that can be done.
        worker: knows what computes.
    """

    def __init__(self, window: QMainWindow, actions: Actions, worker: WorkerClient) -> None:
        self._window, self._actions, self._worker = window, actions, worker
        worker.succeeded.connect(self._receive)

    def commands(self) -> list[Command]:
        """For the menu Help."""
        return [
            Command("shortcuts", "&Keyboard shortcuts", "&Help",
                    lambda: show_shortcuts(self._window, self._actions.shortcuts()), "F1"),
            Command("about", "&About", "&Help", lambda: self._worker.request(SLOT, DescribeEngine())),
        ]  # fmt: skip

    def _receive(self, slot: str, result: object) -> None:
        if slot == SLOT:
            show_about(self._window, str(result))
