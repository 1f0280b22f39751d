"""Commands of the menu Edit: undo and redo."""

from app.actions import Command
from app.context import Context
from app.state.history import History, Step


class EditCommands:
    """The undo and redo commands.

    Args:
        context: holds the commands and shows messages.
        history: the steps that can be undone.
    """

    def __init__(self, context: Context, history: History) -> None:
        self._context, self._history = context, history

    def commands(self) -> list[Command]:
        """Return the commands for the menu Edit."""
        return [
            Command("undo", "&Undo", "&Edit", self._undo, "Ctrl+Z"),
            Command("redo", "&Redo", "&Edit", self._redo, "Ctrl+Shift+Z"),
        ]

    def follow(self) -> None:
        """Update the commands' titles with the steps that they would undo and redo."""
        self._history.events.earlier.connect(self._refresh)
        self._history.events.later.connect(self._refresh)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        for name, title, steps in (("undo", "&Undo", self._history.earlier), ("redo", "&Redo", self._history.later)):
            action = self._context.commands[name]
            action.setEnabled(bool(steps))
            action.setText(f"{title}: {steps[-1].title}" if steps else title)

    def _undo(self) -> None:
        self._context.attempt(lambda: self._tell("Undone", self._history.undo()))

    def _redo(self) -> None:
        self._context.attempt(lambda: self._tell("Redone", self._history.redo()))

    def _tell(self, what: str, step: Step | None) -> None:
        if step is not None:
            self._context.messages.tell(f"{what}: {step.title}")
