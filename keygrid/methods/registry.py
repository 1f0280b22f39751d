"""The methods without a file, by name, and functions to open any method; heavy imports wait until one is opened."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from keygrid.checkpoints.header import read_header
from keygrid.errors import KeygridError
from keygrid.files import fingerprint
from keygrid.methods.defaults import FOLDER
from keygrid.methods.method import Method
from keygrid.model.config import MAXIMUM_KEYPOINTS
from keygrid.prediction import MethodId

GROUP = "keygrid.methods"
"""The group of entry points through which other packages provide methods, each an `Entry`."""


@dataclass(frozen=True)
class Option:
    """An integer option of a method.

    Attributes:
        default: default value.
        low: smallest value.
        high: largest value.
    """

    default: int
    low: int
    high: int


KEYPOINTS = Option(8, 2, MAXIMUM_KEYPOINTS)


@dataclass(frozen=True)
class Entry:
    """A method without a file.

    Attributes:
        title: name in lists.
        factory: a function of a `MethodId` and the options by name, or its location, `package.module:name`, which is
            imported when the method is opened.
        options: options by name; `k` is the number of keypoints.
        version: distinguishes its results from those of earlier versions of the method.
    """

    title: str
    factory: str | Callable[..., Method]
    options: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({"k": KEYPOINTS}))
    version: str = "1"

    def identity(self, name: str, values: Mapping[str, int]) -> MethodId:
        """Return the identity of the method with some values of its options."""
        spec = f"{name}?{'&'.join(f'{key}={value}' for key, value in values.items())}" if values else name
        return MethodId(self.title, self.version, spec)

    def open(self, name: str, values: Mapping[str, int]) -> Method:
        """Open the method with some values of its options."""
        factory: Any = resolve_name(self.factory) if isinstance(self.factory, str) else self.factory
        method: Method = factory(self.identity(name, values), **values)
        return method


METHODS: dict[str, Entry] = {
    "farthest": Entry("Farthest points of the cloud", "keygrid.methods.farthest:Farthest"),
    "geodesic": Entry("Farthest points along the cloth", "keygrid.methods.geodesic:Geodesic"),
    "still": Entry("Points held still in the box", "keygrid.methods.farthest:Still"),
    "iss": Entry("ISS", "keygrid.methods.iss:Iss"),
}


def methods() -> dict[str, Entry]:
    """Return all methods without a file, by name: the built-in ones, and those of installed packages that load."""
    found = dict(METHODS)
    for name, point in _offered().items():
        try:
            found.setdefault(name, _loaded(point))
        except KeygridError:
            continue  # `open_method` says why when it is asked for
    return found


def unlearned_methods() -> Iterator[tuple[MethodId, int]]:
    """Yield the identity and number of keypoints of each method without a file, with default options."""
    for name, entry in methods().items():
        values = {key: option.default for key, option in entry.options.items()}
        yield entry.identity(name, values), values.get("k", 0)


def open_method(spec: str | Path, device: str = "cpu") -> Method:
    """Open a method.

    Args:
        spec: the path of a checkpoint, the name of a shipped one, such as `tops-k8-surface`, or the name of a method
            without a file with its options, such as `farthest?k=8`.
        device: device of a checkpoint's network, by PyTorch's name.

    Raises:
        KeygridError: there is no such method, an option is invalid, the file can't be read as a checkpoint, or the
            device is not available.
    """
    unlearned = _unlearned(spec)
    if unlearned is not None:
        name, entry, values = unlearned
        return entry.open(name, values)
    from keygrid.methods.learned import LearnedMethod

    return LearnedMethod(checkpoint_path(spec), device)


def identify(spec: str | Path) -> MethodId:
    """Return the identity of a method without opening it, which would take seconds to import torch.

    Raises:
        KeygridError: there is no such method, an option is invalid, or the file is not a checkpoint.
    """
    unlearned = _unlearned(spec)
    if unlearned is not None:
        name, entry, values = unlearned
        return entry.identity(name, values)
    path = checkpoint_path(spec)
    header = read_header(path)
    return MethodId.of_file(path, fingerprint(path), header.category)


@lru_cache(maxsize=8)
def reopen(identity: MethodId, device: str = "cpu") -> Method:
    """Open a method that another process has identified; the most recent ones stay open.

    Raises:
        KeygridError: as for `open_method`, or the method has changed.
    """
    method = open_method(identity.spec, device)
    if method.id.fingerprint != identity.fingerprint:
        raise KeygridError(
            f"{identity.label} changed during the work, or differs on the machine that reads it; start again."
        )
    return method


def _unlearned(spec: str | Path) -> tuple[str, Entry, dict[str, int]] | None:
    """Return name, entry and options of a method without a file; None if `spec` is the path of a checkpoint."""
    name, _, query = str(spec).partition("?")
    if isinstance(spec, Path) or not re.fullmatch(r"[A-Za-z][\w-]*", name):
        return None
    entry = _entry(name)
    if entry is not None:
        return name, entry, _values(name, entry, query)
    if query or not checkpoint_path(spec).exists():
        raise KeygridError(
            f"There is no method {name!r}: choose one of {', '.join(methods())}, or a checkpoint by its path."
        )
    return None


def checkpoint_path(spec: str | Path) -> Path:
    """Return the path of a checkpoint; if there is no such file, that of the shipped one of this name."""
    path, shipped = Path(spec), FOLDER / f"{spec}.safetensors"
    return shipped if not path.exists() and path.parent == Path() and shipped.exists() else path


def _entry(name: str) -> Entry | None:
    if name in METHODS:
        return METHODS[name]
    return _loaded(_offered()[name]) if name in _offered() else None


def _values(name: str, entry: Entry, query: str) -> dict[str, int]:
    values = {key: option.default for key, option in entry.options.items()}
    known = ", ".join(entry.options) or "none"
    for key, text in parse_qsl(query, keep_blank_values=True):
        option = entry.options.get(key)
        if option is None:
            raise KeygridError(f"The method {name} has no option {key!r}; its options are {known}.")
        if not re.fullmatch(r"\d{1,9}", text) or not option.low <= int(text) <= option.high:
            raise KeygridError(
                f"The option {key} of the method {name} must be a whole number from {option.low} to "
                f"{option.high}; you gave {text!r}."
            )
        values[key] = int(text)
    return values


@cache
def _offered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> Entry:
    try:
        entry: Entry = point.load()
    except Exception as error:  # another package's code
        raise KeygridError(f"The method {point.name!r}, {point.value}, can't be loaded: {error}.") from error
    return entry
