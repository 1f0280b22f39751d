"""The header of a checkpoint, read without its weights and without torch.

It is JSON in the metadata of a safetensors file, under the key `keygrid`:

    {"format": 2, "model": {...}, "category": "T-shirt", "record": {...}}

The key `keygrid.digest` holds a digest of that text and of the weights, which reveals damage; files of earlier versions
have none.

In format 1 the model's constants lay side by side, encoder and decoder shared their propagation widths, and the encoder
had the layers of the point weights. Files of both formats are read, and written ones are of format 2. A decoder
that does not say its kind, as none did at first, is Key-Grid's.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open

from keygrid.errors import KeygridError
from keygrid.installation import COMMAND
from keygrid.model.config import HeatmapConfig, ModelConfig
from keygrid.model.decoder_config import DECODERS, GridDecoderConfig
from keygrid.model.encoders import ENCODERS

KEY = "keygrid"
DIGEST = "keygrid.digest"
FORMAT = 2

# Where format 2 has the constants of format 1; others stayed where they were.
_MOVED = {
    **{name: (("encoder", name),) for name in ("centroids", "radii", "neighbours", "abstraction")},
    "propagation": (("encoder", "propagation"), ("decoder", "propagation")),
    **{name: (("heatmap", name),) for name in ("distance", "sigma_squared", "grid")},
    **{name: (("decoder", name),) for name in ("heatmap_levels", "grid_position")},
}
_RENAMED = {
    "encoder.head.0.": "point_weights.hidden.",
    "encoder.head.2.": "point_weights.last.",
    "encoder.mix.": "point_weights.mix.",
}

_T = TypeVar("_T")


@dataclass(frozen=True)
class CheckpointHeader:
    """A checkpoint's description of itself.

    Attributes:
        config: the network's configuration.
        category: category of the training garments, such as `T-shirt`; empty if unknown.
        record: origin of the weights, as JSON values.
        format: version of the file's format.
    """

    config: ModelConfig
    category: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def as_json(self) -> str:
        """Return the header's text in the newest format."""
        model = model_as_json(self.config)
        return json.dumps({"format": FORMAT, "model": model, "category": self.category, "record": self.record})


def read_header(path: Path) -> CheckpointHeader:
    """Read the header of a checkpoint of any format.

    Raises:
        KeygridError: the file is missing, damaged, or not one of our checkpoints.
    """
    with opening(path, framework="numpy") as file:
        return header_of(file.metadata(), path)


@contextmanager
def opening(path: Path, framework: str) -> Iterator[Any]:
    """Open a safetensors file for the tensors of a framework, as `safetensors.safe_open` does.

    Raises:
        KeygridError: the file is missing or damaged, even if this is noticed only inside the block.
    """
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except FileNotFoundError as error:
        raise KeygridError(f"There is no checkpoint {path}; check the path.") from error
    except (SafetensorError, OSError) as error:
        hint = (
            f"; import published weights first with `{' '.join(COMMAND)} import`"
            if path.suffix in {".pt", ".pth"}
            else ": it is damaged or another kind of file"
        )
        raise KeygridError(f"{path.name} can't be read as a checkpoint{hint}.") from error


def header_of(metadata: Mapping[str, str] | None, path: Path) -> CheckpointHeader:
    """Return the header in a file's metadata; error messages name `path`.

    Raises:
        KeygridError: the header is missing or invalid.
    """
    try:
        header = json.loads((metadata or {})[KEY])
    except (KeyError, ValueError, RecursionError) as error:
        raise KeygridError(f"{path.name} holds weights, but not those of a Key-Grid network.") from error
    match header:
        case {"format": int(number), "model": dict(model)} if 1 <= number <= FORMAT and type(number) is int:
            pass
        case _:
            raise _of_another_version(path)
    category, record = header.get("category", ""), header.get("record", {})
    if not isinstance(category, str) or not isinstance(record, dict):
        raise KeygridError(f"{path.name} is damaged: it doesn't say where its weights come from.")
    try:
        config = model_from_json(model, number)
    except UnknownConstantError as error:
        raise _of_another_version(path) from error
    except KeygridError as error:
        raise KeygridError(f"{path.name} can't be used as a checkpoint: {error}") from error
    return CheckpointHeader(config, category, record, number)


class UnknownConstantError(KeygridError):
    """A configuration has a constant, or a kind of encoder or decoder, that this version does not know."""


def model_as_json(config: ModelConfig) -> dict[str, Any]:
    """Return a configuration as values for JSON, in the newest format."""
    return asdict(config) | {
        "encoder": {"kind": config.encoder.kind, **asdict(config.encoder)},
        "decoder": {"kind": config.decoder.kind, **asdict(config.decoder)},
    }


def model_from_json(values: Mapping[str, Any], number: int = FORMAT) -> ModelConfig:
    """Return the configuration from JSON values of any format from 1 to `FORMAT`.

    Raises:
        UnknownConstantError: there is a constant or a kind of encoder or decoder that this version does not know.
        KeygridError: the values do not describe a network.
    """
    values = _nested(values) if number == 1 else dict(values)
    parts: dict[str, Any] = {}
    if "heatmap" in values:
        parts["heatmap"] = _made(HeatmapConfig, _mapping("heatmap", values["heatmap"]))
    encoders = {kind: encoder.config for kind, encoder in ENCODERS.items()}
    for name, kinds, usual in (("encoder", encoders, ""), ("decoder", DECODERS, GridDecoderConfig.kind)):
        if name in values:
            constants = dict(_mapping(name, values[name]))
            kind = constants.pop("kind", usual)  # decoders of earlier versions are all of one kind and don't name it
            if not isinstance(kind, str) or kind not in kinds:
                raise UnknownConstantError(f"This version does not know its {name}.")
            parts[name] = _made(kinds[kind], constants)
    return _made(ModelConfig, values | parts)


def upgraded_name(name: str, number: int) -> str:
    """Return the current name of a weight, from its name in files of format `number`."""
    for before, now in _RENAMED.items() if number == 1 else ():
        if name.startswith(before):
            return now + name.removeprefix(before)
    return name


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Convert constants of format 1 to format 2."""
    parts: dict[str, dict[str, Any]] = {"encoder": {"kind": "pointnet"}, "heatmap": {}, "decoder": {}}
    if flat.keys() & parts.keys():
        raise UnknownConstantError("Its constants belong to a newer format than its header states.")
    for name, value in flat.items():
        for part, moved in _MOVED.get(name, ()):
            parts[part][moved] = value
    return {name: value for name, value in flat.items() if name not in _MOVED} | parts


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise KeygridError(f"The network's {name} must be a group of constants.")
    return value


def _made(kind: type[_T], values: Mapping[str, Any]) -> _T:
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if not values.keys() <= known:
        raise UnknownConstantError("It has a constant that this version does not know.")
    return kind(**{name: _as_tuple(value) for name, value in values.items()})


def _as_tuple(value: Any, depth: int = 3) -> Any:
    """Return lists as tuples, down to the layer widths of an encoder's scales."""
    return tuple(_as_tuple(item, depth - 1) for item in value) if isinstance(value, list) and depth else value


def _of_another_version(path: Path) -> KeygridError:
    return KeygridError(f"{path.name} was written by another version of Key-Grid Desktop; open it with that version.")
