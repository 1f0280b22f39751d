"""Stores preferences, recent files and runs between starts."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from psygnal import EmissionInfo
from PySide6.QtCore import QSettings

from app.state.preferences import DEVICES, MOST_THREADS, TEXT_SCALES, THEMES, Preferences
from app.state.runs import Run, Runs
from app.state.shelf import Shelf
from keygrid.palette import PALETTES

RECENT = "recent"
RUNS = "runs"
PREFERENCES = "preferences"

KEPT_RUNS = 12

CHOICES: dict[str, Callable[[Any], bool]] = {
    "theme": lambda value: value in THEMES,
    "text_scale": lambda value: value in TEXT_SCALES,
    "palette": lambda value: value in PALETTES,
    "device": lambda value: value in DEVICES,
    "threads": lambda value: 0 <= value <= MOST_THREADS,
    "reopen": lambda value: isinstance(value, bool),
}
"""Functions that check stored values, by preference."""


class Store:
    """Restores preferences, recent files and known runs from a store, and keeps it up to date.

    Args:
        preferences: the preferences; values that are no longer available are ignored.
        shelf: holds the recent files.
        runs: training runs; stored ones are restored if their directory still exists.
        store: where the session is saved; None to save nothing.

    Attributes:
        is_new: true if no earlier start has opened anything.
    """

    def __init__(self, preferences: Preferences, shelf: Shelf, runs: Runs, store: QSettings | None) -> None:
        self._store = store
        self.is_new = store is not None and not store.contains(RECENT)
        if store is None:
            return
        for attribute in fields(preferences):
            value = _as_chosen(store.value(f"{PREFERENCES}/{attribute.name}"), attribute.default)
            if value is not None and CHOICES[attribute.name](value):
                setattr(preferences, attribute.name, value)
        preferences.events.connect(self._keep_preference)
        shelf.recent = self._kept(RECENT)
        for directory in reversed(self._kept(RUNS)):
            if directory.is_dir():
                runs.add(directory)
        shelf.events.recent.connect(self._keep_recent)
        runs.events.runs.connect(self._keep_runs)

    def _kept(self, name: str) -> tuple[Path, ...]:
        kept: Any = self._store.value(name, []) if self._store is not None else []
        # A list of one comes back as a string, and an empty one as none.
        return tuple(Path(path) for path in ([kept] if isinstance(kept, str) else kept or []))

    def _keep_preference(self, info: EmissionInfo) -> None:
        if self._store is not None:
            self._store.setValue(f"{PREFERENCES}/{info.signal.name}", info.args[0])

    def _keep_recent(self, recent: tuple[Path, ...]) -> None:
        self._keep(RECENT, recent)

    def _keep_runs(self, runs: tuple[Run, ...]) -> None:
        self._keep(RUNS, [run.directory for run in runs[:KEPT_RUNS]])

    def _keep(self, name: str, paths: Iterable[Path]) -> None:
        if self._store is not None:
            self._store.setValue(name, [str(path) for path in paths])


def _as_chosen(value: Any, default: Any) -> Any:
    """Convert a value to the default's type, because settings files store text only."""
    if value is None:
        return None
    if isinstance(default, bool):
        return str(value).lower() == "true"
    if isinstance(default, int):
        return int(value) if str(value).isdigit() else None
    return str(value)
