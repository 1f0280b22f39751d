"""The shared context of a window's parts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QMainWindow

from app.actions import CommandRegistry
from app.state.messages import Messages
from app.state.workspace import Workspace
from app.worker.client import WorkerClient
from keygrid.errors import KeygridError


@dataclass(frozen=True)
class Folders:
    """Folders of the application's own files.

    Attributes:
        garments: garments that come with the application.
        checkpoints: checkpoints that come with it.
        pictures: cache of garments' pictures; None for no pictures.
        sessions: what is open, in case of a crash; None if it is not kept.
        prepared: prepared clouds; None if they are not kept.
        predictions: cache of predictions; None if none are kept.
    """

    garments: Path
    checkpoints: Path
    pictures: Path | None = None
    sessions: Path | None = None
    prepared: Path | None = None
    predictions: Path | None = None


@dataclass(frozen=True, eq=False)
class Context:
    """The state of a window, and the objects that act on it; passed to commands and controllers as a whole.

    Attributes:
        window: the parent of dialogs.
        state: open files and their display.
        worker: reads and predicts.
        commands: all commands of the user.
        messages: messages to the user.
        folders: the application's folders.
    """

    window: QMainWindow
    state: Workspace
    worker: WorkerClient
    commands: CommandRegistry
    messages: Messages
    folders: Folders

    def attempt(self, action: Callable[[], object]) -> bool:
        """Call a function, and show a warning if it fails; return whether it succeeded."""
        try:
            action()
        except KeygridError as error:
            self.messages.warn(str(error))
            return False
        return True

    def save(self, write: Callable[[], object], path: Path) -> None:
        """Write a file, and tell the user that it is saved, or why it is not."""
        if self.attempt(write):
            self.messages.tell(f"Saved {path}")
