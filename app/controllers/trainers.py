"""Training runs as separate processes: starts them, and controls them through their directory."""

import shutil
from contextlib import suppress
from pathlib import Path

import psutil
from PySide6.QtCore import QObject, QProcess, QTimer

from app.controllers.follower import Followers
from app.state.new_run import NewRun, resumed
from app.state.runs import Run, Runs, State
from app.worker.priority import lower_priority
from keygrid.errors import KeygridError
from keygrid.installation import START
from keygrid.training.run import RunDirectory

INTERVAL_MS = 250
"""Interval between two checks of the runs' directories."""

HURRY_MS = 15
"""Interval while there is more to read, so that the window can draw in between."""

BUDGET = 0.004
"""Maximum duration of one check, in seconds."""


class Training(QObject):
    """Follows the known runs, and starts, pauses and stops them.

    A trainer is independent of the window: it continues when the window closes, and reports in its directory.
    """

    def __init__(self, runs: Runs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs, self._followers = runs, Followers(runs)
        self._clock = QTimer(self, interval=INTERVAL_MS)
        self._clock.timeout.connect(self._look)
        self.started_here: list[Run] = []

    @property
    def unfinished(self) -> list[Run]:
        """Runs that were started here and have an active process."""
        return [run for run in self.started_here if run.state.active]

    def follow(self) -> None:
        """Check the known runs regularly from now on."""
        if not self._clock.isActive():
            self._clock.start(0)

    def shut(self) -> None:
        """Stop following the runs; their trainers continue."""
        self._clock.stop()

    def start(self, wanted: NewRun) -> Run:
        """Start a run.

        Raises:
            KeygridError: its directory can't be created, or its process can't be started.
        """
        return self._launch(wanted.run, wanted.arguments())

    def pause(self, run: Run) -> None:
        """Pause a run after its current step.

        Raises:
            KeygridError: its directory is not writable.
        """
        self._tell(run, "pause")

    def go_on(self, run: Run) -> None:
        """Resume a run that is paused, and restart one that ended from its saved state.

        Raises:
            KeygridError: its directory is not writable, or does not record the command that started it.
        """
        self._untell(run, "pause")
        if run.state.active:
            return
        arguments, folder = resumed(run.command, run.directory)
        if not arguments:
            raise KeygridError(
                f"{run.name} doesn't record the command that started it; give that command with --resume in a terminal."
            )
        self._untell(run, "stop")
        self._launch(run.directory, arguments, folder)

    def stop(self, run: Run) -> None:
        """Stop a run once its state is saved; if it is already stopping, end it immediately without saving.

        Raises:
            KeygridError: its directory is not writable, or its process can't be ended.
        """
        if run.state is State.STOPPING:
            self._end(run)
        else:
            self._tell(run, "stop")

    def _launch(self, directory: Path, arguments: list[str], folder: Path | None = None) -> Run:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KeygridError(f"The directory {directory} can't be made: {error.strerror}.") from error
        command = _with_error_log([*START, *arguments], RunDirectory(directory).error_log)
        # Detached: in a session of its own, and nobody's child, so that it needs nobody to wait for it.
        begun, number = QProcess.startDetached(command[0], command[1:], str(folder or directory))
        if not begun:
            raise KeygridError(f"The trainer could not be started: {command[0]} is missing.")
        with suppress(psutil.Error):  # it may have ended already
            lower_priority(psutil.Process(number))
        run = self._runs.add(directory)
        self._followers.of(run).launched(number)
        if run not in self.started_here:
            self.started_here.append(run)
        self._runs.choose(run)
        self._runs.advanced.emit(run)
        self.follow()
        return run

    def _look(self) -> None:
        more = self._followers.follow(BUDGET)
        self._clock.setInterval(HURRY_MS if more else INTERVAL_MS)
        if not self._runs.runs:
            self._clock.stop()

    def _tell(self, run: Run, word: str) -> None:
        try:
            (run.directory / word).touch()
        except OSError as error:
            raise KeygridError(f"{run.directory} is not writable: {error.strerror}.") from error
        self._look()

    def _untell(self, run: Run, word: str) -> None:
        try:
            (run.directory / word).unlink(missing_ok=True)
        except OSError as error:
            raise KeygridError(f"{run.directory / word} can't be removed: {error.strerror}.") from error
        self._look()

    def _end(self, run: Run) -> None:
        if run.process is None:
            raise KeygridError(
                f"{run.name} runs on another machine; end it there, or wait until it has saved its state."
            )
        try:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(run.process).terminate()
        except psutil.AccessDenied as error:
            raise KeygridError(f"{run.name} can't be ended, because its process belongs to another user.") from error


def _with_error_log(command: list[str], log: Path) -> list[str]:
    """Wrap a command so that its standard error goes to a file, if there is a shell."""
    if not (shell := shutil.which("sh")):
        return command
    return [shell, "-c", 'exec "$@" </dev/null >/dev/null 2>"$0"', str(log), *command]
