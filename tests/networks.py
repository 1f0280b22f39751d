"""Networks that nobody trained, and what tests change in them."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.model.config import ModelConfig
from keygrid.model.inputs import Inputs
from keygrid.model.network import KeyGrid


def changed(config: ModelConfig, **constants: Any) -> ModelConfig:
    """Return the configuration with other constants, of its own or of its encoder, heatmap or decoder."""
    own = {name: constants[name] for name in constants if name in {one.name for one in fields(config)}}
    parts = {}
    for name in ("encoder", "heatmap", "decoder"):
        part = own.get(name, getattr(config, name))
        of_part = {one.name: constants[one.name] for one in fields(part) if one.name in constants}
        parts[name] = replace(part, **of_part)
    unknown = set(constants) - set(own) - {one.name for part in parts.values() for one in fields(part)}
    assert not unknown, unknown
    return replace(config, **own | parts)


def spread(network: KeyGrid) -> KeyGrid:
    """Make a new network's weights, which are nearly even, differ from point to point, so that keypoints lie apart."""
    weights = network.point_weights
    with torch.no_grad():
        weights.last.weight.mul_(10)
        if weights.mix is not None:
            weights.mix.weight.mul_(30)
    return network


def untrained(config: ModelConfig, path: Path, seed: int = 0) -> Path:
    """Write the checkpoint of a network that nobody trained, whose keypoints lie apart."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = KeyGrid(config)
        for _ in range(20):
            network(Inputs(torch.rand(8, 128, 3) * 2 - 1))
    Checkpoint(config, spread(network).state_dict(), "T-shirt", {"command": "none"}).save(path)
    return path


def model_of_format_1(model: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration's values as the first format had them: all side by side."""
    flat = {name: value for name, value in model.items() if not isinstance(value, dict)}
    for part in ("heatmap", "decoder", "encoder"):
        flat |= {name: value for name, value in model[part].items() if name != "kind"}
    return flat


def name_of_format_1(name: str) -> str:
    """Return the name that a weight had in the first format."""
    for now, before in (("hidden", "encoder.head.0"), ("last", "encoder.head.2"), ("mix", "encoder.mix")):
        name = name.replace(f"point_weights.{now}.", f"{before}.")
    return name
