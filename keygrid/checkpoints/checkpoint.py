"""A checkpoint: one safetensors file with the weights and, in its header, all that is needed to predict.

One file, because a file can be replaced atomically, dropped on a window and sent to a colleague.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from keygrid.checkpoints.header import KEY, CheckpointHeader, header_of, opening, upgraded_name
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.model.config import ModelConfig
from keygrid.model.network import KeyGrid


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights and their origin.

    Attributes:
        config: the network's configuration.
        weights: the network's state, float32 on CPU.
        category: what was learnt from, such as `T-shirt`; empty where that is not known.
        record: origin of the weights, as JSON values: the training's configuration, command, garments and
            history of losses by epoch, or the origin of an import.
    """

    config: ModelConfig
    weights: dict[str, Tensor]
    category: str = ""
    record: dict[str, Any] = field(default_factory=dict)

    def network(self) -> KeyGrid:
        """Return the network with these weights, in evaluation mode."""
        network = KeyGrid(self.config)
        network.load_state_dict(self.weights)
        return network.eval()

    def save(self, path: Path, *, half: bool = False) -> None:
        """Write to `path`, which appears whole or not at all; in 16 bits where `half` says so and numbers allow it."""
        header = CheckpointHeader(self.config, self.category, self.record)
        with atomic(path) as temporary:
            save_file(
                {name: _stored(tensor, half) for name, tensor in self.weights.items()},
                temporary,
                metadata={KEY: header.as_json()},
            )

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read a checkpoint of any format; nothing in the file is executed.

        Raises:
            KeygridError: the file is missing, damaged, or is not one of our checkpoints.
        """
        with opening(path, framework="pt") as file:
            header = header_of(file.metadata(), path)
            names = file.keys()  # of a file, which is no mapping
            weights = {upgraded_name(name, header.format): file.get_tensor(name).float() for name in names}
        checkpoint = cls(header.config, weights, header.category, header.record)
        _check_shapes(checkpoint, path)
        return checkpoint


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    fits = half and tensor.is_floating_point() and bool((tensor.abs() <= torch.finfo(torch.float16).max).all())
    return tensor.half() if fits else tensor


def _check_shapes(checkpoint: Checkpoint, path: Path) -> None:
    with torch.device("meta"):
        expected = KeyGrid(checkpoint.config).state_dict()
    if {n: t.shape for n, t in expected.items()} != {n: t.shape for n, t in checkpoint.weights.items()}:
        raise KeygridError(f"{path.name} does not hold the weights that its own configuration describes.")
