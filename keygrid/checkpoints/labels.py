"""Names and colours that users give to a checkpoint's keypoints, stored beside the checkpoint.

`shirt.safetensors` has its labels in `shirt.keypoints.json`:

    {"keypoints": {"0": {"name": "collar", "colour": [230, 159, 0]}}}

A keypoint without a user's name may have a derived one: the nearest landmark on garments that the network learnt from.
A folder's checkpoints have them in `derived-names.json`, and they apply only to a file with this content:

    {"shirt": {"fingerprint": "c0ffee...", "names": ["front neck", "left hem"]}}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.names import tidied
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.palette import DEFAULT, colours

LARGEST = 1 << 20
"""Maximum size of a file, in bytes."""

DERIVED = "derived-names.json"

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class KeypointLabels:
    """Names and colours of keypoints, as far as they were chosen.

    Attributes:
        names: names by index.
        colours: red, green, blue from 0 to 255, by index.
        derived: indices of derived names.
    """

    names: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    colours: Mapping[int, Colour] = field(default_factory=lambda: MappingProxyType({}))
    derived: frozenset[int] = frozenset()

    def named(self, index: int, name: str) -> "KeypointLabels":
        """Return the labels with another name, or without one if it is empty."""
        names = {**self.names, index: tidied(name)}
        return KeypointLabels({i: given for i, given in names.items() if given}, self.colours, self.derived - {index})

    def derive(self, names: Mapping[int, str]) -> "KeypointLabels":
        """Return the labels with derived names for keypoints without a user's name."""
        kept = {i: given for i, given in self.names.items() if i not in self.derived}
        found = {i: tidied(given) for i, given in names.items()}
        return KeypointLabels({**found, **kept}, self.colours, frozenset(found) - frozenset(kept))

    def coloured(self, index: int, colour: Colour | None) -> "KeypointLabels":
        """Return the labels with another colour, or with the default one if it is None."""
        given = {i: other for i, other in self.colours.items() if i != index}
        return replace(self, colours=given if colour is None else {**given, index: colour})

    def title(self, index: int) -> str:
        """Return a keypoint's number, and its name if it has one."""
        return f"{index} {self.names[index]}" if index in self.names else str(index)

    def palette(self, count: int, palette: str = DEFAULT) -> NDArray[np.uint8]:
        """Return red, green, blue (count, 3) of all keypoints, by default those of `keygrid.palette`."""
        found = colours(count, palette)
        for index, colour in self.colours.items():
            if index < count:
                found[index] = colour
        return found


def path_of(checkpoint: Path) -> Path:
    """Return the path of the file with a checkpoint's labels."""
    return checkpoint.with_suffix(".keypoints.json")


def load(checkpoint: Path, fingerprint: str = "") -> KeypointLabels:
    """Return a checkpoint's labels; of a damaged file, use what is valid.

    Args:
        checkpoint: the checkpoint's file.
        fingerprint: fingerprint of the file's content, which derived names must match; empty for no derived names.
    """
    given = _given(checkpoint)
    try:
        known = _read(checkpoint.with_name(DERIVED))[checkpoint.stem]
        names = known["names"] if fingerprint and known["fingerprint"] == fingerprint else []
        return given.derive({index: name for index, name in enumerate(names) if isinstance(name, str) and tidied(name)})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return given


def keep_derived(checkpoint: Path, fingerprint: str, names: Sequence[str]) -> None:
    """Store derived names of a checkpoint with those of the others in its folder.

    Raises:
        KeygridError: the folder can't be written.
    """
    path = checkpoint.with_name(DERIVED)
    try:
        known = dict(_read(path))
    except (OSError, ValueError, TypeError, RecursionError):
        known = {}
    known[checkpoint.stem] = {"fingerprint": fingerprint, "names": list(names)}
    with atomic(path) as temporary:
        temporary.write_text(
            json.dumps(dict(sorted(known.items())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )


def _read(path: Path) -> Any:
    if path.stat().st_size > LARGEST:
        raise ValueError("too large")
    return json.loads(path.read_bytes())


def _given(checkpoint: Path) -> KeypointLabels:
    try:
        entries = _read(path_of(checkpoint))["keypoints"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return KeypointLabels()
    names, given = {}, {}
    for key, entry in entries:
        if not (key.isascii() and key.isdigit() and len(key) < 5 and isinstance(entry, dict)):
            continue
        name = entry.get("name")
        if isinstance(name, str) and tidied(name):
            names[int(key)] = tidied(name)
        colour: Any = entry.get("colour")
        if _is_colour(colour):
            given[int(key)] = (colour[0], colour[1], colour[2])
    return KeypointLabels(names, given)


def save(checkpoint: Path, labels: KeypointLabels) -> None:
    """Store a checkpoint's labels, without derived names; if there are none, remove the file.

    Raises:
        KeygridError: the folder can't be written.
    """
    path = path_of(checkpoint)
    given = {index: name for index, name in labels.names.items() if index not in labels.derived}
    indices = sorted({*given, *labels.colours})
    if not indices:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise KeygridError(f"The labels in {path} can't be removed: {error.strerror}.") from error
        return
    entries: dict[str, dict[str, Any]] = {}
    for index in indices:
        name = {"name": given[index]} if index in given else {}
        colour = {"colour": list(labels.colours[index])} if index in labels.colours else {}
        entries[str(index)] = name | colour
    with atomic(path) as temporary:
        temporary.write_text(json.dumps({"keypoints": entries}, indent=2) + "\n")


def _is_colour(colour: Any) -> bool:
    is_triple = isinstance(colour, list) and len(colour) == 3
    return is_triple and all(type(part) is int and 0 <= part <= 255 for part in colour)
