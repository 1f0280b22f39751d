"""Commands of the menu Evaluate, for scoring methods on moving garments."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from app.actions import Command
from app.context import Context
from app.controllers.evaluating import Evaluating, begin_with_what_is_open
from app.views.docks import Docks

PANEL = "Evaluate"
FILTERS = "HTML (*.html);;JSON (*.json);;Markdown (*.md);;CSV (*.csv)"


class EvaluationCommands:
    """Shows the panel, starts and cancels evaluations, and saves their reports.

    Args:
        context: holds the methods and garments.
        docks: holds the panel.
        evaluating: runs evaluations.
    """

    def __init__(self, context: Context, docks: Docks, evaluating: Evaluating) -> None:
        self._context, self._docks, self._evaluating = context, docks, evaluating
        self._evaluation = context.state.evaluation

    def commands(self) -> list[Command]:
        """Return the commands for the menu Evaluate."""
        return [
            Command("evaluation", "Show &panel", "E&valuate", self._show, "Ctrl+Shift+V", checkable=True),
            Command("evaluate", "&Evaluate", "E&valuate", self._start, separated=True),
            Command("cancel_evaluation", "&Cancel", "E&valuate", self._evaluating.cancel),
            Command("save_evaluation", "&Save report…", "E&valuate", self._ask_to_save, separated=True),
        ]

    def follow(self) -> None:
        """Disable commands that have nothing to act on."""
        for name in ("running", "cells", "methods", "garments"):
            self._evaluation.events[name].connect(self._refresh)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        actions, evaluation = self._context.commands, self._evaluation
        actions["evaluate"].setEnabled(not evaluation.running)
        actions["cancel_evaluation"].setEnabled(evaluation.running)
        actions["save_evaluation"].setEnabled(bool(evaluation.complete) and not evaluation.running)

    def _show(self, shown: bool) -> None:
        if shown:
            begin_with_what_is_open(self._context.state, self._evaluation)
        self._docks.show(PANEL, shown=shown)

    def _start(self) -> None:
        self._context.commands["evaluation"].setChecked(True)
        begin_with_what_is_open(self._context.state, self._evaluation)
        self._evaluating.start()

    def _ask_to_save(self) -> None:
        name, chosen = QFileDialog.getSaveFileName(self._context.window, "Save report", "evaluation.html", FILTERS)
        if name:
            path = Path(name)
            ending = chosen.partition("*")[2].rstrip(")") or ".html"
            self._evaluating.save_report(path if path.suffix else path.with_suffix(ending))
