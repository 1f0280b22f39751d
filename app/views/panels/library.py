"""The library: open garments, available garments, and methods."""

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from app.output.thumbnails import Thumbnails
from app.state.document import Document, OpenMethod
from app.state.shelf import Shelf, matching
from app.views.panels.library_model import ITEM, LibraryModel, path_of
from keygrid.data.garment import Garment

ICON = 30
"""Side of a picture, in logical pixels."""


class Library(QWidget):
    """A tree of garments and a list of methods, both filtered by a search.

    Choosing an open garment chooses it in the document; other garments are requested through `wanted`.
    """

    wanted = Signal(object)
    """The path of a garment to open."""

    def __init__(self, document: Document, shelf: Shelf, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._collapsed: set[str] = set()
        self.search = QLineEdit(placeholderText="Search by name or category", clearButtonEnabled=True)
        self.search.setAccessibleName("Search the library")
        self.model = LibraryModel(document, shelf, thumbnails.icon)
        self.tree = _make_tree(self.model)
        self.methods = MethodList(document)
        self.methods.setMaximumHeight(110)
        title = QLabel("Methods")
        title.setBuddy(self.methods)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.addWidget(self.search)
        layout.addWidget(self.tree, stretch=1)
        layout.addWidget(title)
        layout.addWidget(self.methods)

        self.search.installEventFilter(self)
        self.search.returnPressed.connect(lambda: self._choose(self.model.first()))
        self.tree.clicked.connect(self._choose)
        self.tree.activated.connect(self._choose)
        self.tree.collapsed.connect(lambda index: self._collapsed.add(self._title(index)))
        self.tree.expanded.connect(lambda index: self._collapsed.discard(self._title(index)))
        self.search.textChanged.connect(self._search)
        thumbnails.arrived.connect(self.tree.viewport().update)
        document.events.garments.connect(self._rebuild)
        shelf.events.connect(self._rebuild)
        document.events.garment.connect(self._select)
        for signal in ("methods", "method"):
            document.events[signal].connect(self._show_methods)
        self._rebuild()
        self._show_methods()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Down:
            # The tree's own keys continue from there, and Enter opens a garment.
            self.tree.setCurrentIndex(self.model.first())
            self.tree.setFocus()
            return True
        return super().eventFilter(watched, event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        place = self.tree.viewport().mapFrom(self, event.pos())
        item = self.tree.indexAt(place).data(ITEM) if self.tree.viewport().rect().contains(place) else None
        path = path_of(item) if item is not None else None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if path is not None:
            menu.addAction("&Open", lambda: self._choose(self.tree.indexAt(place)))
            menu.addAction("&Copy its path", lambda: QGuiApplication.clipboard().setText(str(path)))
        if isinstance(item, Garment):
            menu.addAction("C&lose", lambda: self._document.close_garment(item))
        if menu.actions():
            menu.popup(event.globalPos())

    def _rebuild(self, *_: object) -> None:
        scrolled = self.tree.verticalScrollBar().value()
        self.model.rebuild()
        self._unfold()
        self.tree.verticalScrollBar().setValue(scrolled)

    def _search(self, words: str) -> None:
        self.model.search(words)
        self._unfold()
        self._show_methods()

    def _unfold(self) -> None:
        """Expand all sections except those that the user collapsed; expand all during a search."""
        with QSignalBlocker(self.tree):
            for row in range(self.model.rowCount()):
                index = self.model.index(row, 0)
                self.tree.setExpanded(index, bool(self.search.text()) or self._title(index) not in self._collapsed)
        self._select()

    def _title(self, index: QModelIndex) -> str:
        return self.model.sections[index.row()].title

    def _select(self, *_: object) -> None:
        self.tree.setCurrentIndex(self.model.place(self._document.garment))

    def _choose(self, index: QModelIndex) -> None:
        item = index.data(ITEM)
        path = path_of(item) if item is not None else None
        opened = [g for g in self._document.garments if g is item or (path is not None and g.source == path)]
        if opened and opened[0] is not self._document.garment:
            self._document.choose(garment=opened[0])
        elif not opened and path is not None:
            self.wanted.emit(path)

    def _show_methods(self, *_: object) -> None:
        self.methods.show_matching(self.search.text())


def _make_tree(model: LibraryModel) -> QTreeView:
    tree = QTreeView()
    tree.setAccessibleName("Garments")
    tree.setModel(model)
    tree.setHeaderHidden(True)
    tree.setUniformRowHeights(True)  # otherwise Qt asks every row for its height
    tree.setIconSize(QSize(ICON, ICON))
    tree.setIndentation(12)
    tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return tree


class MethodList(QListWidget):
    """Methods by their titles; choosing one chooses it in the document."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.setAccessibleName("Methods")
        self.setTextElideMode(Qt.TextElideMode.ElideRight)  # keep the run's number and the checkpoint's name visible
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.currentItemChanged.connect(self._chosen)

    def show_matching(self, words: str) -> None:
        """Show the methods whose titles contain all words, or all methods if there are none; keep the selection."""
        found = self._document.methods
        titles = [title_of(method) for method in found]
        with QSignalBlocker(self):
            self.clear()
            # A user who searches for a garment should not lose the methods.
            folded = [title.casefold() for title in titles]
            for index in matching(folded, words) or range(len(found)):
                item = QListWidgetItem(titles[index])
                item.setToolTip(found[index].id.spec)
                item.setData(Qt.ItemDataRole.UserRole, found[index])
                self.addItem(item)
                if found[index] is self._document.method:
                    self.setCurrentItem(item)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._document.choose(method=item.data(Qt.ItemDataRole.UserRole))


def title_of(method: OpenMethod) -> str:
    """Return a method's name, its number of keypoints and, where known, its category."""
    category = f", {method.id.category}" if method.id.category else ""
    return f"{method.title} (K={method.keypoints}{category})"
