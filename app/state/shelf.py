"""Everything available for opening: shipped garments, recent files, collections."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from keygrid.data.collection import Entry
from keygrid.data.garment import Garment

RECENT = 12
"""Maximum number of recent files."""


@dataclass(frozen=True, eq=False)
class OpenCollection:
    """A collection with its entries, whose garments have not been read.

    Attributes:
        kind: name of the format.
        root: the folder or file that was opened.
        entries: entries, in a stable order.
        missing: sentences, each about something that is missing.
    """

    kind: str
    root: Path
    entries: tuple[Entry, ...]
    missing: tuple[str, ...] = ()

    @cached_property
    def index(self) -> tuple[str, ...]:
        """Search texts in lower case, one per entry."""
        return tuple(searched(entry) for entry in self.entries)


@dataclass
class Shelf:
    """Everything available for opening.

    Attributes:
        shipped: garments that come with the application.
        recent: recently opened files, newest first.
        collections: opened collections, in the order of opening.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    shipped: tuple[Entry, ...] = ()
    recent: tuple[Path, ...] = field(default=())
    collections: tuple[OpenCollection, ...] = ()

    def remember(self, path: Path) -> None:
        """Move a path to the front of the recent files."""
        path = path.absolute()
        self.recent = (path, *(other for other in self.recent if other != path))[:RECENT]

    def add_collection(self, collection: OpenCollection) -> None:
        """Add a collection, replacing an earlier one with the same root."""
        others = (other for other in self.collections if other.root != collection.root)
        self.collections = (*others, collection)


def searched(item: Entry | Garment) -> str:
    """Return an entry's search text, in lower case."""
    return f"{item.name} {item.category}".casefold()


def matching(texts: Sequence[str], words: str) -> list[int]:
    """Return the indices of the lower-case texts that contain all words."""
    found = list(range(len(texts)))
    for word in words.casefold().split():
        found = [index for index in found if word in texts[index]]
    return found
