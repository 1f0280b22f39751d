"""The preparation of a cloud: its recipe, and the prepared cloud."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from keygrid.clouds import Recipe, Step
from keygrid.data.garment import Garment

CHOSEN_COLOUR, OTHER_COLOUR = (226, 106, 30), (128, 128, 128)
"""Colours (red, green, blue) of points removed by the chosen step and by other steps; visible in both themes."""

MOST_REMOVED = 100_000
"""Maximum number of removed points that are shown."""


@dataclass(frozen=True, eq=False)
class PreparedCloud:
    """A cloud that a recipe prepared.

    Attributes:
        garment: the remaining points.
        counts: number of points at the start and after each step.
        removed: (R, 3), points that steps removed, upright, file units; a sample if there are very many.
        removed_by: (R,), index in the recipe of the step that removed each point.
    """

    garment: Garment
    counts: tuple[int, ...]
    removed: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    removed_by: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class Removed:
    """Points shown together with a prepared cloud.

    Attributes:
        garment: the prepared cloud.
        points: (R, 3), file units.
        is_chosen: (R,) whether the chosen step removed them.
    """

    garment: Garment
    points: NDArray[np.float64]
    is_chosen: NDArray[np.bool_]


@dataclass
class Preparation:
    """A cloud that is being prepared.

    Attributes:
        source: the cloud; None while none is open.
        recipe: the steps to apply.
        prepared: the result; None if there are no steps or it is not ready yet.
        earlier: recipes before each change, the latest last.
        later: recipes that were undone; the last is the next to be redone.
        shows_removed: whether the points removed by steps are shown as well.
        step: index of the chosen step in the recipe; -1 for none.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    source: Garment | None = None
    recipe: Recipe = field(default_factory=Recipe)
    prepared: PreparedCloud | None = None
    earlier: tuple[Recipe, ...] = ()
    later: tuple[Recipe, ...] = ()
    shows_removed: bool = True
    step: int = -1

    @property
    def removed(self) -> Removed | None:
        """The removed points that are shown; None if none are."""
        prepared = self.prepared
        if prepared is None or not self.shows_removed or not len(prepared.removed):
            return None
        return Removed(prepared.garment, prepared.removed, prepared.removed_by == self.step)

    def change(self, recipe: Recipe) -> None:
        """Replace the recipe; `undo` returns to the one before."""
        if recipe != self.recipe:
            self.earlier, self.later = (*self.earlier, self.recipe), ()
            self.recipe = recipe

    def undo(self) -> None:
        """Go back to the recipe before the last change, if there is one."""
        if self.earlier:
            *earlier, last = self.earlier
            self.earlier, self.later = tuple(earlier), (*self.later, self.recipe)
            self.recipe = last

    def redo(self) -> None:
        """Redo the last undone change, if there is one."""
        if self.later:
            *later, following = self.later
            self.earlier, self.later = (*self.earlier, self.recipe), tuple(later)
            self.recipe = following

    def add(self, step: Step) -> None:
        """Add a step.

        Raises:
            KeygridError: the step's parameters are invalid.
        """
        self.change(self.recipe.with_step(step))

    def replace_step(self, index: int, step: Step) -> None:
        """Change the numbers of a step.

        Raises:
            KeygridError: the step can't be applied with these numbers.
        """
        steps = list(self.recipe.steps)
        steps[index] = step
        self.change(replace(self.recipe, steps=tuple(steps)))

    def remove_step(self, index: int) -> None:
        """Remove a step."""
        steps = self.recipe.steps
        self.change(replace(self.recipe, steps=steps[:index] + steps[index + 1 :]))

    def begin(self, source: Garment | None) -> None:
        """Start preparing another cloud, without steps."""
        self.source = source
        self.prepared, self.earlier, self.later = None, (), ()
        self.recipe = Recipe()
