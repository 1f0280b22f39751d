"""Commands of the menu Compare, for comparing methods or garments side by side."""

from collections.abc import Callable

from app.actions import Command
from app.context import Context
from app.state.comparison import LETTERS, LINKS, Link, Mode
from app.views.docks import Docks

MODE_TITLES: dict[Mode, str] = {"grid": "Side by &side", "flip": "&One by one", "overlay": "O&verlay"}

LINK_TITLES: dict[Link, str] = {
    "camera": "&Camera", "frame": "&Frame", "slices": "S&lices", "layers": "L&ayers", "colours": "C&olours",
    "selection": "S&election",
}  # fmt: skip


class CompareCommands:
    """Adds and removes views, and links them.

    Args:
        context: holds the open files and the views.
        docks: shows the panel "Compare" while there are several views.
    """

    def __init__(self, context: Context, docks: Docks) -> None:
        self._document, self._comparison = context.state.document, context.state.comparison
        self._commands, self._messages, self._docks = context.commands, context.messages, docks

    def commands(self) -> list[Command]:
        """Return the commands for the menu Compare."""
        comparison = self._comparison
        return [
            Command("compare_add", "&Add a view", "&Compare", self._add, "Ctrl+D"),
            Command("compare_methods", "All open &methods", "&Compare", self._compare_methods,
                    "Ctrl+Shift+D"),
            Command("compare_garments", "All open &garments", "&Compare", self._compare_garments, "Ctrl+Alt+D"),
            Command("compare_remove", "&Remove the last view", "&Compare", self._remove, "Ctrl+Shift+W"),
            Command("compare_stop", "S&top comparing", "&Compare", comparison.stop, "Ctrl+Alt+W"),
            *(
                Command(
                    f"compare_as_{mode}", title, "&Compare",
                    lambda on, mode=mode: setattr(comparison, "mode", mode) if on else None, group="compare_mode",
                    separated=mode == "grid",
                )
                for mode, title in MODE_TITLES.items()
            ),
            Command("compare_flip", "&Flip to the next view", "&Compare", self._flip, "B"),
            Command("compare_arrows", "&Displacement arrows", "&Compare", self._switch("arrows"), "D", checkable=True,
                    separated=True),
            Command("compare_difference", "&Heatmap difference", "&Compare", self._switch("difference"), "Shift+D",
                    checkable=True),
            *(
                Command(f"link_{link}", title, "&Compare/&Linked", self._switch(link), checkable=True)
                for link, title in LINK_TITLES.items()
            ),
        ]  # fmt: skip

    def follow(self) -> None:
        """Keep checked states in step with the comparison, whatever changes it."""
        actions = self._commands
        switches = {f"link_{link}": link for link in LINKS} | {
            "compare_arrows": "arrows", "compare_difference": "difference",
        }  # fmt: skip
        for name, attribute in switches.items():
            actions.follow(name, self._comparison, attribute)
        self._comparison.events.mode.connect(lambda mode: actions[f"compare_as_{mode}"].setChecked(True))
        actions[f"compare_as_{self._comparison.mode}"].setChecked(True)
        self._comparison.events.views.connect(self._show_dock)

    def _switch(self, name: str) -> Callable[[bool], None]:
        return lambda on: setattr(self._comparison, name, on)

    def _add(self) -> None:
        """Add a view of a method that is not compared yet; otherwise of such a garment; otherwise a copy."""
        document, comparison = self._document, self._comparison
        if document.garment is None:
            self._messages.warn("Open a garment first, so that the views have something to compare.")
            return
        if comparison.full:
            self._messages.warn(f"There are already {len(LETTERS)} views, which is the most; remove one first.")
            return
        shown = [document, *(view.subject for view in comparison.views)]
        methods = [known for known in document.methods if all(s.method is not known for s in shown)]
        garments = [known for known in document.garments if all(s.garment is not known for s in shown)]
        several = any(subject.garment is not document.garment for subject in shown)
        if (several or not methods) and garments:
            comparison.add(garments[0], document.method)
        else:
            comparison.add(document.garment, methods[0] if methods else document.method)

    def _compare_methods(self) -> None:
        document, comparison = self._document, self._comparison
        others = [known for known in document.methods if known is not document.method]
        if document.garment is None or not others:
            self._messages.warn("Open a garment and at least two methods first: File ▸ Open.")
            return
        comparison.stop()
        for method in others[: len(LETTERS) - 1]:
            comparison.add(document.garment, method)

    def _compare_garments(self) -> None:
        document, comparison = self._document, self._comparison
        others = [known for known in document.garments if known is not document.garment]
        if not others:
            self._messages.warn("Open at least two garments first: File ▸ Open, or the library.")
            return
        comparison.stop()
        for garment in others[-(len(LETTERS) - 1) :]:
            comparison.add(garment, document.method)

    def _remove(self) -> None:
        if self._comparison.views:
            self._comparison.remove(self._comparison.views[-1])

    def _flip(self) -> None:
        if self._comparison.active:
            self._comparison.flip()
        else:
            self._messages.warn("There is only one view; Compare ▸ Add a view (Ctrl+D) adds another to flip to.")

    def _show_dock(self, views: tuple[object, ...]) -> None:
        dock = self._docks["Compare"]
        if dock.isVisible() != bool(views):
            self._docks.show("Compare", shown=bool(views))
