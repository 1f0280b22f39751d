"""The state from which a training is resumed."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from keygrid.checkpoints import torch_files
from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.checkpoints.header import FORMAT, model_as_json, model_from_json, upgraded_name
from keygrid.errors import KeygridError
from keygrid.files import atomic, fingerprint
from keygrid.model.config import ModelConfig
from keygrid.model.network import KeyGrid
from keygrid.training.config import TrainingConfig, upgraded
from keygrid.training.run import RunDirectory

_NUMBERS = {"epoch": int, "step": int, "seconds_before": float, "seen": list}
"""Types of the counters."""


class DamagedStateError(KeygridError):
    """The state of a run can't be read.

    Args:
        run: the run.
    """

    def __init__(self, run: RunDirectory) -> None:
        super().__init__(f"{run.state} is damaged.")


def save_state(run: RunDirectory, state: dict[str, Any]) -> None:
    """Save a state; its `config` is the content of `config.json`."""
    content = BytesIO()  # PyTorch's own message about a full disk is not helpful
    torch.save({"format": FORMAT, **state}, content)
    with atomic(run.state) as path:
        path.write_bytes(content.getbuffer())


def load_state(run: RunDirectory, config: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Return the state from which to resume.

    Args:
        run: the run that saved it.
        config: configuration of the training to resume, as in `config.json`.
        device: device for the tensors.

    Raises:
        DamagedStateError: it is damaged.
        KeygridError: there is none, or it belongs to another training.
    """
    try:
        state = torch_files.load(run.state, device)
    except FileNotFoundError as error:
        raise KeygridError(f"{run.path} has no saved state to resume from; start it without --resume.") from error
    except KeygridError as error:
        raise DamagedStateError(run) from error
    try:
        state = _upgraded(state)
        is_other = _essential(state["config"]) != _essential(config)
        is_whole = {name: type(state[name]) for name in _NUMBERS} == _NUMBERS
    except KeygridError as error:
        raise KeygridError(
            f"{run.state} was saved by another version of Key-Grid Desktop; resume with that one."
        ) from error
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise DamagedStateError(run) from error
    if is_other:
        raise KeygridError(f"{run.path} was begun with another configuration; resume with the same options.")
    if not is_whole:
        raise DamagedStateError(run)
    return state


def state_of_checkpoint(run: RunDirectory, config: dict[str, Any], steps_per_epoch: int) -> dict[str, Any]:
    """Return a state made from the last epoch's checkpoint, without the optimiser and other parts that only a state
    has.

    Raises:
        KeygridError: there is no checkpoint, it is damaged, or it belongs to another training.
    """
    checkpoint = Checkpoint.load(run.checkpoints / "last.safetensors")
    try:
        record = checkpoint.record
        training = upgraded(record["training"])
        known = {"model": model_as_json(checkpoint.config), "training": training, "category": checkpoint.category}
        is_other = _essential(known | {"command": None}) != _essential(config)
        epoch, seconds = len(record["history"]), float(record["seconds"])
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise KeygridError(f"{run.checkpoints / 'last.safetensors'} does not record how it was trained.") from error
    if is_other:
        raise KeygridError(f"{run.path} was begun with another configuration; resume with the same options.")
    return {
        "learning": {f"0.{name}": tensor for name, tensor in checkpoint.weights.items()},
        "epoch": epoch,
        "step": epoch * steps_per_epoch,
        "seconds_before": seconds,
        "seen": [],
        "record": record,
    }


def start_from(path: Path, network: KeyGrid, config: ModelConfig) -> str:
    """Load a checkpoint's weights into an untrained network, and return the file's fingerprint.

    Raises:
        KeygridError: the checkpoint can't be read, or has another configuration.
    """
    checkpoint = Checkpoint.load(path)
    if checkpoint.config != config:
        raise KeygridError(
            f"{path.name} holds a different network from the one to train; begin from a checkpoint of the "
            "same preset and the same number of keypoints."
        )
    network.load_state_dict(checkpoint.weights)
    return fingerprint(path)


def _upgraded(state: dict[str, Any]) -> dict[str, Any]:
    """Convert a run's state from any earlier version to the current one; formats are those of checkpoints."""
    number = state.get("format", 1)  # which the first version did not write
    if number not in range(1, FORMAT + 1):
        raise KeygridError(f"This version reads states of the formats 1 to {FORMAT}; this one has format {number}.")
    learning = {_upgraded_member(name, number): tensor for name, tensor in state["learning"].items()}
    model = model_as_json(model_from_json(state["config"]["model"], number))
    config = state["config"] | {"model": model, "training": upgraded(state["config"]["training"])}
    return state | {"learning": learning, "config": config}


def _upgraded_member(name: str, number: int) -> str:
    """Return the current name of a weight of the network or of its training-only layers."""
    member, _, rest = name.partition(".")
    return f"{member}.{upgraded_name(rest, number)}"


def _essential(config: dict[str, Any]) -> Any:
    """Return the values that must not change, as JSON reads them, with lists for tuples."""
    training = {name: value for name, value in config["training"].items() if name not in TrainingConfig.FREE}
    return json.loads(json.dumps(config | {"training": training, "command": None}))
