"""What is kept between starts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from app.state.runs import Run, Runs
from app.state.shelf import Shelf

RECENT = "recent"
RUNS = "runs"

KEPT_RUNS = 12


class Preferences:
    """Fills the shelf's recent files and the known runs from a store, and keeps the store up to date.

    Args:
        shelf: what can be opened.
        runs: training runs; of those that are kept, the ones whose directory is still there are known again.
        store: where it is kept; None if nothing shall be kept.
    """

    def __init__(self, shelf: Shelf, runs: Runs, store: QSettings | None) -> None:
        self._store = store
        if store is None:
            return
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

    def _keep_recent(self, recent: tuple[Path, ...]) -> None:
        self._keep(RECENT, recent)

    def _keep_runs(self, runs: tuple[Run, ...]) -> None:
        self._keep(RUNS, [run.directory for run in runs[:KEPT_RUNS]])

    def _keep(self, name: str, paths: Iterable[Path]) -> None:
        if self._store is not None:
            self._store.setValue(name, [str(path) for path in paths])
