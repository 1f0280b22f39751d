"""The library: what is shipped, open, recent or in a collection, searched as one types."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from app.controllers.store import Store
from app.output.thumbnails import SIDE, Thumbnails
from app.state.document import Document
from app.state.preferences import Preferences
from app.state.runs import Runs
from app.state.shelf import RECENT, OpenCollection, Shelf, matching
from app.views.panels.library import Library
from app.views.panels.library_model import BATCH, LibraryModel
from app.worker.handlers import shipped
from keygrid.data.collection import Entry
from keygrid.data.formats.items import Item
from keygrid.data.formats.manifest import write_manifest
from keygrid.data.garment import Garment

ASSETS = Path(__file__).parents[4] / "assets"
SHIRT = ASSETS / "garments" / "unisex_shirt.ply"


def many(count: int) -> OpenCollection:
    entries = tuple(
        Entry(f"garment {i}", Path(f"all.h5#{i}"), "Dress" if i % 2 else "Trousers", "train") for i in range(count)
    )
    return OpenCollection("HDF5 file", Path("all.h5"), entries, ("Two garments are missing.",))


def titles(model: LibraryModel) -> dict[str, list[str]]:
    """Sections without their counts, and the names in them."""
    found = {}
    for row in range(model.rowCount()):
        section = model.index(row, 0)
        items = [model.index(place, 0, section).data() for place in range(model.rowCount(section))]
        found[section.data().rpartition("  ")[0]] = items
    return found


# State


def test_recent_paths_are_newest_first_few_and_once_each(tmp_path):
    shelf = Shelf()
    for number in (*range(RECENT + 3), 5):
        shelf.remember(tmp_path / f"{number}.obj")
    numbers = [int(path.stem) for path in shelf.recent]
    assert numbers == [5, *(n for n in range(RECENT + 2, 0, -1) if n != 5)][:RECENT]


def test_a_collection_that_is_opened_again_takes_its_own_place():
    shelf, first, again = Shelf(), many(3), many(4)
    shelf.add_collection(first)
    shelf.add_collection(again)
    assert shelf.collections == (again,)


def test_a_search_finds_all_words_in_any_order_and_case():
    texts = ["blue dress", "red dress", "red trousers"]
    assert matching(texts, "DRESS red") == [1]
    assert matching(texts, "") == [0, 1, 2]
    assert matching(texts, "hat") == []


def test_shipped_garments_are_those_of_the_manifest_and_lone_files(tmp_path, shirt):
    moving = replace(shirt, frames=np.stack([shirt.vertices] * 2).astype(np.float32), category="T-shirt")
    write_manifest([Item("folded", "test", moving)], tmp_path)
    (tmp_path / "lone_cloud.xyz").write_text("0 0 0\n")
    (tmp_path / "ORIGIN.md").write_text("made here")
    assert [(e.name, e.category, e.split) for e in shipped(tmp_path)] == [
        ("unisex_shirt", "T-shirt", "test"), ("lone cloud", "", ""),
    ]  # fmt: skip
    assert shipped(tmp_path / "nowhere") == ()


# Model and panel


@pytest.fixture
def library(qapp):
    document, shelf = Document(), Shelf()
    panel = Library(document, shelf, Thumbnails(None))
    panel.resize(240, 500)
    yield panel, document, shelf
    panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_sections_hold_what_there_is(library, tmp_path, qtmodeltester):
    panel, document, shelf = library
    assert titles(panel.model) == {}
    shelf.shipped = (Entry("a", Path("a.npz"), "Dress"), Entry("b", Path("b.npz"), "Hat", "test", True),
                     Entry("c", Path("c.npz")))  # fmt: skip
    shelf.remember(tmp_path / "gone.obj")
    shelf.add_collection(many(3))
    document.add_garment(Garment("mine", np.eye(3), np.array([[0, 1, 2]])), choose=True)
    assert titles(panel.model) == {
        "Open": ["mine"],
        "all.h5": ["garment 0", "garment 1", "garment 2"],
        "Demonstrations": ["b"],
        "Dress": ["a"],
        "Hat": ["b"],
        "Other garments": ["c"],
        "Recent": ["gone.obj"],
    }
    assert panel.tree.currentIndex().data() == "mine"
    gone = panel.model.index(0, 0, panel.model.index(6, 0))
    assert gone.data(Qt.ItemDataRole.ForegroundRole) is not None
    assert "no longer exists" in gone.data(Qt.ItemDataRole.ToolTipRole)
    assert "Two garments are missing." in panel.model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    qtmodeltester.check(panel.model)


def test_typing_filters_by_name_and_category_and_a_folded_section_stays_folded(library):
    panel, _, shelf = library
    shelf.add_collection(many(40))
    panel.tree.collapse(panel.model.index(0, 0))
    QTest.keyClicks(panel.search, "trous 3")
    assert titles(panel.model) == {"all.h5": [f"garment {i}" for i in range(40) if i % 2 == 0 and "3" in str(i)]}
    assert panel.tree.isExpanded(panel.model.index(0, 0))
    panel.search.clear()
    assert len(titles(panel.model)["all.h5"]) == 40
    assert not panel.tree.isExpanded(panel.model.index(0, 0))


def test_of_a_hundred_thousand_entries_those_in_sight_are_listed(library):
    panel, _, shelf = library
    panel.show()
    QApplication.processEvents()
    collection = many(100_000)
    for act, count in (
        (lambda: shelf.add_collection(collection), "100,000"),
        (lambda: panel.search.setText("d"), "50,000"),
        (lambda: panel.search.setText("dress 99"), "2,291"),
        (panel.search.clear, "100,000"),
        (panel.tree.scrollToBottom, "100,000"),
    ):
        act()
        QApplication.processEvents()
        section = panel.model.index(0, 0)
        assert section.data() == f"all.h5  ({count})"
        assert BATCH <= panel.model.rowCount(section) < 10 * BATCH
    panel.hide()


def test_choosing_an_entry_asks_for_it_and_choosing_an_open_garment_does_not(library, qtbot):
    panel, document, shelf = library
    panel.show()
    shelf.add_collection(many(3))
    for name in ("one", "two"):
        document.add_garment(Garment(name, np.eye(3), np.array([[0, 1, 2]]), Path(f"{name}.obj")), choose=True)
    entry = panel.model.index(1, 0, panel.model.index(1, 0))
    with qtbot.waitSignal(panel.wanted) as wanted:
        QTest.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=panel.tree.visualRect(entry).center())
    assert wanted.args == [Path("all.h5#1")]
    one = panel.model.index(0, 0, panel.model.index(0, 0))
    with qtbot.assertNotEmitted(panel.wanted):
        QTest.mouseClick(panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=panel.tree.visualRect(one).center())
    assert document.garment.name == "one"
    panel.hide()


def test_a_search_leads_by_keys_to_its_results_each_garment_once_and_keeps_the_methods(library, qtbot):
    panel, document, shelf = library
    panel.show()
    shelf.add_collection(many(3))
    document.add_garment(Garment("garment 1", np.eye(3), np.array([[0, 1, 2]]), Path("all.h5#1")), choose=True)
    methods = panel.methods.count()
    QTest.keyClicks(panel.search, "garment 1")
    assert list(titles(panel.model)) == ["Open"], "and not once more in the collection"
    assert panel.methods.count() == methods
    panel.search.setText("garment")
    with qtbot.assertNotEmitted(panel.wanted):
        QTest.keyClick(panel.search, Qt.Key.Key_Return)
    QTest.keyClick(panel.search, Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.wanted) as wanted:
        QTest.keyClick(panel.tree, Qt.Key.Key_Down)
        QTest.keyClick(panel.tree, Qt.Key.Key_Down)
        QTest.keyClick(panel.tree, Qt.Key.Key_Return)
    assert wanted.args == [Path("all.h5#0")]
    panel.search.clear()
    panel.hide()


# Between starts


def test_recent_files_are_known_at_the_next_start(qapp, tmp_path):
    for paths in ((), ("a.obj",), ("b.obj", "c.obj")):
        store = QSettings(str(tmp_path / "store.ini"), QSettings.Format.IniFormat)
        shelf = Shelf()
        preferences = Store(Preferences(), shelf, Runs(), store)
        before = shelf.recent
        for path in paths:
            shelf.remember(tmp_path / path)
        assert shelf.recent[len(paths) :] == before
        store.sync()
        del preferences
    assert [path.name for path in shelf.recent] == ["c.obj", "b.obj", "a.obj"]


def test_without_a_store_nothing_is_kept(qapp, monkeypatch):
    kept: list[object] = []
    monkeypatch.setattr(QSettings, "setValue", lambda _store, key, value: kept.append((key, value)))
    shelf = Shelf()
    _preferences = Store(Preferences(), shelf, Runs(), None)  # a signal would not keep it alive
    shelf.remember(Path("a.obj"))
    assert [path.name for path in shelf.recent] == ["a.obj"]
    assert kept == []


# Window


@pytest.fixture(scope="module")
def window(open_shared_window, until, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    store = QSettings(str(folder / "store.ini"), QSettings.Format.IniFormat)
    window = open_shared_window(store=store, pictures=folder / "thumbnails")
    # Drawing has a process of its own, which stays until the window closes.
    until(lambda: window.shelf.shipped and not window.busy)
    until(lambda: not window.thumbnails.icon(SHIRT).isNull())
    return window


def test_shipped_garments_come_with_pictures_that_are_kept(window, until, tmp_path):
    assert SHIRT in [entry.path for entry in window.shelf.shipped]
    until(lambda: not window.thumbnails.icon(SHIRT).isNull())
    image = window.thumbnails.icon(SHIRT).pixmap(SIDE, SIDE).toImage()
    assert image.pixelColor(0, 0).alpha() == 0
    assert image.pixelColor(SIDE // 2, SIDE // 2).alpha() > 100
    folder = window.thumbnails.folder
    again = Thumbnails(folder)
    assert not again.icon(SHIRT).isNull()
    assert not again.busy
    missing = again.icon(tmp_path / "missing.obj")
    assert missing.isNull()
    assert not again.busy


def test_a_dropped_folder_is_listed_and_its_entry_opens_when_it_is_chosen(window, until, tmp_path, shirt):
    folder = tmp_path / "wardrobe"
    folder.mkdir()
    for name in ("left", "right", "third"):
        np.save(folder / f"{name}.npy", shirt.vertices[::40])
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(300, 300), *how))
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), *how))
    until(lambda: window.shelf.collections and not window.worker.busy)
    assert window.document.garment is None
    found = titles(window.library.model)["wardrobe"]
    assert len(found) == 3
    model, tree = window.library.model, window.library.tree
    section = next(model.index(row, 0) for row in range(model.rowCount()) if model.sections[row].title == "wardrobe")
    entry = model.index(found.index("right"), 0, section)
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(entry).center())
    until(lambda: window.document.garment is not None)
    assert window.document.garment.name == "right"
    assert titles(model)["Open"] == ["right"]
    assert [path.name for path in window.shelf.recent] == ["right.npy", "wardrobe"]


def test_a_folder_is_opened_from_the_menu_and_search_has_a_key(window, until, tmp_path, monkeypatch):
    folder = tmp_path / "shoes"
    folder.mkdir()
    for name in ("a", "b"):
        np.save(folder / f"{name}.npy", np.random.default_rng(0).random((100, 3)))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    modifiers = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window, Qt.Key.Key_O, modifiers | Qt.KeyboardModifier.ShiftModifier)
    until(lambda: folder in [collection.root for collection in window.shelf.collections])
    QTest.keyClick(window, Qt.Key.Key_F, modifiers)
    until(window.library.search.hasFocus)
    QTest.keyClicks(window.library.search, "shirt")
    assert all("shirt" in name for names in titles(window.library.model).values() for name in names)
    window.library.search.clear()


def test_an_empty_folder_is_told_of_in_a_sentence(window, until, tmp_path, qtbot):
    with qtbot.waitSignal(window.worker.settled, timeout=60_000) as settled:
        window.open([tmp_path])
    assert settled.args[0].endswith(".")
    assert window.notice.isVisible()


def test_runs_are_known_again_as_far_as_their_directories_are_there(tmp_path):
    store = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    runs = Runs()
    _preferences = Store(Preferences(), Shelf(), runs, store)  # a signal would not keep it alive
    for name in ("old", "gone", "new"):
        (tmp_path / name).mkdir()
        runs.add(tmp_path / name)
    (tmp_path / "gone").rmdir()
    again = Runs()
    Store(Preferences(), Shelf(), again, store)
    assert [run.name for run in again.runs] == ["new", "old"]
