"""All actions that can be undone, in one order for all parts of the window."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from app.state.comparison import LETTERS
from app.state.document import Relabelling
from app.state.placing import Change
from app.state.view import View
from app.state.workspace import Workspace
from keygrid.clouds import Recipe
from keygrid.data.garment import Garment

MOST = 200
"""Maximum number of steps that are remembered."""


@dataclass(frozen=True, eq=False)
class Step:
    """An action that can be undone.

    Attributes:
        title: name of the action, shown after the word Undo.
        undo: reverses the action.
        redo: performs the action again.
        of: object that must be open for the action to be undone; None if it needs none.
    """

    title: str
    undo: Callable[[], object]
    redo: Callable[[], object]
    of: object = None


@dataclass
class History:
    """Steps that can be undone and redone.

    Attributes:
        earlier: steps that can be undone, the latest last.
        later: steps that were undone; the last is the next to be redone.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    earlier: tuple[Step, ...] = ()
    later: tuple[Step, ...] = ()
    _is_going: bool = field(default=False, init=False, repr=False)

    def add(self, step: Step) -> None:
        """Remember a step; changes made while a step is being undone or redone belong to that step."""
        if not self._is_going:
            self.earlier, self.later = (*self.earlier, step)[-MOST:], ()

    def undo(self) -> Step | None:
        """Undo the latest step and return it; None if there is none."""
        if not self.earlier:
            return None
        *earlier, step = self.earlier
        with self._going():
            step.undo()
        self.earlier, self.later = tuple(earlier), (*self.later, step)
        return step

    def redo(self) -> Step | None:
        """Do again the step that was undone last and return it; None if there is none."""
        if not self.later:
            return None
        *later, step = self.later
        with self._going():
            step.redo()
        self.earlier, self.later = (*self.earlier, step), tuple(later)
        return step

    def forget(self, of: object) -> None:
        """Forget the steps that need an object that was closed, or that were undone elsewhere."""
        if not self._is_going:
            self.earlier = tuple(step for step in self.earlier if step.of is not of)
            self.later = tuple(step for step in self.later if step.of is not of)

    @contextmanager
    def _going(self) -> Iterator[None]:
        self._is_going = True
        try:
            yield
        finally:
            self._is_going = False


class Recording:
    """Records the changes to a workspace that a user could easily lose.

    These are hidden keypoints, names and colours, views, closed garments, landmarks and recipes of clouds. Changes that
    a click reverses, such as those of layers, slices and cameras, are not recorded.

    Args:
        workspace: the workspace to observe.
        history: records the steps.
    """

    def __init__(self, workspace: Workspace, history: History) -> None:
        self._workspace, self._history = workspace, history
        self._document, self._comparison = workspace.document, workspace.comparison
        self._known: set[View] = set()
        self._follow()
        self._document.events.relabelled.connect(self._relabelled)
        self._document.events.garments.connect(self._garments)
        self._comparison.events.views.connect(self._views)
        workspace.placing.events.earlier.connect(self._placed)
        workspace.preparation.events.earlier.connect(self._prepared)

    def _follow(self) -> None:
        for view in self._workspace.views:
            if view not in self._known:
                self._known.add(view)
                view.settings.events.hidden.connect(lambda new, old, view=view: self._hidden(view, new, old))

    def _hidden(self, view: View, new: frozenset[int], old: frozenset[int]) -> None:
        if view is not self._workspace.first and self._comparison.selection:
            return  # it follows the first view
        changed = sorted(new ^ old)
        labels = view.subject.labels
        what = f"keypoint {labels.title(changed[0])}" if len(changed) == 1 else f"{len(changed)} keypoints"
        act = "hide" if len(new) > len(old) else "show"

        def put(hidden: frozenset[int]) -> None:
            view.settings.hidden = hidden

        self._history.add(Step(f"{act} {what}", lambda: put(old), lambda: put(new)))

    def _relabelled(self, change: Relabelling | None) -> None:
        if change is None:
            return
        document = self._document

        def put(labels: object) -> None:
            if document.method is change.method:
                document.relabel(labels)  # type: ignore[arg-type]

        title = "name or colour of a keypoint"
        self._history.add(Step(title, lambda: put(change.before), lambda: put(change.after), change.method))

    def _views(self, new: tuple[View, ...], old: tuple[View, ...]) -> None:
        self._follow()
        if len(new) == len(old):
            return
        act, letter = ("add", LETTERS[len(new)]) if len(new) > len(old) else ("remove", LETTERS[len(old)])
        count = abs(len(new) - len(old))

        def put(views: tuple[View, ...]) -> None:
            self._comparison.front, self._comparison.views = 0, views

        title = f"{act} view {letter}" if count == 1 else f"{act} {count} views"
        self._history.add(Step(title, lambda: put(old), lambda: put(new)))

    def _garments(self, new: tuple[Garment, ...], old: tuple[Garment, ...]) -> None:
        closed = [garment for garment in old if garment not in new]
        if len(closed) != 1 or len(new) >= len(old):
            return
        (garment,) = closed
        self._history.forget(garment)

        def reopen() -> None:
            others = [one for one in self._document.garments if one.source != garment.source or one.source is None]
            self._document.garments = (*others, garment)
            self._document.choose(garment=garment)

        self._history.add(Step(f"close {garment.name}", reopen, lambda: self._document.close_garment(garment)))

    def _placed(self, new: tuple[Change, ...], old: tuple[Change, ...]) -> None:
        placing = self._workspace.placing
        if len(new) > len(old):
            title = new[-1].title[:1].lower() + new[-1].title[1:]
            self._history.add(Step(title, placing.undo, placing.redo, new[-1].garment))

    def _prepared(self, new: tuple[Recipe, ...], old: tuple[Recipe, ...]) -> None:
        preparation = self._workspace.preparation
        if len(new) > len(old):
            self._history.add(Step("change of the recipe", preparation.undo, preparation.redo, preparation))
        else:
            self._history.forget(preparation)  # it was undone in its panel, or starts again
