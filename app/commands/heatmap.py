"""Cutting the heatmap."""

from app.actions import Command
from app.state.slices import AXES, KEY_STEP, SliceSettings


class HeatmapCommands:
    """Chooses and moves planes.

    Args:
        field: of the first view.
    """

    def __init__(self, field: SliceSettings) -> None:
        self._field = field

    def commands(self) -> list[Command]:
        """For the menu Heatmap."""
        field = self._field
        return [
            *(
                Command(
                    f"slice_{axis}", f"Slice across {axis.upper()}", "&Heatmap",
                    lambda axis=axis: field.choose(axis), axis.upper(),
                )
                for axis in AXES
            ),
            Command("slice_back", "Slice back", "&Heatmap", lambda: field.move(field.position - KEY_STEP), "[",
                    separated=True),
            Command("slice_forward", "Slice forward", "&Heatmap", lambda: field.move(field.position + KEY_STEP), "]"),
        ]  # fmt: skip
