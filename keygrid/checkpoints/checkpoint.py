"""A checkpoint: one safetensors file with the weights and, in its header, everything needed to predict.

It is a single file because a file can be replaced atomically, dropped on a window and sent to a colleague.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from keygrid.checkpoints.header import DIGEST, KEY, CheckpointHeader, header_of, opening, upgraded_name
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
        category: category of the training garments, such as `T-shirt`; empty if unknown.
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
        """Write to `path` atomically; in 16 bits if `half` is true and the numbers allow it."""
        header = CheckpointHeader(self.config, self.category, self.record).as_json()
        stored = {name: _stored(tensor, half) for name, tensor in self.weights.items()}
        content = save(stored, metadata={KEY: header, DIGEST: _digest(header, stored)})
        with atomic(path) as temporary:
            temporary.write_bytes(content)

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read a checkpoint of any format; nothing in the file is executed.

        Raises:
            KeygridError: the file is missing, damaged, or not one of our checkpoints.
        """
        with opening(path, framework="pt") as file:
            metadata = file.metadata()
            header = header_of(metadata, path)
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # which is no mapping
        # Files of earlier versions have no digest.
        if DIGEST in metadata and metadata[DIGEST] != _digest(metadata[KEY], stored):
            raise KeygridError(f"{path.name} is damaged: its weights differ from those that were saved; copy it again.")
        weights = {upgraded_name(name, header.format): tensor.float() for name, tensor in stored.items()}
        checkpoint = cls(header.config, weights, header.category, header.record)
        _check_shapes(checkpoint, path)
        return checkpoint


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    fits = half and tensor.is_floating_point() and bool((tensor.abs() <= torch.finfo(torch.float16).max).all())
    return tensor.half() if fits else tensor


def _digest(header: str, weights: Mapping[str, Tensor]) -> str:
    """Return 64 hexadecimal digits that identify a header and weights as stored."""
    digest = hashlib.blake2b(header.encode(), digest_size=32)
    for name, tensor in sorted(weights.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _check_shapes(checkpoint: Checkpoint, path: Path) -> None:
    with torch.device("meta"):
        expected = KeyGrid(checkpoint.config).state_dict()
    if {n: t.shape for n, t in expected.items()} != {n: t.shape for n, t in checkpoint.weights.items()}:
        raise KeygridError(f"{path.name} is damaged: its weights do not match its own configuration; copy it again.")
