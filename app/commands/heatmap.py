"""Commands of the menu Heatmap."""

from app.actions import Command
from app.context import Context
from app.state.slices import AXES, KEY_STEP


class HeatmapCommands:
    """Chooses and moves planes.

    Args:
        context: holds the first view, whose heatmap is cut.
    """

    def __init__(self, context: Context) -> None:
        self._slices = context.state.first.slices

    def commands(self) -> list[Command]:
        """Return the commands for the menu Heatmap."""
        slices = self._slices
        return [
            *(
                Command(
                    f"slice_{axis}", f"Slice across {axis.upper()}", "&Heatmap",
                    lambda axis=axis: slices.choose(axis), axis.upper(),
                )
                for axis in AXES
            ),
            Command("slice_back", "Slice back", "&Heatmap", lambda: slices.move(slices.position - KEY_STEP), "[",
                    separated=True),
            Command("slice_forward", "Slice forward", "&Heatmap", lambda: slices.move(slices.position + KEY_STEP), "]"),
        ]  # fmt: skip
