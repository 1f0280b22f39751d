"""Cutting the heatmap."""

from app.actions import Command
from app.state.slices import AXES, KEY_STEP, SliceSettings


class HeatmapCommands:
    """Chooses and moves planes.

    Args:
        slices: of the first view.
    """

    def __init__(self, slices: SliceSettings) -> None:
        self._slices = slices

    def commands(self) -> list[Command]:
        """For the menu Heatmap."""
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
