"""The command palette, which finds commands by part of their name."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from app.actions import CommandRegistry, plain
from app.state.shelf import matching

SIZE = 520, 380
"""Width and height, in logical pixels."""


class CommandPalette(QDialog):
    """A search field, and below it the commands that contain all of its words; Enter runs the selected one."""

    def __init__(self, actions: CommandRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Commands")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self._commands = [(f"{menu} ▸ {title}", actions[name]) for menu, title, name in titles_of(actions)]
        self._texts = [title.casefold() for title, _ in self._commands]
        self.line = QLineEdit(placeholderText="Type part of a command's name")
        self.line.setAccessibleName("Search commands")
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setAlternatingRowColors(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.line.textChanged.connect(self._search)
        self.line.returnPressed.connect(self._run)
        self.list.itemClicked.connect(self._run)
        self.line.installEventFilter(self)
        self._search("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Let arrow keys move through the list, while letters go into the search field."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in steps:
            row = self.list.currentIndex().row() + steps[Qt.Key(event.key())]
            self._mark(min(max(row, 0), self.list.topLevelItemCount() - 1))
            return True
        return super().eventFilter(watched, event)

    def _search(self, words: str) -> None:
        self.list.clear()
        for index in matching(self._texts, words):
            title, action = self._commands[index]
            mark = "✓ " if action.isCheckable() and action.isChecked() else ""
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem(self.list, [f"{mark}{title}", keys])
            item.setData(0, Qt.ItemDataRole.UserRole, action)
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
        self._mark(0)

    def _mark(self, row: int) -> None:
        item = self.list.topLevelItem(row)
        if item is not None:
            self.list.setCurrentItem(item)

    def _run(self, *_: object) -> None:
        item = self.list.currentItem()
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEnabled:
            action: QAction = item.data(0, Qt.ItemDataRole.UserRole)
            self.accept()  # first: what it runs may open a dialog
            action.trigger()


def titles_of(actions: CommandRegistry) -> list[tuple[str, str, str]]:
    """Return menu, title and name of every command, in the order of menus."""
    return [
        (plain(command.menu).replace("/", " ▸ "), plain(command.title), command.name) for command in actions.commands
    ]
