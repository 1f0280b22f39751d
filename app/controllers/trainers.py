"""Training runs as processes of their own: starting them, and telling them what to do through their directory."""

import os
import shutil
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer

from app.state.new_run import NewRun, resumed
from app.state.runs import Run, Runs, State
from keygrid.errors import KeygridError

MAIN = Path(__file__).parents[2] / "main.py"

INTERVAL_MS = 250
"""Between two looks at the runs' directories."""

HURRY_MS = 15
"""The same while there is more to read, so that the window can draw in between."""

BUDGET = 0.004
"""Seconds that a look may take."""

NICENESS = 10
"""Of a trainer: whatever the window does comes first."""


class Training(QObject):
    """Follows the known runs, and starts, pauses and stops them.

    A trainer belongs to no window: it goes on when the window is closed, and says all it has to say in its directory.
    """

    def __init__(self, runs: Runs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self._clock = QTimer(self, interval=INTERVAL_MS)
        self._clock.timeout.connect(self._look)
        self.started_here: list[Run] = []

    @property
    def unfinished(self) -> list[Run]:
        """Runs that were started here and that a process is still at."""
        return [run for run in self.started_here if run.state.active]

    def follow(self) -> None:
        """Look at the runs, from now on and while there are any."""
        if not self._clock.isActive():
            self._clock.start(0)

    def shut(self) -> None:
        """Follow no longer; the trainers go on."""
        self._clock.stop()

    def start(self, wanted: NewRun) -> Run:
        """Begin a run.

        Raises:
            KeygridError: its directory can't be made, or its process can't be started.
        """
        return self._launch(wanted.run, wanted.arguments())

    def pause(self, run: Run) -> None:
        """Let it wait after the step it is at.

        Raises:
            KeygridError: nothing can be written into its directory.
        """
        self._tell(run, "pause")

    def go_on(self, run: Run) -> None:
        """Let a run that waits go on, and start one that ended anew from what it saved.

        Raises:
            KeygridError: it can't be told so, or its directory doesn't say how it was begun.
        """
        self._untell(run, "pause")
        if run.state.active:
            return
        arguments, folder = resumed(run.command, run.directory)
        if not arguments:
            raise KeygridError(
                f"{run.name} doesn't say by which command it was begun; give that command with --resume in a terminal."
            )
        self._untell(run, "stop")
        self._launch(run.directory, arguments, folder)

    def stop(self, run: Run) -> None:
        """Let it save its state and end; one that was asked before is ended at once, without saving.

        Raises:
            KeygridError: it can't be told so.
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
        command = _humble([sys.executable, str(MAIN), *arguments], directory / "log.txt")
        # Detached: in a session of its own, and nobody's child, so that it needs nobody to wait for it.
        begun, number = QProcess.startDetached(command[0], command[1:], str(folder or directory))
        if not begun:
            raise KeygridError(f"The trainer could not be started: {command[0]} is missing.")
        run = self._runs.add(directory)
        run.launched(number)
        if run not in self.started_here:
            self.started_here.append(run)
        self._runs.choose(run)
        self._runs.advanced.emit(run)
        self.follow()
        return run

    def _look(self) -> None:
        more = self._runs.follow(BUDGET)
        self._clock.setInterval(HURRY_MS if more else INTERVAL_MS)
        if not self._runs.runs:
            self._clock.stop()

    def _tell(self, run: Run, word: str) -> None:
        try:
            (run.directory / word).touch()
        except OSError as error:
            raise KeygridError(f"Nothing can be written into {run.directory}: {error.strerror}.") from error
        self._look()

    def _untell(self, run: Run, word: str) -> None:
        try:
            (run.directory / word).unlink(missing_ok=True)
        except OSError as error:
            raise KeygridError(f"{run.directory / word} can't be removed: {error.strerror}.") from error
        self._look()

    def _end(self, run: Run) -> None:
        if run.process is None:
            raise KeygridError(f"{run.name} runs on another machine; end it there, or wait until its state is saved.")
        try:
            os.kill(run.process, signal.SIGTERM)
        except ProcessLookupError:
            pass
        except OSError as error:
            raise KeygridError(f"{run.name} can't be ended: {error.strerror}.") from error


def _humble(command: list[str], log: Path) -> list[str]:
    """The same command with little claim to the processor, and with its errors in a file; where there is a shell."""
    if not (shell := shutil.which("sh")):
        return command
    if nice := shutil.which("nice"):
        command = [nice, "-n", str(NICENESS), *command]
    return [shell, "-c", 'exec "$@" </dev/null >/dev/null 2>"$0"', str(log), *command]
