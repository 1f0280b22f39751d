"""What is seen, and from where."""

from collections.abc import Callable

from app.actions import Command
from app.state.field import AXES
from app.state.settings import LAYERS, ViewSettings
from app.views.theme import THEMES
from app.views.viewport import Viewport

LAYER_TITLES = {
    "surface": "&Surface",
    "cloud": "Point &cloud",
    "keypoints": "&Keypoints",
    "skeleton": "S&keleton",
    "slice": "&Heatmap slice",
    "reconstruction": "&Reconstruction",
    "trails": "&Trails",
    "first_frame": "First &frame",
    "landmarks": "&Landmarks",
    "isosurface": "&Isosurface",
    "volume": "&Volume",
}


class ViewCommands:
    """Layers, camera and theme.

    Args:
        settings: of the first view.
        viewport: the first view.
        set_theme: changes the application's colours.
    """

    def __init__(self, settings: ViewSettings, viewport: Viewport, set_theme: Callable[[str], None]) -> None:
        self._settings, self._viewport, self._set_theme = settings, viewport, set_theme

    def commands(self) -> list[Command]:
        """For the menu View."""
        return [
            *(
                Command(
                    name, LAYER_TITLES[name], "&View", lambda on, name=name: setattr(self._settings, name, on),
                    str(number) if number <= 9 else "", checkable=True,
                )
                for number, name in enumerate(LAYERS, start=1)
            ),
            Command("peak", "&Peak keypoints", "&View", lambda on: setattr(self._settings, "peak", on), "P",
                    checkable=True, separated=True),
            Command("fit", "&Fit garment", "&View", self._viewport.fit, "F", separated=True),
            *(
                Command(
                    f"look_{axis}", f"Look along {axis.upper()}", "&View",
                    lambda axis=axis: self._viewport.look_along(axis), f"Shift+{axis.upper()}",
                )
                for axis in AXES
            ),
            *(
                Command(
                    f"theme_{theme}", theme.capitalize(), "&View/&Theme",
                    lambda on, theme=theme: self._set_theme(theme) if on else None, group="theme",
                )
                for theme in THEMES
            ),
        ]  # fmt: skip
