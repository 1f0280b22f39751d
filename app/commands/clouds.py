"""Commands of the menu Cloud: preparing clouds of a depth camera."""

from pathlib import Path
from shutil import copyfile

from PySide6.QtWidgets import QFileDialog

from app.actions import Command
from app.context import Context
from app.controllers.following import FollowingFolder
from app.views.docks import Docks
from keygrid.clouds import STEPS, Crop, Recipe, Step, read_recipe, write_recipe
from keygrid.clouds.recipe import UNITS, USUAL
from keygrid.data.axes import in_file_axes
from keygrid.errors import KeygridError
from keygrid.files import atomic

PANEL = "Prepare cloud"
RECIPES = "Recipes (*.json)"
NO_CLOUD = "There is no cloud to prepare: open one, such as a PLY file from a depth camera."


class CloudCommands:
    """Adds and removes steps of a cloud's recipe, and reads and writes recipes.

    Args:
        context: holds the cloud and its recipe.
        docks: holds the panel.
        follower: shows the newest cloud of a folder.
    """

    def __init__(self, context: Context, docks: Docks, follower: FollowingFolder) -> None:
        self._follower = follower
        self._context, self._window, self._docks = context, context.window, docks
        self._preparation, self._warn = context.state.preparation, context.messages.warn

    def follow(self) -> None:
        """Disable commands that have nothing to act on."""
        for signal in ("source", "recipe", "prepared", "earlier"):
            self._preparation.events[signal].connect(self._refresh)
        self._context.state.following.events.folder.connect(self._refresh)
        self._refresh()

    def commands(self) -> list[Command]:
        """Return the commands for the menu Cloud."""
        return [
            Command("prepare", "&Prepare cloud", "&Cloud", self._show, "Ctrl+P", checkable=True),
            Command("usual_steps", "Remove table, outliers and &rest", "&Cloud", self._add_usual, separated=True),
            *(
                Command(f"step_{name}", kind.title, "&Cloud/&Add step", lambda kind=kind: self._add(kind))
                for name, kind in STEPS.items()
            ),
            Command("undo_step", "&Undo the last step", "&Cloud", self._preparation.undo),
            Command("apply_recipe", "&Apply recipe…", "&Cloud", self._ask_for_recipe, separated=True),
            Command("save_recipe", "&Save recipe…", "&Cloud", self._ask_to_save_recipe),
            Command("save_cloud", "Save prepared &cloud…", "&Cloud", self._ask_to_save_cloud),
            Command("follow", "&Follow folder…", "&Cloud", self._ask_for_folder, "Ctrl+Shift+F", separated=True),
            Command("unfollow", "Stop f&ollowing", "&Cloud", self._follower.stop),
        ]

    def _refresh(self, *_: object) -> None:
        preparation = self._preparation
        for name in ("usual_steps", "apply_recipe", *(f"step_{step}" for step in STEPS)):
            self._context.commands[name].setEnabled(preparation.source is not None)
        self._context.commands["unfollow"].setEnabled(self._context.state.following.folder is not None)
        self._context.commands["undo_step"].setEnabled(bool(preparation.earlier))
        self._context.commands["save_recipe"].setEnabled(bool(preparation.recipe.steps))
        self._context.commands["save_cloud"].setEnabled(preparation.prepared is not None)

    def _show(self, shown: bool) -> None:
        self._docks.show(PANEL, shown=shown)

    def _bring_up(self) -> None:
        self._context.commands["prepare"].setChecked(True)
        self._docks.show(PANEL)

    def _add_usual(self) -> None:
        self._bring_up()
        recipe = self._preparation.recipe
        self._context.attempt(lambda: self._preparation.change(Recipe((*recipe.steps, *USUAL), recipe.up, recipe.unit)))

    def _add(self, kind: type[Step]) -> None:
        self._bring_up()
        self._context.attempt(lambda: self._preparation.add(self._box() if kind is Crop else kind()))

    def _box(self) -> Crop:
        """Return a box around all remaining points."""
        preparation = self._preparation
        cloud = preparation.prepared.garment if preparation.prepared is not None else preparation.source
        if cloud is None:
            raise KeygridError(NO_CLOUD)
        scale = UNITS[preparation.recipe.unit]
        points = in_file_axes(cloud.vertices, cloud.up) * scale
        digits = 4
        step = 10**-digits
        low, high = points.min(axis=0) - step, points.max(axis=0) + step
        corners = [
            (round(float(x), digits), round(float(y), digits), round(float(z), digits)) for x, y, z in (low, high)
        ]
        return Crop(*corners)

    def _ask_for_recipe(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, "Apply recipe", "", RECIPES)
        if name:
            self._bring_up()
            self._context.attempt(lambda: self._preparation.change(read_recipe(Path(name))))

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._window, "Follow folder")
        if name:
            self._follower.begin(Path(name), self._preparation.recipe)

    def _ask_to_save_recipe(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self._window, "Save recipe", "recipe.json", RECIPES)
        if name:
            path = Path(name) if Path(name).suffix else Path(f"{name}.json")
            self._context.save(lambda: write_recipe(self._preparation.recipe, path), path)

    def _ask_to_save_cloud(self) -> None:
        prepared = self._preparation.prepared
        if prepared is None or prepared.garment.source is None:
            return
        source = prepared.garment.source
        name, _ = QFileDialog.getSaveFileName(self._window, "Save prepared cloud", source.name, "PLY (*.ply)")
        if name:
            path = Path(name).with_suffix(".ply")
            self._context.save(lambda: _copy(source, path), path)


def _copy(source: Path, path: Path) -> None:
    with atomic(path) as temporary:
        copyfile(source, temporary)
