"""The directory of a training. Importing this imports no torch.

- `config.json`: the keys `model`, `training`, `category` and `command`.
- `events.jsonl`: one event a line; `keygrid.training.events` has their attributes. Each line is appended in a single
  write, so that a program that follows the file finds only the last line incomplete. When a training is resumed, events
  after the saved state are removed.
- `checkpoints/`: `last.safetensors`, `best.safetensors` (the lowest validation loss once all terms are trained), and
  `epoch-0010.safetensors` and so on.
- `state.pt`: everything needed to resume, from the last whole epoch or the step at which training was stopped;
  `keygrid.training.state` reads and writes it.
- `clouds/`: clouds that are shown repeatedly, until the training ends; missing ones are drawn again.
- `log.txt`: standard error of the process, if a window started it.
- `lock`: held by the process that trains; contains its process ID.
- `pause` and `stop`: request files. Training waits between steps while `pause` exists, and ends when `stop` does, which
  it removes.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import ENOSPC
from pathlib import Path
from shutil import rmtree
from typing import Any

from keygrid.errors import KeygridError
from keygrid.files import atomic, make_folder, not_written
from keygrid.locks import locked
from keygrid.training.events import Event, from_json, read_events, to_json


@dataclass(frozen=True)
class RunDirectory:
    """The paths in a run directory, and functions that write there.

    Attributes:
        path: the directory, which `make` creates.
    """

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def event_log(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def clouds(self) -> Path:
        return self.path / "clouds"

    @property
    def state(self) -> Path:
        return self.path / "state.pt"

    @property
    def error_log(self) -> Path:
        return self.path / "log.txt"

    @property
    def pause(self) -> Path:
        return self.path / "pause"

    @property
    def stop(self) -> Path:
        return self.path / "stop"

    @property
    def has_begun(self) -> bool:
        """True if a trainer has started to write there."""
        return self.config.exists() or self.event_log.exists()

    def make(self, *, resumed: bool) -> None:
        """Create the directory, in every process and before training starts in any of them.

        Raises:
            KeygridError: the directory can't be made, or holds a training that is not resumed.
        """
        if not resumed and self.state.exists():
            raise KeygridError(
                f"{self.path} already holds a training run; continue it with --resume, or name another directory."
            )
        make_folder(self.checkpoints)
        make_folder(self.clouds)

    def forget_clouds(self) -> None:
        """Remove the saved clouds; a resumed training draws them again."""
        rmtree(self.clouds, ignore_errors=True)

    @contextmanager
    def held(self, *, resumed: bool) -> Iterator[None]:
        """Create the directory and lock out every other trainer within the block.

        Raises:
            KeygridError: another process trains there, or has started to since `make`.
        """
        advice = "stop it first, or name another directory"
        with locked(self.path / "lock", f"{self.path} is being trained", advice):
            self.make(resumed=resumed)
            yield

    def begin(self, config: dict[str, Any], *, epoch: int, step: int, resumed: bool) -> None:
        """Write the configuration of a training, and remove the events after the given epochs and steps."""
        with atomic(self.config) as path:
            path.write_text(json.dumps(config, indent=2))
        kept = self._lines_within(epoch, step) if resumed else []
        with atomic(self.event_log) as path:
            path.write_bytes(b"".join(line + b"\n" for line in kept))

    def _lines_within(self, epoch: int, step: int) -> list[bytes]:
        """Return complete lines of events up to an epoch and a step; events of unknown kinds are kept."""
        try:
            lines = self.event_log.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        found = ((line, from_json(line)) for line in lines if _is_whole(line))
        return [line for line, event in found if event is None or event.is_within(epoch, step)]

    def events(self) -> list[Event]:
        """Return all events except damaged lines, which a process may leave if it is killed while writing."""
        return read_events(self.event_log)

    def write(self, event: Event) -> Event:
        """Append an event and return it with its time.

        Raises:
            KeygridError: it can't be written.
        """
        event = replace(event, time=time.time())
        line = (to_json(event) + "\n").encode()
        try:
            file = os.open(self.event_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                if os.write(file, line) < len(line):
                    raise OSError(ENOSPC, os.strerror(ENOSPC))
            finally:
                os.close(file)
        except OSError as error:
            raise not_written(self.event_log, error) from error
        return event


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
