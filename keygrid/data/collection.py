"""Many garments in one place: a list that is cheap to make, and garments that are read one at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from keygrid.data.garment import Garment


@dataclass(frozen=True)
class Entry:
    """One garment of a collection, before it is read.

    Attributes:
        name: what a list shows.
        path: of its file; of one among several in a file, `FILE#ITEM`. `keygrid.data.open_path` takes both.
        category: such as `Dress`; empty where not known.
        split: `train`, `validation` or `test`; empty where the collection is not split.
        demonstration: whether the collection names it as one to look at first.
    """

    name: str
    path: Path
    category: str = ""
    split: str = ""
    demonstration: bool = False


class Collection(ABC):
    """Garments that belong together, known by their entries.

    Attributes:
        kind: the format in words, such as `ClothesNet folder`.
        root: the folder or file it was opened from.
        entries: in a stable order.
        missing: sentences, each about something the format should have and this collection has not.
    """

    kind: str
    root: Path
    entries: tuple[Entry, ...]
    missing: tuple[str, ...] = ()

    @abstractmethod
    def read(self, entry: Entry) -> Garment:
        """The garment of one of the entries.

        Raises:
            KeygridError: it is missing or damaged.
        """

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Garment]:
        return (self.read(entry) for entry in self.entries)


@dataclass(frozen=True)
class Listing(Collection):
    """A collection whose entries are known, and one function that reads any of them.

    Attributes:
        reader: from an entry's path to its garment.
    """

    kind: str
    root: Path
    entries: tuple[Entry, ...]
    reader: Callable[[Path], Garment]
    missing: tuple[str, ...] = ()

    def read(self, entry: Entry) -> Garment:
        return read_listed(self.reader, entry)


def read_listed(reader: Callable[[Path], Garment], entry: Entry) -> Garment:
    """Read the garment of an entry by a listing's reader, without the listing."""
    garment = reader(entry.path)
    return garment if garment.category else replace(garment, category=entry.category)
