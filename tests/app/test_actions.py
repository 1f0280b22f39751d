"""One registry of commands: what is found by name, by keys, in menus and in lists."""

from collections import Counter

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from app.actions import Command, CommandRegistry
from app.views.dialogs.help import ShortcutList
from app.views.dialogs.palette import CommandPalette
from tests.app.conftest import CONTROL, SHIFT


@pytest.fixture(scope="module")
def shared(open_shared_window):
    return open_shared_window()


@pytest.fixture
def window(shared):
    shared.activateWindow()
    assert QTest.qWaitForWindowActive(shared)
    yield shared
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        dialog.reject()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_no_two_commands_share_a_name_or_a_key(window, qapp):
    keys = Counter(command.shortcut for command in window.commands.commands if command.shortcut)
    assert [key for key, count in keys.items() if count > 1] == []
    actions = CommandRegistry(QMainWindow())
    actions.register(Command("once", "Once", "File", print))
    with pytest.raises(ValueError, match="command 'once' exists already"):
        actions.register(Command("once", "Again", "File", print))


def test_menus_have_every_command_and_nothing_else(window):
    listed = set()
    menus = [action.menu() for action in window.menuBar().actions()]
    while menus:
        for action in menus.pop().actions():
            if action.menu():
                menus.append(action.menu())
            elif not action.isSeparator():
                listed.add(action.objectName())
    assert listed == {command.name for command in window.commands.commands}


def test_a_command_is_found_by_letters_and_run_by_enter(window):
    QTest.keyClick(window, Qt.Key.Key_P, CONTROL | SHIFT)
    palette = QApplication.activeModalWidget()
    assert isinstance(palette, CommandPalette)
    assert palette.list.topLevelItemCount() == len(window.commands.commands)
    QTest.keyClicks(palette.line, "volume view")
    assert palette.list.topLevelItemCount() == 1
    assert palette.list.topLevelItem(0).text(1) == "V"
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.view.shows("volume")
    window.settings.switch("volume", on=False)


def test_arrow_keys_walk_through_the_found_commands(window):
    QTest.keyClick(window, Qt.Key.Key_P, CONTROL | SHIFT)
    palette = QApplication.activeModalWidget()
    QTest.keyClicks(palette.line, "background")
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.list.currentIndex().row() == 1
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.settings.background == "white"
    window.commands["background_theme"].trigger()


def test_what_is_not_there_runs_nothing(window):
    QTest.keyClick(window, Qt.Key.Key_P, CONTROL | SHIFT)
    palette = QApplication.activeModalWidget()
    QTest.keyClicks(palette.line, "no such command")
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert palette.isVisible()


def rows_of(dialog):
    menus = [dialog.tree.topLevelItem(place) for place in range(dialog.tree.topLevelItemCount())]
    return [menu.child(place) for menu in menus for place in range(menu.childCount())]


def test_the_list_of_keys_has_all_and_can_be_searched(window):
    QTest.keyClick(window, Qt.Key.Key_F1)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, ShortcutList)
    rows = [(row.text(0), row.text(1)) for row in rows_of(dialog)]
    assert {(title, keys) for _, title, keys in window.commands.shortcuts()} <= set(rows)
    assert "Ctrl+wheel" in {keys for _, keys in rows}
    QTest.keyClicks(dialog.line, "ctrl+e")
    shown = [row.text(0) for row in rows_of(dialog) if not row.isHidden()]
    assert shown == ["Save picture"]
