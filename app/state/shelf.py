"""Everything that can be opened: garments that come with the application, recent files, collections."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from keygrid.data.collection import Entry
from keygrid.data.garment import Garment

RECENT = 12
"""Largest number of recent files that are kept."""


@dataclass(frozen=True, eq=False)
class OpenCollection:
    """A collection by its entries, whose garments are not read.

    Attributes:
        kind: the format in words.
        root: the folder or file that was opened.
        entries: in a stable order.
        missing: sentences, each about something that should be there and is not.
    """

    kind: str
    root: Path
    entries: tuple[Entry, ...]
    missing: tuple[str, ...] = ()

    @cached_property
    def index(self) -> tuple[str, ...]:
        """Texts that a search looks at, in lower case, one an entry."""
        return tuple(searched(entry) for entry in self.entries)


@dataclass
class Shelf:
    """Everything that can be opened.

    Attributes:
        shipped: garments that come with the application.
        recent: what was opened before, newest first.
        collections: in the order of opening.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    shipped: tuple[Entry, ...] = ()
    recent: tuple[Path, ...] = field(default=())
    collections: tuple[OpenCollection, ...] = ()

    def remember(self, path: Path) -> None:
        """Put a path at the front of the recent ones."""
        path = path.absolute()
        self.recent = (path, *(other for other in self.recent if other != path))[:RECENT]

    def add_collection(self, collection: OpenCollection) -> None:
        """Add a collection in place of an earlier one of the same root."""
        others = (other for other in self.collections if other.root != collection.root)
        self.collections = (*others, collection)


def searched(item: Entry | Garment) -> str:
    """Return the text that a search looks at, in lower case."""
    return f"{item.name} {item.category}".casefold()


def matching(texts: Sequence[str], words: str) -> list[int]:
    """Indices of the lower-case texts that contain every one of the words."""
    found = list(range(len(texts)))
    for word in words.casefold().split():
        found = [index for index in found if word in texts[index]]
    return found
