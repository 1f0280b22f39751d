"""The tool bar, with the most used commands."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QToolBar, QToolButton, QWidget

from app.actions import CommandRegistry
from app.views.icons import icon

TOOLS: tuple[tuple[str, str], ...] = (
    ("open", "Open"), ("save", "Save keypoints"), ("", ""),
    ("look_first", "Front"), ("fit", "Fit"), ("slice", "Slice"), ("weights", "Weights"), ("", ""),
    ("place_landmarks", "Landmarks"), ("compare_methods", "Compare"), ("new_run", "Train"), ("", ""),
    ("export_picture", "Picture"), ("export_video", "Video"), ("", ""), ("palette", "Commands"),
)  # fmt: skip
"""Commands by name, with short titles; an empty name separates groups."""

ICON = 18
"""Side of an icon, in logical pixels."""


class ToolBar(QToolBar):
    """Buttons with icons and short titles for commands of the menus.

    Args:
        commands: holds the actions.
    """

    def __init__(self, commands: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__("Tools", parent)
        self.setObjectName("Tools")
        self.setMovable(False)
        self.setIconSize(QSize(ICON, ICON))
        self.buttons: dict[str, QToolButton] = {}
        self._commands = commands
        for name, title in TOOLS:
            if not name:
                self.addSeparator()
                continue
            button = self.buttons[name] = QToolButton(autoRaise=True)
            button.setDefaultAction(commands[name])
            button.setText(title)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            commands[name].changed.connect(lambda button=button, title=title: button.setText(title))
            self.addWidget(button)
        self._paint()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_commands"):
            self._paint()

    def _paint(self) -> None:
        for name in self.buttons:
            self._commands[name].setIcon(icon(name, self.palette()))
            self._commands[name].setIconVisibleInMenu(False)
