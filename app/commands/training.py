"""Commands of the menu Training, for starting, following and stopping runs."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.actions import Command
from app.context import Context
from app.controllers.opening import Open
from app.controllers.trainers import Training
from app.state.new_run import NewRun
from app.state.runs import Run, State
from app.views.dialogs.new_run import NewRunDialog
from app.views.docks import Docks
from keygrid.training.run import RunDirectory

PANEL = "Training"


class TrainingCommands:
    """Starts and controls runs, and asks what to do with unfinished ones when the window closes.

    Args:
        context: holds garments to learn from, and the runs.
        training: starts and controls runs.
        open_paths: opens a run's checkpoint.
        docks: holds the panel "Training".
    """

    def __init__(self, context: Context, training: Training, open_paths: Open, docks: Docks) -> None:
        self._context, self._window, self._messages = context, context.window, context.messages
        self._runs, self._training, self._open, self._docks = context.state.runs, training, open_paths, docks

    def commands(self) -> list[Command]:
        """Return the commands for the menu Training."""
        tell, training = self._tell, self._training
        return [
            Command("training", "Trai&ning panel", "&Training", self._show, "Ctrl+T", checkable=True),
            Command("new_run", "&New run…", "&Training", self._ask_for_new_run, "Ctrl+N", separated=True),
            Command("open_run", "&Open run…", "&Training", self._ask_for_run, "Ctrl+R"),
            Command("pause_run", "&Pause", "&Training", lambda: tell(training.pause), "Ctrl+Alt+P", separated=True),
            Command("resume_run", "&Resume", "&Training", lambda: tell(training.go_on), "Ctrl+Alt+R"),
            Command("stop_run", "&Stop", "&Training", lambda: tell(training.stop), "Ctrl+."),
            Command("open_checkpoint", "Open &checkpoint", "&Training", self._open_checkpoint, "Ctrl+Shift+C",
                    separated=True),
            Command("forget_run", "Remove from &list", "&Training", lambda: tell(self._runs.forget)),
        ]  # fmt: skip

    def open_run(self, directory: Path) -> None:
        """Follow the run in a directory, whichever machine its trainer runs on."""
        if not RunDirectory(directory).has_begun:
            self._messages.warn(f"{directory} holds no training run; choose the folder that you gave to --run.")
            return
        self._runs.choose(self._runs.add(directory))
        self._training.follow()
        self._bring_up()

    def ask_to_leave(self, leave: Callable[[], None]) -> None:
        """Ask whether to stop the runs that were started here, and `leave` unless the user cancels."""
        names = ", ".join(run.name for run in self._training.unfinished)
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Training in progress")
        box.setText(f"Still training: {names}")
        box.setInformativeText(
            "Runs can continue without the window and reappear when you next open it, or they can save their "
            "state and stop, so that you can resume them later."
        )
        go_on = box.addButton("&Leave running", QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton("&Stop them", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(go_on)
        go_on.clicked.connect(leave)
        stop.clicked.connect(lambda: self._stop_all(leave))
        box.open()

    def _stop_all(self, leave: Callable[[], None]) -> None:
        def stop() -> None:
            for run in self._training.unfinished:
                if run.state is not State.STOPPING:
                    self._training.stop(run)

        if self._context.attempt(stop):
            leave()

    def _show(self, shown: bool) -> None:
        self._docks.show(PANEL, shown=shown)

    def _bring_up(self) -> None:
        self._context.commands["training"].setChecked(True)
        self._docks.show(PANEL)

    def _ask_for_new_run(self) -> None:
        from platformdirs import user_data_path

        folder = user_data_path("keygrid-desktop", appauthor=False) / "runs"
        state, shipped = self._context.state, self._context.folders.garments
        NewRunDialog(state.document, state.shelf, shipped, folder, self._start, self._window).open()

    def _start(self, wanted: NewRun) -> None:
        self._training.start(wanted)
        self._bring_up()

    def _ask_for_run(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Open run")
        if name:
            self.open_run(Path(name))

    def _tell(self, tell: Callable[[Run], object]) -> None:
        run = self._runs.chosen
        if run is not None:
            self._context.attempt(lambda: tell(run))

    def _open_checkpoint(self) -> None:
        checkpoint = self._runs.chosen.checkpoint(self._runs.epoch) if self._runs.chosen is not None else None
        if checkpoint is not None:
            self._runs.previewing = False  # else it would hide what the checkpoint says
            self._open([checkpoint])
