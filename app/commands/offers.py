"""Three things to try on a bundled garment, each with one click."""

from collections.abc import Callable
from pathlib import Path

from app.actions import Command
from app.context import Context
from app.controllers.opening import Open
from app.views.docks import Docks
from keygrid.installation import ASSETS
from keygrid.methods.defaults import default_for_clouds

SHIRT = ASSETS / "garments" / "tshirt-real-fold-sleeve.npz"
"""The garment of the offers: a T-shirt whose sleeve is folded."""


class OfferCommands:
    """Opens the bundled T-shirt, and demonstrates one of the window's three main uses.

    Args:
        context: holds the open files and their display.
        docks: brings the panel of an offer to the front.
        open_paths: opens the garment.
    """

    def __init__(self, context: Context, docks: Docks, open_paths: Open) -> None:
        self._state, self._messages, self._docks, self._open = context.state, context.messages, docks, open_paths
        self._wanted: Callable[[], None] | None = None
        context.state.document.events.prediction.connect(self._take)

    def commands(self) -> list[Command]:
        """Return the commands for the submenu Try of the menu Help."""
        return [
            Command("try_inspect", "&Inspect keypoints", "&Help/&Try", lambda: self._begin(self._inspect)),
            Command("try_scrub", "&Scrub the heatmap", "&Help/&Try", lambda: self._begin(self._scrub)),
            Command("try_compare", "&Compare checkpoints", "&Help/&Try", lambda: self._begin(self._compare)),
        ]

    def _begin(self, show: Callable[[], None]) -> None:
        """Open the T-shirt, and start the demonstration once it has keypoints."""
        self._wanted = show
        self._state.comparison.stop()
        self._open([SHIRT])

    def _take(self, prediction: object) -> None:
        garment, show = self._state.document.garment, self._wanted
        if show is None or prediction is None or garment is None or Path(garment.source or "") != SHIRT:
            return
        self._wanted = None
        show()

    def _inspect(self) -> None:
        self._state.document.keypoint = 0
        self._state.first.settings.weights = True
        self._docks.raise_("Keypoints")
        self._messages.tell("Click a keypoint to see which points of the garment determine it.")

    def _scrub(self) -> None:
        settings = self._state.first.settings
        settings.weights = False
        settings.switch("slice", on=True)
        self._state.first.slices.choose("y")  # the T-shirt lies across it
        settings.surface_opacity = min(settings.surface_opacity, 0.35)
        self._docks.raise_("Slices", "Heatmap")
        self._messages.tell("Drag the slider, or hold Ctrl and turn the wheel over the slice.")

    def _compare(self) -> None:
        document = self._state.document
        other = next((known for known in document.methods if known.id.path == default_for_clouds()), None)
        if other is not None:
            self._state.comparison.add(document.garment, other)
            self._messages.tell("Select a keypoint: the matching one is selected in the other view.")
