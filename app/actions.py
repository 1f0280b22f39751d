"""The registry of commands, from which menus, shortcuts, the palette and the help are made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu


@dataclass(frozen=True)
class Command:
    """An action available to the user.

    Attributes:
        name: identifier in code.
        title: title in menus; `&` precedes the mnemonic.
        menu: its menu, such as `File`, or `View/Theme` for a submenu.
        run: called when it is triggered; a checkable command's receives whether it is now checked.
        shortcut: shortcut as Qt writes it; empty for none.
        checkable: whether it can be on or off.
        group: group of mutually exclusive commands, one of which is on; implies checkable.
        separated: whether a line precedes it in its menu.
    """

    name: str
    title: str
    menu: str
    run: Callable[..., object]
    shortcut: str = ""
    checkable: bool = False
    group: str = ""
    separated: bool = False


@dataclass
class CommandRegistry:
    """The commands of one window, as Qt actions by name."""

    window: QMainWindow
    commands: list[Command] = field(default_factory=list, init=False)
    _actions: dict[str, QAction] = field(default_factory=dict, init=False)
    _menus: dict[str, QMenu] = field(default_factory=dict, init=False)
    _groups: dict[str, QActionGroup] = field(default_factory=dict, init=False)

    def register(self, *commands: Command) -> None:
        """Make actions and add them to the menu bar, in order."""
        for command in commands:
            if command.name in self._actions:
                raise ValueError(f"the command {command.name!r} exists already")
            self.commands.append(command)
            action = QAction(command.title, self.window)
            action.setObjectName(command.name)
            action.setShortcut(QKeySequence(command.shortcut))
            if command.checkable or command.group:
                action.setCheckable(True)
                action.toggled.connect(command.run)
            else:
                action.triggered.connect(lambda _checked, run=command.run: run())
            if command.group:
                group = self._groups.setdefault(command.group, QActionGroup(self.window))
                group.addAction(action)
            menu = self._menu(command.menu)
            if command.separated:
                menu.addSeparator()
            menu.addAction(action)
            self._actions[command.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def follow(self, name: str, state: Any, attribute: str) -> None:
        """Keep an action's checked state in step with an attribute of an evented dataclass, whatever changes it."""
        action = self[name]

        def check(on: bool) -> None:
            action.setChecked(on)

        check(getattr(state, attribute))
        state.events[attribute].connect(check)

    def shortcuts(self) -> list[tuple[str, str, str]]:
        """Menu, title and shortcut of every command that has a shortcut, as readable text."""
        return [
            (
                plain(command.menu).replace("/", " ▸ "),
                plain(command.title),
                self[command.name].shortcut().toString(QKeySequence.SequenceFormat.NativeText),
            )
            for command in self.commands
            if command.shortcut
        ]

    def _menu(self, path: str) -> QMenu:
        if path not in self._menus:
            parent, _, title = path.rpartition("/")
            self._menus[path] = self._menu(parent).addMenu(title) if parent else self.window.menuBar().addMenu(title)
        return self._menus[path]


def plain(title: str) -> str:
    """Return a menu's title for use in a sentence, without mnemonic and dots."""
    return title.replace("&", "").rstrip("…")
