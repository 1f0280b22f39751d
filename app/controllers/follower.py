"""Follows the directories of training runs, which trainers write on this or another machine."""

import json
import os
import socket
import time
from contextlib import suppress

import psutil

from app.state.runs import Run, Runs, State
from keygrid.training.events import from_json
from keygrid.training.run import RunDirectory

CHUNK = 1 << 15
"""Number of bytes to read and process at once: about one millisecond's work."""

QUIET_SECONDS = 600.0
"""Time without events after which a trainer on another machine, whose process can't be checked, counts as ended."""

CLOCK_SECONDS = 10.0
"""Allowed difference between the system's clock and its record of when processes started."""


class Follower:
    """Reads new events from a run's directory, and determines the run's state.

    Args:
        run: the run to update.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._files = RunDirectory(run.directory)
        self._awaited: int | None = None  # a process that was started, and has not told so itself
        self._launched_at = 0.0
        self._written_at = 0.0
        self._start_over(None)

    def launched(self, process: int) -> None:
        """Record the process that was started to train the run."""
        self._awaited, self._launched_at = process, time.time()
        self.run.process = process
        self.run.become(State.STARTING)

    def read(self) -> bool:
        """Process some new events and, once there are no more, update the state; return whether there are more."""
        run = self.run
        version = run.version
        more = self._read_events()
        if not run.config:
            self._read_config()
        if run.history.process == self._awaited:
            self._awaited = None
        is_here = run.history.host == socket.gethostname()
        run.process = self._awaited or (run.history.process if is_here else None)
        if version != run.version or not run.kept:
            self._list_checkpoints()
        if not more:
            is_alive = self._is_alive()
            # Its last event may have come in between.
            more = not is_alive and self._read_events()
            if not more:
                run.become(self._judge(is_alive=is_alive))
        return more

    def _start_over(self, inode: int | None) -> None:
        self._inode, self._offset, self._rest = inode, 0, b""
        self.run.start_over()

    def _read_events(self) -> bool:
        try:
            with self._files.event_log.open("rb") as file:
                found = os.fstat(file.fileno())
                if found.st_ino != self._inode or found.st_size < self._offset:
                    self._start_over(found.st_ino)  # a resumed run writes another file
                file.seek(self._offset)
                data = file.read(CHUNK)
        except OSError:
            return False
        self._offset += len(data)
        self._written_at = found.st_mtime
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = from_json(line)
            if event is not None:
                self.run.history.take(event)
        self.run.version += bool(data)
        return self._offset < found.st_size

    def _read_config(self) -> None:
        with suppress(OSError, ValueError, RecursionError):
            config = json.loads(self._files.config.read_text())
            self.run.config = config if isinstance(config, dict) else {}

    def _list_checkpoints(self) -> None:
        with suppress(OSError):
            self.run.kept = frozenset(path.stem for path in self._files.checkpoints.glob("*.safetensors"))

    def _judge(self, *, is_alive: bool) -> State:
        run = self.run
        state = run.history.state
        if self._awaited is not None and run.history.process is not None:
            state = State.STARTING  # the last event is still that of an earlier process
        if not is_alive or state is State.FAILED:
            run.error = self._last_error()
        if not state.active:
            return state
        if not is_alive:
            if 0 < run.epochs <= run.history.epoch:
                return State.FINISHED
            return State.FAILED if self._awaited is not None or run.error else State.LOST
        if self._files.stop.exists():
            return State.STOPPING
        if state is State.RUNNING and self._files.pause.exists():
            return State.PAUSING
        return state

    def _is_alive(self) -> bool:
        process, history = self.run.process, self.run.history
        if process is None:
            return history.state is State.PAUSED or time.time() - self._written_at < QUIET_SECONDS
        begun = self._launched_at if process == self._awaited else history.begun
        try:
            found = psutil.Process(process)
            # One that began later has only got the number of the trainer, which must have ended.
            is_it = not begun or found.create_time() <= begun + CLOCK_SECONDS
            return is_it and bool(found.status() != psutil.STATUS_ZOMBIE)
        except psutil.AccessDenied:
            return True
        except psutil.NoSuchProcess:
            return False

    def _last_error(self) -> str:
        """Return the last line that the process wrote to standard error, if it reports an error."""
        try:
            with self._files.error_log.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - CHUNK))
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return last.removeprefix("error: ") if "error" in last.lower() else ""


class Followers:
    """Follows all known runs.

    Args:
        runs: the known runs, which are notified of progress.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: dict[Run, Follower] = {}

    def of(self, run: Run) -> Follower:
        """Return the follower of a run."""
        if run not in self._known:
            self._known[run] = Follower(run)
        return self._known[run]

    def follow(self, seconds: float) -> bool:
        """Read new events, the chosen run's first, until all are read or the time is up; return whether there are more.

        The time is checked between chunks, so a call may take a millisecond or two longer.
        """
        deadline = time.monotonic() + seconds
        more = False
        self._known = {run: follower for run, follower in self._known.items() if run in self._runs.runs}
        for run in sorted(self._runs.runs, key=lambda run: run is not self._runs.chosen):
            follower, before = self.of(run), run.version
            while (is_unread := follower.read()) and time.monotonic() < deadline:
                pass
            more = more or is_unread
            if run.version != before:
                self._runs.advanced.emit(run)
        return more
