"""Data sets: garments from any number of files, folders and collections, read one at a time when needed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from keygrid.data.cache import CloudCache, content_digest
from keygrid.data.collection import Collection, Entry, Listing, read_listed
from keygrid.data.garment import Garment
from keygrid.data.opening import open_path
from keygrid.data.sampling import MINIMUM_POINTS, sample
from keygrid.errors import KeygridError

HELD_OUT_SHARE = 5
"""One garment in this many is kept for validation if the data do not say which."""

MEMORY = 2**30
"""Bytes of garments to keep in memory."""

_T = TypeVar("_T")

_Version = tuple[int, int] | None
"""Size and modification time of a file; None if it is not a single file."""


@dataclass(frozen=True, eq=False)
class Member:
    """A garment of a data set, before it is read.

    Attributes:
        entry: its entry in a collection.
        read: reads it; raises `KeygridError` if that fails.
        file: the file that holds it; None if there is none, or several.
    """

    entry: Entry
    read: Callable[[], Garment]
    file: Path | None = None


class Dataset:
    """Garments by number, in a stable order.

    Opening a data set lists its garments without reading them. If a garment turns out to be missing or damaged, it is
    skipped and the next one takes its place. Drawn points therefore depend only on the files and the arguments, and not
    on what was read before.

    Args:
        members: the garments.
        cache: cache of drawn clouds on disk; None for no cache.
        on_skip: called once for each skipped garment, with the reason.
        memory: bytes of garments to keep in memory.
    """

    def __init__(
        self,
        members: Iterable[Member],
        cache: CloudCache | None = None,
        on_skip: Callable[[Entry, str], None] | None = None,
        memory: int = MEMORY,
    ) -> None:
        self.members = tuple(members)
        self.skipped: dict[Member, str] = {}
        self._reader = _Reader(cache, memory)
        self._on_skip = on_skip

    @classmethod
    def open(
        cls,
        paths: Sequence[Path],
        *,
        categories: Sequence[str] = (),
        cache: CloudCache | None = None,
        on_skip: Callable[[Entry, str], None] | None = None,
    ) -> "Dataset":
        """Open any number of paths, as `keygrid.data.open_path` takes them, as one data set without duplicates.

        Args:
            paths: files, folders, collections.
            categories: leave out garments known to belong to other categories; keep all if empty.
            cache: see the class.
            on_skip: see the class.

        Raises:
            KeygridError: a path is missing or can't be opened, or no garment belongs to a category.
        """
        members = {member.entry.path: member for path in paths for member in _members(path)}
        # What is wrong with an only one is an error, which says the same.
        data = cls(members.values(), cache, on_skip if len(members) > 1 else None)
        return data.of_categories(categories) if categories else data

    @classmethod
    def of(cls, garments: Iterable[Garment]) -> "Dataset":
        """Return a data set of garments in memory."""
        return cls(_read_already(garment) for garment in garments)

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Garment]:
        """Yield all readable garments, each once."""
        for member in self.members:
            try:
                yield self._reader.garment(member)
            except KeygridError as error:
                self._skip(member, str(error))

    @property
    def is_usable(self) -> bool:
        """True if a cloud can be drawn on any of the garments; reads garments until it finds one."""
        try:
            self.draw(0, MINIMUM_POINTS, seed=0)
        except KeygridError:
            return False
        return True

    @property
    def names(self) -> list[str]:
        return [member.entry.name for member in self.members]

    def of_categories(self, categories: Sequence[str]) -> "Dataset":
        """Return the data set without garments known to belong to other categories, such as `Dress`; case is ignored.

        Raises:
            KeygridError: no garment belongs, or may belong, to one of them.
        """
        known = {member.entry.category.casefold() for member in self.members}
        for category in categories:
            if not known & {category.casefold(), ""}:
                names = ", ".join(sorted({member.entry.category for member in self.members}))
                raise KeygridError(f"None of the garments is a {category}; their categories are: {names}.")
        wanted = {"", *(category.casefold() for category in categories)}
        return self._part([member for member in self.members if member.entry.category.casefold() in wanted])

    def of_split(self, split: str) -> "Dataset":
        """Return the garments that belong to a split, such as `test`, and those without a split.

        Raises:
            KeygridError: no garment is left.
        """
        kept = [member for member in self.members if member.entry.split in (split, "")]
        if not kept:
            raise KeygridError(f"None of the garments is in the split {split}; choose another split or other garments.")
        return self._part(kept)

    def split(self, seed: int) -> tuple["Dataset", "Dataset"]:
        """Return garments for training and for validation, with all frames of a garment in the same part.

        If garments have splits, those are used; `test` garments are in neither part, and garments without a split are
        in training. If no split provides validation garments, one training garment in five is held out. With fewer than
        five, both parts have all of them, and validation differs only in deformations.

        Raises:
            KeygridError: no garment is left for training.
        """
        train = [member for member in self.members if member.entry.split in ("train", "")]
        validate = [member for member in self.members if member.entry.split == "validation"]
        if not train:
            raise KeygridError("None of these garments is meant for training; add others.")
        rng = np.random.default_rng(seed)
        if not validate and len(train) < HELD_OUT_SHARE:
            return self._part(train), self._part(train)
        held_out = 0 if validate else len(train) // HELD_OUT_SHARE
        # Shuffled, because neighbours in a listing are alike, and an epoch may see only a part of many garments.
        train = [train[i] for i in rng.permutation(len(train))]
        validate = [validate[i] for i in rng.permutation(len(validate))]
        return self._part(train[held_out:]), self._part(validate or train[:held_out])

    def draw(self, index: int, count: int, seed: int) -> NDArray[np.float64]:
        """Return points (up to `count`, 3) in file units, drawn with `sample` on garment `index` modulo their number.

        On a moving garment, points are drawn on the shape at rest and moved to a frame that the seed chooses uniformly.
        If the garment is unusable, the next usable one takes its place.

        Raises:
            KeygridError: no garment is usable.
        """
        return self._first_usable(index, lambda member: self._reader.draw(member, count, seed))

    def garment(self, index: int) -> Garment:
        """Return the garment of `index` modulo their number, or the next readable one if it can't be read.

        Raises:
            KeygridError: no garment is readable.
        """
        return self._first_usable(index, self._reader.garment)

    def _first_usable(self, index: int, use: Callable[[Member], _T]) -> _T:
        for step in range(len(self)):
            member = self.members[(index + step) % len(self)]
            if member in self.skipped:
                continue
            try:
                return use(member)
            except KeygridError as error:
                self._skip(member, str(error))
        first = self.skipped[self.members[0]]
        raise KeygridError(
            first if len(self) == 1 else f"None of the {len(self)} garments can be used; the first error: {first}"
        )

    def _part(self, members: Sequence[Member]) -> "Dataset":
        """Return some of the garments, sharing memory and skipped garments with this data set."""
        part = Dataset(members, on_skip=self._on_skip)
        part._reader, part.skipped = self._reader, self.skipped
        return part

    def _skip(self, member: Member, reason: str) -> None:
        if member not in self.skipped:
            self.skipped[member] = reason
            if self._on_skip is not None:
                self._on_skip(member.entry, reason)


class _Reader:
    """Reads members, and caches garments and contents of files while the files are unchanged."""

    def __init__(self, cache: CloudCache | None, memory: int) -> None:
        self._cache, self._room = cache, memory
        self._garments: dict[Member, tuple[_Version, Garment]] = {}
        self._contents: dict[Member, tuple[_Version, str]] = {}

    def garment(self, member: Member) -> Garment:
        version = _version(member)
        known = self._known(member, version)
        if known is None:
            known = member.read()
            # Those that came first stay. Training goes round and round, and then by the time a garment comes again,
            # evicting the oldest has always just evicted it.
            if _size(known) <= self._room:
                self._room -= _size(known)
                self._garments[member] = version, known
        return known

    def draw(self, member: Member, count: int, seed: int) -> NDArray[np.float64]:
        version = _version(member)
        if self._cache is None or version is None or self._known(member, version) is not None:
            return _draw(self.garment(member), count, seed)
        content = self._content(member, version)
        points = self._cache.get(content, count, seed)
        if points is None:
            points = _draw(self.garment(member), count, seed)
            if _version(member) == version:  # else nobody knows which content was read
                self._cache.put(content, count, seed, points)
        return points

    def _known(self, member: Member, version: _Version) -> Garment | None:
        read, garment = self._garments.get(member, (None, None))
        if garment is not None and read != version:
            del self._garments[member]
            self._room += _size(garment)
            return None
        return garment

    def _content(self, member: Member, version: _Version) -> str:
        read, content = self._contents.get(member, (None, ""))
        if read != version and member.file is not None:
            try:
                content = content_digest(member.file)
            except OSError as error:
                raise KeygridError(f"{member.file.name} can't be read: {error.strerror}.") from error
            self._contents[member] = version, content
        return content


def _draw(garment: Garment, count: int, seed: int) -> NDArray[np.float64]:
    drawn = sample(garment, count, seed)
    if garment.frames is None:
        return drawn.points
    frame = np.random.default_rng([seed, garment.frame_count]).integers(garment.frame_count)
    return drawn.on(garment.frames[frame], garment.faces)


def _members(path: Path) -> Iterator[Member]:
    # Imported here, so that uses of this module for garments in memory don't wait for them.
    from keygrid.data.formats import recognised
    from keygrid.data.readers import read_garment

    # What looks like no collection is not opened either, unless only opening it can say what is wrong with it.
    found = recognised(path)
    if found is None and not path.is_file():
        found = open_path(path)
    if found is None:
        yield Member(Entry(path.stem, path), partial(read_garment, path), _only_file(path))
    elif isinstance(found, Garment):
        yield _read_already(found)
    else:
        yield from (_of_collection(found, entry) for entry in found.entries)


def _read_already(garment: Garment) -> Member:
    entry = Entry(garment.name, garment.source or Path(garment.name), garment.category)
    return Member(entry, partial(_itself, garment))


def _itself(garment: Garment) -> Garment:
    return garment


def _of_collection(collection: Collection, entry: Entry) -> Member:
    from keygrid.data.formats.folder import read_entry
    from keygrid.data.readers import read_garment

    if not isinstance(collection, Listing):
        return Member(entry, partial(collection.read, entry))
    # Other formats may read more than the file that they name.
    is_plain = collection.reader in (read_garment, read_entry)
    # Without the listing, because another process that gets some members would get all entries with each of them.
    read = partial(read_listed, collection.reader, entry)
    return Member(entry, read, _only_file(entry.path) if is_plain else None)


def _only_file(path: Path) -> Path | None:
    return None if path.suffix.lower() == ".gltf" else path  # which has its positions in files beside it


def _version(member: Member) -> _Version:
    if member.file is None:
        return None
    try:
        status = member.file.stat()
    except OSError:
        return None  # reading it will say why
    return (status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None


def _size(garment: Garment) -> int:
    frames = 0 if garment.frames is None else garment.frames.nbytes
    return garment.vertices.nbytes + garment.faces.nbytes + frames
