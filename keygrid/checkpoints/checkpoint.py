"""A checkpoint: one safetensors file with the weights and, in its header, all that is needed to predict.

One file, because a file can be replaced atomically, dropped on a window and sent to a colleague.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.model.config import ModelConfig
from keygrid.model.network import KeyGrid

HEADER = "keygrid"
FORMAT = 1


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights, and where they come from.

    Attributes:
        config: the network's configuration.
        weights: the network's state, float32 on CPU.
        category: what was learnt from, such as `T-shirt`; empty where that is not known.
        record: how the weights came about, as JSON values: the training's configuration, command, garments and
            history of losses by epoch, or the origin of an import.
    """

    config: ModelConfig
    weights: dict[str, Tensor]
    category: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    def network(self) -> KeyGrid:
        """The network with these weights, in evaluation mode."""
        network = KeyGrid(self.config)
        network.load_state_dict(self.weights)
        return network.eval()

    def save(self, path: Path, *, half: bool = False) -> None:
        """Write to `path`, which appears whole or not at all; in 16 bits where `half` says so and numbers allow it."""
        header = {
            "format": FORMAT,
            "model": asdict(self.config),
            "category": self.category,
            "record": self.record,
        }
        with atomic(path) as temporary:
            save_file(
                {name: _stored(tensor, half) for name, tensor in self.weights.items()},
                temporary,
                metadata={HEADER: json.dumps(header)},
            )

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read a checkpoint; nothing in the file is executed.

        Raises:
            KeygridError: the file is missing, damaged, or is not one of our checkpoints.
        """
        try:
            with safe_open(path, framework="pt") as file:
                header = json.loads((file.metadata() or {})[HEADER])
                weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError as error:
            raise KeygridError(f"There is no checkpoint {path}.") from error
        except (KeyError, ValueError, RecursionError) as error:
            raise KeygridError(f"{path.name} holds weights, but not of a Key-Grid network.") from error
        except (SafetensorError, OSError) as error:
            hint = (
                "; import published weights with `main.py import` first"
                if path.suffix in {".pt", ".pth"}
                else ": it is damaged, or of another kind"
            )
            raise KeygridError(f"{path.name} can't be read as a checkpoint{hint}.") from error
        config = _config(header, path)
        checkpoint = cls(config, weights, header.get("category", ""), header.get("record", {}))
        _check_shapes(checkpoint, path)
        return checkpoint


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    fits = half and tensor.is_floating_point() and bool((tensor.abs() <= torch.finfo(torch.float16).max).all())
    return tensor.half() if fits else tensor


def fingerprint(path: Path) -> str:
    """Twelve hexadecimal digits that tell this file's content from any other's."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _config(header: Any, path: Path) -> ModelConfig:
    known = {f.name for f in fields(ModelConfig)}
    match header:
        case {"format": int(number), "model": dict(values)} if number == FORMAT and values.keys() <= known:
            pass
        case _:
            raise KeygridError(
                f"{path.name} was written by another version of Key-Grid Desktop; use that one to open it."
            )
    if not isinstance(header.get("category", ""), str) or not isinstance(header.get("record", {}), dict):
        raise KeygridError(f"{path.name} is damaged: it doesn't say where its weights come from.")
    try:
        return ModelConfig(**{name: _as_tuple(value) for name, value in values.items()})
    except KeygridError as error:
        raise KeygridError(f"{path.name} can't be used as a checkpoint: {error}") from error


def _as_tuple(value: Any, depth: int = 3) -> Any:
    """Lists as tuples, down to the widths of `ModelConfig.abstraction`."""
    return tuple(_as_tuple(item, depth - 1) for item in value) if isinstance(value, list) and depth else value


def _check_shapes(checkpoint: Checkpoint, path: Path) -> None:
    with torch.device("meta"):
        expected = KeyGrid(checkpoint.config).state_dict()
    if {n: t.shape for n, t in expected.items()} != {n: t.shape for n, t in checkpoint.weights.items()}:
        raise KeygridError(f"{path.name} does not hold the weights that its own configuration describes.")
