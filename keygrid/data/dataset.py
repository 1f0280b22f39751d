"""Many garments to learn from, of any number of files, folders and collections, read one at a time when needed."""

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
"""One garment in so many is kept for validation where the data say nothing of it."""

MEMORY = 2**30
"""Bytes of garments that stay in memory."""

_T = TypeVar("_T")

_Version = tuple[int, int] | None
"""Size and time of the last change of a file; None of what is not one file."""


@dataclass(frozen=True, eq=False)
class Member:
    """A garment of a data set, before it is read.

    Attributes:
        entry: what is known of it.
        read: reads it, or raises `KeygridError`.
        file: the one file that holds all of it; None if there is none, or several.
    """

    entry: Entry
    read: Callable[[], Garment]
    file: Path | None = None


class Dataset:
    """Garments by number, in a stable order.

    Opening one lists its garments and reads none. A garment that turns out to be missing or damaged is skipped: the
    next one takes its place. What is drawn is therefore a function of the files and the arguments alone, whatever was
    read before.

    Args:
        members: its garments.
        cache: where drawn clouds are kept on disk; None to keep none.
        on_skip: told of each garment that is skipped, once, and why.
        memory: bytes of garments that stay in memory.
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
        """Open any number of paths, as `keygrid.data.open_path` takes them, as one data set; a file counts once.

        Args:
            paths: files, folders, collections.
            categories: leave out what is known to be of another one; all are kept if there are none.
            cache: as of the class.
            on_skip: as of the class.

        Raises:
            KeygridError: one of the paths is missing or can't be opened, or nothing is of one of the categories.
        """
        members = {member.entry.path: member for path in paths for member in _members(path)}
        # What is wrong with an only one is an error, which says the same.
        data = cls(members.values(), cache, on_skip if len(members) > 1 else None)
        return data.of_categories(categories) if categories else data

    @classmethod
    def of(cls, garments: Iterable[Garment]) -> "Dataset":
        """Garments that are in memory already."""
        return cls(_read_already(garment) for garment in garments)

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Garment]:
        """All garments that can be read, each once."""
        for member in self.members:
            try:
                yield self._reader.garment(member)
            except KeygridError as error:
                self._skip(member, str(error))

    @property
    def is_usable(self) -> bool:
        """True if a cloud can be drawn on any of the garments; reads as many as it takes to find one."""
        try:
            self.draw(0, MINIMUM_POINTS, seed=0)
        except KeygridError:
            return False
        return True

    @property
    def names(self) -> list[str]:
        return [member.entry.name for member in self.members]

    def of_categories(self, categories: Sequence[str]) -> "Dataset":
        """Without what is known to be of another category than these, such as `Dress`; in any letter case.

        Raises:
            KeygridError: nothing is, or may be, of one of them.
        """
        known = {member.entry.category.casefold() for member in self.members}
        for category in categories:
            if not known & {category.casefold(), ""}:
                names = ", ".join(sorted({member.entry.category for member in self.members}))
                raise KeygridError(f"None of the garments is a {category}; their categories are: {names}.")
        wanted = {"", *(category.casefold() for category in categories)}
        return self._part([member for member in self.members if member.entry.category.casefold() in wanted])

    def of_split(self, split: str) -> "Dataset":
        """Return the garments that belong to a split, such as `test`, or that name none.

        Raises:
            KeygridError: nothing is left.
        """
        kept = [member for member in self.members if member.entry.split in (split, "")]
        if not kept:
            raise KeygridError(f"None of the garments is in the split {split}; choose another split or other garments.")
        return self._part(kept)

    def split(self, seed: int) -> tuple["Dataset", "Dataset"]:
        """Garments to train on and to validate on, with all frames of a garment on one side.

        Where garments say which split they belong to, so it is; those of `test` are in neither, and those that say
        nothing are trained on. Else, or where none is there to validate on, one training garment in five is held out.
        With fewer than five both are all of them, and validation differs by its deformations only.

        Raises:
            KeygridError: no garment is there to train on.
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
        """Points (up to `count`, 3) in file units, as `sample` draws them, of garment `index` modulo their number.

        Of a moving garment they are drawn on its shape at rest, and lie where that material is in a frame that the
        seed chooses, any as likely as another. In the place of a garment that can't be used comes the next that can.

        Raises:
            KeygridError: none can be used.
        """
        return self._first_usable(index, lambda member: self._reader.draw(member, count, seed))

    def garment(self, index: int) -> Garment:
        """Garment `index` modulo their number; in the place of one that can't be read the next that can.

        Raises:
            KeygridError: none can be read.
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
        """Some of the garments, with the same memory, and what was skipped known to both."""
        part = Dataset(members, on_skip=self._on_skip)
        part._reader, part.skipped = self._reader, self.skipped
        return part

    def _skip(self, member: Member, reason: str) -> None:
        if member not in self.skipped:
            self.skipped[member] = reason
            if self._on_skip is not None:
                self._on_skip(member.entry, reason)


class _Reader:
    """Reads members, and remembers garments and contents of files for as long as the files stay as they are."""

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
