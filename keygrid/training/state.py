"""The state from which a training goes on."""

import json
from io import BytesIO
from typing import Any

import torch

from keygrid.checkpoints import torch_files
from keygrid.checkpoints.header import FORMAT, model_as_json, model_from_json, upgraded_name
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.training.config import TrainingConfig, upgraded
from keygrid.training.run import RunDirectory


def save_state(run: RunDirectory, state: dict[str, Any]) -> None:
    """Keep a state; its `config` is what `config.json` says."""
    content = BytesIO()  # PyTorch itself says nothing of use when a disk is full
    torch.save({"format": FORMAT, **state}, content)
    with atomic(run.state) as path:
        path.write_bytes(content.getbuffer())


def load_state(run: RunDirectory, config: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Return the state to go on from.

    Args:
        run: where it was kept.
        config: of the training that is to go on, as in `config.json`.
        device: where tensors are wanted.

    Raises:
        KeygridError: there is no state, it is damaged, or it is another training's.
    """
    try:
        state: dict[str, Any] = torch_files.load(run.state, device)
    except FileNotFoundError as error:
        raise KeygridError(f"{run.path} has no saved state to resume from; start it without --resume.") from error
    except KeygridError as error:
        raise KeygridError(f"{run.state} is damaged, so this run can't be resumed.") from error
    try:
        state = _upgraded(state)
    except (KeygridError, KeyError, AttributeError, TypeError) as error:
        raise KeygridError(f"{run.state} is of another version of Key-Grid Desktop; resume with that one.") from error
    if _essential(state["config"]) != _essential(config):
        raise KeygridError(f"{run.path} was begun with another configuration; resume with the same options.")
    return state


def _upgraded(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a run of any earlier version as today's; formats are those of checkpoints."""
    number = state.get("format", 1)  # which the first version did not write
    if number not in range(1, FORMAT + 1):
        raise KeygridError(f"There are states of the formats 1 to {FORMAT}, and this one is of {number}.")
    learning = {_upgraded_member(name, number): tensor for name, tensor in state["learning"].items()}
    model = model_as_json(model_from_json(state["config"]["model"], number))
    config = state["config"] | {"model": model, "training": upgraded(state["config"]["training"])}
    return state | {"learning": learning, "config": config}


def _upgraded_member(name: str, number: int) -> str:
    """Return today's name of a weight of the network, or of what helps it to learn, in a list of both."""
    member, _, rest = name.partition(".")
    return f"{member}.{upgraded_name(rest, number)}"


def _essential(config: dict[str, Any]) -> Any:
    """Return what has to stay the same, as JSON reads it back, with lists for tuples."""
    training = {name: value for name, value in config["training"].items() if name not in TrainingConfig.FREE}
    return json.loads(json.dumps(config | {"training": training, "command": None}))
