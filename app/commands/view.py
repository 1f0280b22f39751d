"""Commands of the menu View: layers, cameras, backgrounds and themes."""

from collections.abc import Callable

from app.actions import Command
from app.commands.keypoints import NOTHING_SELECTED
from app.context import Context
from app.state.layers import LAYERS
from app.state.preferences import THEMES
from app.state.settings import BACKGROUNDS, Background
from app.views.viewport import Viewport

SIDE_TITLES = {
    "front": ("From the &front", "Shift+F"), "back": ("From the &back", "Shift+B"),
    "left": ("From the &left", "Shift+L"), "right": ("From the &right", "Shift+R"),
    "above": ("From &above", "Shift+T"), "below": ("From be&low", "Shift+U"),
}  # fmt: skip
"""Titles and keys of the sides in `app.scene.framing.SIDES`."""

BACKGROUND_TITLES: dict[Background, str] = {"theme": "As in the &theme", "white": "&White", "black": "&Black"}

OF_WEIGHTS = {
    "weights": "Colour surface and points by the weights of the selected keypoint (W)",
    "peak": "Put each keypoint on the heaviest of its points instead of their mean (P)",
}
"""Commands that need a method with weights, and their tooltips."""

SAVED = (1, 2, 3, 4)
"""Numbers under which views can be saved."""


class ViewCommands:
    """Switches layers, cameras and themes.

    Args:
        context: holds settings, saved cameras and preferences.
        viewport: the first view.
    """

    def __init__(self, context: Context, viewport: Viewport) -> None:
        self._view, self._subject, self._settings = viewport.view, viewport.view.subject, viewport.view.settings
        self._viewport, self._saved, self._preferences = viewport, context.state.saved_views, context.state.preferences
        self._commands, self._messages = context.commands, context.messages

    def follow(self) -> None:
        """Keep checked states in step with the settings, and disable layers that have nothing to show."""
        actions = self._commands
        actions["background_theme"].setChecked(True)
        for name in ("peak", "weights", "orthographic"):
            actions.follow(name, self._settings, name)

        def refresh(*_: object) -> None:
            for name, spec in LAYERS.items():
                action, lack = actions[name], self._view.lacks(name)
                action.setChecked(self._view.shows(name))
                action.setEnabled(not lack)
                action.setToolTip(lack or (f"{spec.tip} ({spec.key})" if spec.key else spec.tip))
            for name, tip in OF_WEIGHTS.items():
                actions[name].setEnabled(not self._subject.unexplained)
                actions[name].setToolTip(self._subject.unexplained or tip)

        self._settings.events.layers.connect(refresh)
        for event in ("garment", "prediction", "preview"):
            self._subject.events[event].connect(refresh)
        refresh()

    def commands(self) -> list[Command]:
        """Return the commands for the menu View."""
        return [
            *(
                Command(name, spec.title, "&View", self._layer_switch(name), spec.key, checkable=True)
                for name, spec in LAYERS.items()
            ),
            Command("weights", "&Weights of the selected keypoint", "&View", self._switch("weights"), "W",
                    checkable=True, separated=True),
            Command("peak", "&Peak keypoints", "&View", self._switch("peak"), "P", checkable=True),
            Command("show_all", "Show &all keypoints", "&View", self._show_all, "A"),
            Command("hide", "&Hide selected keypoint", "&View", self._hide, "H"),
            Command("only", "Show &only the selected keypoint", "&View", self._only, "Shift+H"),
            Command("fit", "&Fit garment", "&View", self._viewport.fit, "F", separated=True),
            Command("look_first", "&Initial view", "&View/&Camera", self._viewport.look_first, "Shift+Home"),
            *(
                Command(
                    f"look_{side}", title, "&View/&Camera", lambda side=side: self._viewport.look_from(side), key,
                    separated=side == "front",
                )
                for side, (title, key) in SIDE_TITLES.items()
            ),
            Command("orthographic", "&Orthographic", "&View/&Camera", self._switch("orthographic"), "O",
                    checkable=True, separated=True),
            *(
                Command(
                    f"recall_{number}", f"Recall view {number}", "&View/&Camera",
                    lambda number=number: self._recall(number), f"Ctrl+{number}", separated=number == 1,
                )
                for number in SAVED
            ),
            *(
                Command(
                    f"keep_{number}", f"Save as view {number}", "&View/&Camera",
                    lambda number=number: self._keep(number), f"Ctrl+Alt+{number}", separated=number == 1,
                )
                for number in SAVED
            ),
            *(
                Command(
                    f"background_{name}", BACKGROUND_TITLES[name], "&View/&Background",
                    lambda on, name=name: setattr(self._settings, "background", name) if on else None,
                    group="background",
                )
                for name in BACKGROUNDS
            ),
            *(
                Command(
                    f"theme_{theme}", theme.capitalize(), "&View/&Theme",
                    lambda on, theme=theme: setattr(self._preferences, "theme", theme) if on else None, group="theme",
                )
                for theme in THEMES
            ),
        ]  # fmt: skip

    def _layer_switch(self, name: str) -> Callable[[bool], None]:
        def switch(on: bool) -> None:
            if on != self._view.shows(name):  # else the action only follows, and nobody has chosen
                self._settings.switch(name, on=on)

        return switch

    def _switch(self, name: str) -> Callable[[bool], None]:
        return lambda on: setattr(self._settings, name, on)

    def _show_all(self) -> None:
        self._settings.hidden = frozenset()

    def _hide(self) -> None:
        keypoint = self._subject.keypoint
        if keypoint is None:
            self._messages.warn(NOTHING_SELECTED)
            return
        self._settings.hidden |= {keypoint}

    def _only(self) -> None:
        keypoint, shown = self._subject.keypoint, self._subject.shown
        if keypoint is None or shown is None:
            self._messages.warn(NOTHING_SELECTED)
            return
        self._settings.hidden = frozenset(range(len(shown.keypoints))) - {keypoint}

    def _keep(self, number: int) -> None:
        self._saved.views = {**self._saved.views, number: self._viewport.scene.camera}

    def _recall(self, number: int) -> None:
        camera = self._saved.views.get(number)
        if camera is None:
            self._messages.warn(f"View {number} is not saved yet; Ctrl+Alt+{number} saves this one.")
            return
        self._viewport.scene.camera = camera
        self._viewport.request_render()
