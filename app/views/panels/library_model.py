"""The library as a tree of two levels: sections and their items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPalette

from app.state.document import Document
from app.state.shelf import OpenCollection, Shelf, matching, searched
from keygrid.data.collection import Entry
from keygrid.data.garment import Garment

BATCH = 500
"""Number of rows that a view fetches at a time."""

ROW = 34
"""Height of a row, in logical pixels."""

ITEM = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex
Item = Garment | Entry | Path


@dataclass
class Section:
    """A titled group of items; of the matching ones, the first `fetched` are visible to views.

    Attributes:
        title: text of the section's row.
        tip: tooltip of the section's row.
        items: all items.
        texts: search texts in lower case, one per item.
        pictured: whether items are shown with a picture.
        matches: indices of the items that match the search.
        fetched: number of rows fetched so far.
    """

    title: str
    tip: str
    items: Sequence[Item]
    texts: Sequence[str]
    pictured: bool = False
    matches: list[int] = field(default_factory=list)
    fetched: int = 0

    def search(self, words: str) -> None:
        """Keep the items that contain all words."""
        self.matches = matching(self.texts, words)
        self.fetched = min(len(self.matches), BATCH)

    def keep_new(self, seen: set[Path]) -> None:
        """Remove items that other sections have shown, and record the remaining ones as shown."""
        kept = []
        for index in self.matches:
            path = path_of(self.items[index])
            if path is None or path not in seen:
                kept.append(index)
        seen |= {path for path in (path_of(self.items[index]) for index in kept) if path is not None}
        self.matches, self.fetched = kept, min(len(kept), BATCH)


class LibraryModel(QAbstractItemModel):
    """Sections for open, shipped and recent garments and for collections, filtered by a search."""

    def __init__(self, document: Document, shelf: Shelf, picture: Callable[[Path], QIcon]) -> None:
        super().__init__()
        self._document, self._shelf, self._picture = document, shelf, picture
        self._words = ""
        self._answers: dict[int, Callable[[Item, Section], Any]] = {
            ITEM: lambda item, _section: item,
            Qt.ItemDataRole.DisplayRole: lambda item, _section: item.name,
            Qt.ItemDataRole.ToolTipRole: lambda item, _section: describe(item),
            Qt.ItemDataRole.ForegroundRole: lambda item, _section: _colour(item),
            Qt.ItemDataRole.DecorationRole: self._icon,
        }
        self.sections: list[Section] = []
        self.rebuild()

    def rebuild(self, *_: object) -> None:
        """Rebuild the sections from the document and the shelf."""
        self._all = _sections(self._document, self._shelf)
        self.search(self._words)

    def search(self, words: str) -> None:
        """Show only items with all words in their name or category, each garment once, without empty sections."""
        self.beginResetModel()
        self._words = words
        seen: set[Path] = set()
        for section in self._all:
            section.search(words)
            if words:
                section.keep_new(seen)
        self.sections = [section for section in self._all if section.matches or (section.tip and not words)]
        self.endResetModel()

    def place(self, item: object) -> QModelIndex:
        """Return the index of an open garment; an invalid index if it is not there."""
        for row, section in enumerate(self.sections):
            if section.items and isinstance(section.items[0], Garment):
                for place, index in enumerate(section.matches):
                    if section.items[index] is item:
                        return self.index(place, 0, self.index(row, 0))
        return QModelIndex()

    def first(self) -> QModelIndex:
        """Return the index of the first item; an invalid index if there is none."""
        row = next((row for row, section in enumerate(self.sections) if section.matches), None)
        return QModelIndex() if row is None else self.index(0, 0, self.index(row, 0))

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        # An item's internal number is its section's row and one; a section's is zero.
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        section = index.internalId()
        return self.createIndex(section - 1, 0, 0) if index.isValid() and section else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        if not parent.isValid():
            return len(self.sections)
        return 0 if parent.internalId() else self.sections[parent.row()].fetched

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 1

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: N802, B008
        return self.rowCount(parent) > 0

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802
        if not parent.isValid() or parent.internalId():
            return False
        section = self.sections[parent.row()]
        return section.fetched < len(section.matches)

    def fetchMore(self, parent: Index) -> None:  # noqa: N802
        section = self.sections[parent.row()]
        end = min(section.fetched + BATCH, len(section.matches))
        self.beginInsertRows(parent, section.fetched, end - 1)
        section.fetched = end
        self.endInsertRows()

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        enabled = Qt.ItemFlag.ItemIsEnabled
        return enabled | Qt.ItemFlag.ItemIsSelectable if index.internalId() else enabled

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if not index.internalId():
            return _section_data(self.sections[index.row()], role)
        section = self.sections[index.internalId() - 1]
        answer = self._answers.get(role)
        return answer(section.items[section.matches[index.row()]], section) if answer is not None else None

    def _icon(self, item: Item, section: Section) -> QIcon | None:
        path = path_of(item)
        return self._picture(path) if section.pictured and path is not None else None


def path_of(item: Item) -> Path | None:
    """Return the path to open for an item."""
    return item if isinstance(item, Path) else item.path if isinstance(item, Entry) else item.source


def describe(item: Item) -> str:
    """Return the tooltip of an item."""
    if isinstance(item, Path):
        return str(item) if _exists(item) else f"{item}\nThis file no longer exists."
    if isinstance(item, Entry):
        return "\n".join(text for text in (str(item.path), item.category, item.split) if text)
    size = f"{len(item.vertices):,} points" if item.is_cloud else f"{len(item.faces):,} triangles"
    frames = f", {item.frame_count} frames" if item.frame_count else ""
    origin = f"\n{item.origin}" if item.origin else ""
    notes = "".join(f"\n{note}" for note in item.notes)
    return f"{item.source or item.name}\n{size}{frames}, diagonal {item.diagonal:.4g} in file units{origin}{notes}"


def _exists(path: Path) -> bool:
    file, mark, _ = path.name.rpartition("#")
    return path.exists() or bool(mark and path.with_name(file).exists())


def _colour(item: Item) -> QColor | None:
    if isinstance(item, Path) and not _exists(item):
        return QGuiApplication.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    return None


def _section_data(section: Section, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return f"{section.title}  ({len(section.matches):,})"
    if role == Qt.ItemDataRole.ToolTipRole:
        return section.tip or section.title
    if role == Qt.ItemDataRole.SizeHintRole:
        return QSize(0, ROW)  # of all rows, where a view takes them for alike
    if role == Qt.ItemDataRole.FontRole:
        font = QFont()
        font.setBold(True)
        return font
    return None


def _sections(document: Document, shelf: Shelf) -> list[Section]:
    opened = [searched(garment) for garment in document.garments]
    sections = [Section("Open", "", document.garments, opened, pictured=True)]
    sections += [_collection(collection) for collection in reversed(shelf.collections)]
    shown = [entry for entry in shelf.shipped if entry.demonstration]
    sections.append(_shipped("Demonstrations", shown))
    for category in dict.fromkeys(entry.category for entry in shelf.shipped):
        entries = [entry for entry in shelf.shipped if entry.category == category]
        sections.append(_shipped(category or "Other garments", entries))
    recent = [path.name.casefold() for path in shelf.recent]
    return [*sections, Section("Recent", "", shelf.recent, recent, pictured=True)]


def _shipped(title: str, entries: list[Entry]) -> Section:
    return Section(title, "", entries, [searched(entry) for entry in entries], pictured=True)


def _collection(collection: OpenCollection) -> Section:
    tip = "\n".join([f"{collection.kind}: {collection.root}", *collection.missing])
    return Section(collection.root.name, tip, collection.entries, collection.index)
