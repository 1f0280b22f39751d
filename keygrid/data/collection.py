"""Collections: lists of garments that are cheap to make, and whose garments are read one at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from keygrid.data.garment import Garment


@dataclass(frozen=True)
class Entry:
    """One garment of a collection, before it is read.

    Attributes:
        name: name for lists.
        path: path of its file or, for one of several in a file, `FILE#ITEM`, as `keygrid.data.open_path` takes it.
        category: such as `Dress`; empty if unknown.
        split: `train`, `validation` or `test`; empty if the collection is not split.
        demonstration: whether the collection recommends it as an example.
    """

    name: str
    path: Path
    category: str = ""
    split: str = ""
    demonstration: bool = False


class Collection(ABC):
    """Garments that belong together, known by their entries.

    Attributes:
        kind: name of the format, such as `ClothesNet folder`.
        root: the folder or file that was opened.
        entries: entries, in a stable order.
        missing: sentences, each about something that the format should have and this collection lacks.
    """

    kind: str
    root: Path
    entries: tuple[Entry, ...]
    missing: tuple[str, ...] = ()

    @abstractmethod
    def read(self, entry: Entry) -> Garment:
        """Read the garment of an entry.

        Raises:
            KeygridError: the garment is missing or damaged.
        """

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Garment]:
        return (self.read(entry) for entry in self.entries)


@dataclass(frozen=True)
class Listing(Collection):
    """A collection whose entries are known, with one function that reads any of them.

    Attributes:
        reader: returns the garment of an entry's path.
    """

    kind: str
    root: Path
    entries: tuple[Entry, ...]
    reader: Callable[[Path], Garment]
    missing: tuple[str, ...] = ()

    def read(self, entry: Entry) -> Garment:
        return read_listed(self.reader, entry)


def read_listed(reader: Callable[[Path], Garment], entry: Entry) -> Garment:
    """Read the garment of an entry with a listing's reader, without the listing."""
    garment = reader(entry.path)
    return garment if garment.category else replace(garment, category=entry.category)
