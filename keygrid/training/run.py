"""The directory of a training: what it is, what happens in it, what it has learnt, and from where it can go on.

- `config.json`: the keys `model`, `training`, `category` and `command`.
- `events.jsonl`: one JSON object a line, each with `event` and `time` (seconds since 1970). Whole lines are appended in
  one piece, so that whoever follows the file sees at most half of the last one.

  | event | beside `time` |
  |---|---|
  | `start` | `pid`, `host`, `epoch`, `step`, `epochs`, `steps` (of the whole training), `resumed` |
  | `step` | `epoch`, `step`, `losses` by name, `total`, `steps_per_second`, `seconds_left`, `memory` (bytes) |
  | `epoch` | `epoch`, `step`, `train` and `validation` by name, `seconds`; `scores` where they were measured |
  | `checkpoint` | `epoch`, `step`, `file`, `best` |
  | `preview` | `epoch`, `step`, `garment`, `frame`, `keypoints` in its file's units, `edges`, `strengths` |
  | `paused`, `resumed` | `step` |
  | `stop`, `error` | `step`, `message` |
  | `end` | `step` |

  Epochs and steps are counted from 1 as they begin. When a training is resumed, what came after the state that it goes
  on from is cut off.
- `checkpoints/`: `last.safetensors`, `best.safetensors` (the lowest validation loss once all terms are trained), and
  `epoch-0010.safetensors` and so on.
- `state.pt`: all that is needed to go on, as of the last whole epoch or the step at which it was stopped.
- `pause` and `stop`: files that are made to let it wait between steps while they are there, or end. It removes `stop`.
"""

import json
import os
import time
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.training.config import TrainingConfig, upgraded

Event = dict[str, Any]


class Run:
    """Reads and writes such a directory.

    Args:
        path: the directory, which `make` makes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def load(self, config: dict[str, Any], device: torch.device) -> dict[str, Any]:
        """The state to go on from.

        Args:
            config: of the training that is to go on, as in `config.json`.
            device: where tensors are wanted.

        Raises:
            KeygridError: there is no state, it is damaged, or it is another training's.
        """
        try:
            state: dict[str, Any] = torch.load(self.path / "state.pt", map_location=device, weights_only=True)
        except FileNotFoundError as error:
            raise KeygridError(f"{self.path} has no saved state to resume from; start it without --resume.") from error
        except (RuntimeError, EOFError, OSError, ValueError, KeyError, UnpicklingError) as error:
            raise KeygridError(f"{self.path / 'state.pt'} is damaged, so this run can't be resumed.") from error
        if _essential(state["config"]) != _essential(config):
            raise KeygridError(f"{self.path} was begun with another configuration; resume with the same options.")
        return state

    def make(self, *, resumed: bool) -> None:
        """Make the directory, in every process and before any of them begins.

        Raises:
            KeygridError: the directory can't be made, or holds a training that is not resumed.
        """
        if not resumed and (self.path / "state.pt").exists():
            raise KeygridError(f"{self.path} holds a training already; go on with --resume, or name another directory.")
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KeygridError(f"The directory {self.path} can't be made: {error.strerror}.") from error

    def begin(self, config: dict[str, Any], *, epoch: int, step: int, resumed: bool) -> None:
        """Write what a training is that has done so many epochs and steps, and cut off what happened after them."""
        with atomic(self.path / "config.json") as path:
            path.write_text(json.dumps(config, indent=2))
        events = [event for event in self.events() if _is_of(event, epoch, step)] if resumed else []
        with atomic(self.path / "events.jsonl") as path:
            path.write_text("".join(json.dumps(event) + "\n" for event in events))

    def events(self) -> list[Event]:
        """All whole ones."""
        try:
            lines = (self.path / "events.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        events = []
        for line in lines:
            try:
                events.append(json.loads(line))
            except ValueError:  # a process was killed while it wrote
                continue
        return events

    def write(self, kind: str, values: dict[str, Any]) -> Event:
        """Append an event."""
        event = {"event": kind, "time": time.time(), **values}
        file = os.open(self.path / "events.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, (json.dumps(event) + "\n").encode())
        finally:
            os.close(file)
        return event

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state to go on from."""
        with atomic(self.path / "state.pt") as path:
            torch.save(state, path)


def _is_of(event: Event, epoch: int, step: int) -> bool:
    """Whether an event belongs to a training that has done so many epochs and steps."""
    if event["event"] == "step":
        return bool(event["step"] <= step)
    if event["event"] in {"epoch", "checkpoint", "preview"}:
        return bool(event["epoch"] <= epoch)
    return True


def _essential(config: dict[str, Any]) -> Any:
    """What has to stay the same, as JSON reads it back, with lists for tuples."""
    training = {name: value for name, value in upgraded(config["training"]).items() if name not in TrainingConfig.FREE}
    return json.loads(json.dumps(config | {"training": training, "command": None}))
