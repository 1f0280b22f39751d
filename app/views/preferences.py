"""What is kept between starts."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from app.state.shelf import Shelf

RECENT = "recent"


class Preferences:
    """Fills the shelf's recent files from a store, and keeps the store up to date.

    Args:
        shelf: what can be opened.
        store: where it is kept; None if nothing shall be kept.
    """

    def __init__(self, shelf: Shelf, store: QSettings | None) -> None:
        self._store = store
        if store is None:
            return
        kept: Any = store.value(RECENT, [])
        # A list of one comes back as a string, and an empty one as none.
        shelf.recent = tuple(Path(path) for path in ([kept] if isinstance(kept, str) else kept or []))
        shelf.events.recent.connect(self._keep)

    def _keep(self, recent: tuple[Path, ...]) -> None:
        if self._store is not None:
            self._store.setValue(RECENT, [str(path) for path in recent])
