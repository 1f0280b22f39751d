"""Import of checkpoints of the published code (github.com/JackHck/Key-Grid).

Its network equals ours with other names, except that a level's first layer receives the position three times, layers
are 1x1 convolutions, and some parameters are unused (`DEC.*`, `MA_EMB`).
"""

import re
from collections.abc import Callable, Mapping
from math import isqrt
from pathlib import Path

import torch
from torch import Tensor

from keygrid.checkpoints import torch_files
from keygrid.checkpoints.checkpoint import Checkpoint
from keygrid.errors import KeygridError
from keygrid.model.config import preset
from keygrid.model.network import KeyGrid

_Name = Callable[[re.Match[str]], str]


def _layer(prefix: str, level: str, layer: str, kind: str, rest: str) -> str:
    """Return the name of a shared MLP's nth linear layer or norm; each layer has three places, the last one ReLU's."""
    return f"{prefix}.{level}.{3 * int(layer) + (kind == 'bn')}.{rest}"


_RENAMINGS: list[tuple[str, _Name]] = [
    (r"PTW\.sa(\d)\.(conv|bn)_blocks\.(\d)\.(\d)\.(.+)",
     lambda m: _layer(f"encoder.abstraction.{int(m[1]) - 1}.scales", m[3], m[4], m[2], m[5])),
    (r"PTW\.fp(\d)\.mlp_(conv|bn)s\.(\d)\.(.+)",
     lambda m: _layer("encoder.propagation", str(4 - int(m[1])), m[3], m[2], m[4])),
    (r"PTW\.(conv|bn)1\.(.+)", lambda m: _layer("point_weights", "hidden", "0", m[1], m[2])),
    (r"PTW\.conv2\.(.+)", lambda m: f"point_weights.last.{m[1]}"),
    (r"PT_L\.(.+)", lambda m: f"point_weights.mix.{m[1]}"),
    (r"MA\.(sublayers|batch_norms)\.(\d)\.(.+)",
     lambda m: _layer("strength", "0", m[2], "bn" if m[1] == "batch_norms" else "conv", m[3])),
    (r"MA_L\.(.+)", lambda m: f"strength.1.{m[1]}"),
    (r"decoder\.fp(\d)\.mlp_(conv|bn)s\.(\d)\.(.+)",
     lambda m: _layer("decoder.propagation", str(4 - int(m[1])), m[3], m[2], m[4])),
    (r"decoder\.decoder\.mlp1\.(\d+)\.(.+)", lambda m: f"decoder.head.0.{m[1]}.{m[2]}"),
    # The two halves of the published head are one here; its last convolution stands apart.
    (r"decoder\.decoder\.mlp2\.(?!9\b)(\d+)\.(.+)", lambda m: f"decoder.head.0.{int(m[1]) + 9}.{m[2]}"),
    (r"decoder\.decoder\.mlp2\.9\.(.+)", lambda m: f"decoder.head.1.{m[1]}"),
]  # fmt: skip


def import_published(path: Path) -> Checkpoint:
    """Read a `.pt` file of the published code; no code in the file is executed.

    The number of keypoints follows from the shapes, and the constants are those of the preset `released`.

    Raises:
        KeygridError: the file is missing, damaged, or holds another network.
    """
    state = _read(path)
    weights: dict[str, Tensor] = {}
    for published, tensor in state.items():
        name = _our_name(published)
        if name is not None:
            weights[name] = _our_shape(published, tensor)

    pairs = weights.get("strength.1.bias", torch.empty(0)).numel()
    keypoints = (1 + isqrt(1 + 8 * pairs)) // 2  # pairs = K(K-1)/2
    if keypoints < 2 or keypoints * (keypoints - 1) // 2 != pairs:
        raise KeygridError(f"{path.name} does not hold a network of the published Key-Grid code.")
    config = preset("released", keypoints)
    with torch.device("meta"):
        expected = KeyGrid(config).state_dict()
    if {n: t.shape for n, t in expected.items()} != {n: t.shape for n, t in weights.items()}:
        raise KeygridError(
            f"{path.name} holds a different network from the last version of the published Key-Grid code."
        )
    return Checkpoint(config, weights, record={"imported": path.name})


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        content = torch_files.load(path, torch.device("cpu"))
    except FileNotFoundError as error:
        raise KeygridError(f"There is no file {path}; check the path.") from error
    state = content.get("model_state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in state.items()
    ):
        raise KeygridError(f"{path.name} is not a checkpoint of the published code: it has no `model_state_dict`.")
    return state


def _our_name(published: str) -> str | None:
    for pattern, name in _RENAMINGS:
        if match := re.fullmatch(pattern, published):
            return name(match)
    return None


def _our_shape(published: str, tensor: Tensor) -> Tensor:
    if tensor.ndim > 2:
        tensor = tensor.flatten(1)  # a 1x1 convolution's kernel is a matrix
    if re.fullmatch(r"PTW\.sa1\.conv_blocks\.\d\.0\.weight", published) and tensor.shape[1:] == (12,):
        # Columns: the position, the position again, once more, and the offset from the centre.
        position = tensor[:, :9].reshape(-1, 3, 3).sum(dim=1)
        tensor = torch.cat([position, tensor[:, 9:]], dim=1)
    return tensor if tensor.dtype == torch.int64 else tensor.float()
