"""Training runs: starting, following and stopping them."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QFileDialog, QMainWindow, QMessageBox

from app.actions import Actions, Command
from app.controllers.opening import Open
from app.controllers.trainers import Training
from app.state.document import Document
from app.state.new_run import NewRun
from app.state.runs import Run, Runs, State
from app.state.shelf import Shelf
from app.views.dialogs.new_run import NewRunDialog
from app.views.notice import Notice
from keygrid.errors import KeygridError


class TrainingCommands:
    """Tells runs what to do, and asks what shall become of them.

    Args:
        window: dialogs are shown above it.
        document: what a new run may learn from.
        shelf: likewise.
        shipped: the folder of garments that come with the application.
        runs: which there are.
        training: runs, as processes.
        notice: says what went wrong.
        actions: the one that shows the panel is among them.
        open_paths: opens a run's checkpoint.
    """

    def __init__(
        self,
        window: QMainWindow,
        document: Document,
        shelf: Shelf,
        shipped: Path,
        runs: Runs,
        training: Training,
        notice: Notice,
        actions: Actions,
        open_paths: Open,
    ) -> None:
        self._window, self._document, self._shelf, self._shipped = window, document, shelf, shipped
        self._runs, self._training, self._notice = runs, training, notice
        self._actions, self._open = actions, open_paths
        self.dock: QDockWidget | None = None

    def commands(self) -> list[Command]:
        """For the menu Training."""
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
        """Follow the run that is written into a directory, wherever its trainer runs."""
        if not any((directory / name).exists() for name in ("config.json", "events.jsonl")):
            self._notice.say(f"{directory} holds no run; choose the folder that --run named.")
            return
        self._runs.choose(self._runs.add(directory))
        self._training.follow()
        self._bring_up()

    def ask_to_leave(self, leave: Callable[[], None]) -> None:
        """Ask what shall become of runs that a process is at, and `leave` unless the user would rather stay."""
        names = ", ".join(run.name for run in self._training.unfinished)
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Trainings are running")
        box.setText(f"Still training: {names}")
        box.setInformativeText(
            "A training can go on without the window, which finds it again when it is next opened; or it saves its"
            " state and stops, to be resumed later."
        )
        go_on = box.addButton("&Leave running", QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton("&Stop them", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(go_on)
        go_on.clicked.connect(leave)
        stop.clicked.connect(lambda: self._stop_all(leave))
        box.open()

    def _stop_all(self, leave: Callable[[], None]) -> None:
        try:
            for run in self._training.unfinished:
                if run.state is not State.STOPPING:
                    self._training.stop(run)
        except KeygridError as error:
            self._notice.say(str(error))
            return
        leave()

    def _show(self, shown: bool) -> None:
        if self.dock is None:
            return
        self.dock.setVisible(shown)
        if shown:
            # A tab can be raised once the layout has it.
            QTimer.singleShot(0, self.dock, self.dock.raise_)

    def _bring_up(self) -> None:
        self._actions["training"].setChecked(True)
        if self.dock is not None:
            self.dock.raise_()

    def _ask_for_new_run(self) -> None:
        from platformdirs import user_data_path

        folder = user_data_path("keygrid-desktop", appauthor=False) / "runs"
        NewRunDialog(self._document, self._shelf, self._shipped, folder, self._start, self._window).open()

    def _start(self, wanted: NewRun) -> None:
        self._training.start(wanted)
        self._bring_up()

    def _ask_for_run(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Open run")
        if name:
            self.open_run(Path(name))

    def _tell(self, tell: Callable[[Run], object]) -> None:
        if self._runs.chosen is None:
            return
        try:
            tell(self._runs.chosen)
        except KeygridError as error:
            self._notice.say(str(error))

    def _open_checkpoint(self) -> None:
        checkpoint = self._runs.chosen.checkpoint(self._runs.epoch) if self._runs.chosen is not None else None
        if checkpoint is not None:
            self._runs.previewing = False  # else it would hide what the checkpoint says
            self._open([checkpoint])
