"""Commands of the menu Help."""

from PySide6.QtGui import QGuiApplication

from app.actions import Command
from app.context import Context
from app.state.log import diagnostics
from app.views.dialogs.help import ShortcutList, show_about
from app.views.dialogs.palette import CommandPalette
from app.views.dialogs.preferences import PreferencesDialog
from app.worker.protocol import DescribeEngine


class HelpCommands:
    """Finds commands, lists shortcuts, asks for preferences, and describes the application.

    Args:
        context: holds all commands and preferences, and the worker, which describes its libraries.
    """

    def __init__(self, context: Context) -> None:
        self._context, self._window = context, context.window

    def commands(self) -> list[Command]:
        """Return the commands for the menu Help."""
        return [
            Command("palette", "&Commands…", "&Help", self._show_palette, "Ctrl+Shift+P"),
            Command("shortcuts", "&Keyboard shortcuts", "&Help", self._show_shortcuts, "F1"),
            Command("preferences", "&Preferences…", "&Help",
                    self._ask_for_preferences, "Ctrl+,", separated=True),
            Command("diagnostics", "Copy &diagnostics", "&Help", self._ask_for_diagnostics),
            Command("about", "&About", "&Help", self._ask_about, separated=True),
        ]  # fmt: skip

    def _show_palette(self) -> None:
        CommandPalette(self._context.commands, self._window).open()

    def _show_shortcuts(self) -> None:
        ShortcutList(self._window, self._context.commands.shortcuts()).open()

    def _ask_for_preferences(self) -> None:
        context = self._context
        PreferencesDialog(context.state.preferences, context.folders.pictures, self._window).open()

    def _ask_for_diagnostics(self) -> None:
        # Also where nothing computes any more, which may be the fault.
        self._context.worker.request(
            DescribeEngine(), self._copy_diagnostics, otherwise=self._copy_diagnostics, slot=self
        )

    def _copy_diagnostics(self, engine: str) -> None:
        QGuiApplication.clipboard().setText(diagnostics(engine))
        self._context.messages.tell("Copied versions, device and recent errors, but no file contents")

    def _ask_about(self) -> None:
        self._context.worker.request(DescribeEngine(), self._show_about)

    def _show_about(self, engine: str) -> None:
        show_about(self._window, engine)
