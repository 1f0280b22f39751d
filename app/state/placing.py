"""Landmarks placed on the open garments, with a history of changes for undoing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from keygrid.data.garment import Garment, Landmarks
from keygrid.data.landmarks import MOST, frames_of, together
from keygrid.data.names import tidied
from keygrid.errors import KeygridError

NONE = Landmarks(np.empty(0, np.int64), np.empty((0, 3)), ())
"""No landmarks."""


@dataclass(frozen=True, eq=False)
class Spot:
    """A place on a garment's material.

    Attributes:
        face: index of the triangle, or of the point in a cloud.
        barycentric: (3,), weights of the triangle's corners.
        position: (3,), position in the current frame, file units.
    """

    face: int
    barycentric: NDArray[np.float64]
    position: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Change:
    """A change to a garment's landmarks; None stands for the landmarks in the garment's own file.

    Attributes:
        garment: the garment.
        title: description of the change, such as `Move left cuff`.
        before: placed landmarks before the change.
        after: placed landmarks after the change.
    """

    garment: Garment
    title: str
    before: Landmarks | None
    after: Landmarks | None


Placed = Mapping[Garment, Landmarks]
"""Landmarks by garment; a garment without an entry has the landmarks in its own file."""


@dataclass
class Placing:
    """Landmarks of open garments.

    Attributes:
        on: whether a click on a garment places a landmark.
        placed: landmarks placed by users, which replace those in the garment's own file.
        derived: landmarks carried over from other garments.
        carrying: whether names are carried over to the garments that are shown.
        selected: garment and name of the selected landmark; None if none is selected.
        earlier: changes that can be undone, the latest last.
        later: changes that were undone; the last is the next to be redone.
        unsaved: garments whose landmarks could not be written beside them.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    on: bool = False
    placed: Placed = field(default_factory=lambda: MappingProxyType({}))
    derived: Placed = field(default_factory=lambda: MappingProxyType({}))
    carrying: bool = False
    selected: tuple[Garment, str] | None = None
    earlier: tuple[Change, ...] = ()
    later: tuple[Change, ...] = ()
    unsaved: frozenset[Garment] = frozenset()

    def of(self, garment: Garment) -> Landmarks:
        """Return the landmarks in use: the placed ones or, if there are none, those in the garment's own file."""
        return self.placed.get(garment, garment.landmarks or NONE)

    def row_of(self, garment: Garment, name: str, frame: int) -> int | None:
        """Return the row of a landmark in use that is known in a frame; None if there is none."""
        marks = self.of(garment)
        known = marks.known_in(frame)
        return next((row for row, other in enumerate(marks.names) if other == name and known[row]), None)

    def selected_row(self, garment: Garment | None, frame: int) -> int | None:
        """Return the row of a garment's selected landmark in a frame; None if none is selected."""
        if garment is None or self.selected is None or self.selected[0] is not garment:
            return None
        return self.row_of(garment, self.selected[1], frame)

    # Changes

    def place(self, garment: Garment, spot: Spot, frame: int) -> None:
        """Place and select a landmark with a unique name: in this frame on a cloud, in all frames on a surface.

        Raises:
            KeygridError: the garment already has the maximum number of landmarks.
        """
        marks = self.of(garment)
        if len(marks.names) >= MOST:
            raise KeygridError(f"{garment.name} already has {MOST} landmarks, which is the most; delete some first.")
        number = next(i for i in range(1, MOST + 2) if f"landmark {i}" not in marks.names)
        name = f"landmark {number}"
        only = frame if garment.is_cloud and garment.frame_count else None
        added = Landmarks(np.array([spot.face]), spot.barycentric[None], (name,), () if only is None else (only,))
        self._change(garment, f"Place {name}", together([marks, added]))
        self.selected = garment, name

    def show_moved(self, garment: Garment, row: int, spot: Spot) -> None:
        """Show a landmark elsewhere while it is dragged; `move` makes the change permanent."""
        self.placed = {**self.placed, garment: _moved(self.of(garment), row, spot)}

    def move(self, garment: Garment, row: int, spot: Spot, before: Landmarks | None) -> None:
        """Move a landmark; `before` holds the landmarks before the drag, None for those in the garment's file."""
        marks = self.of(garment)
        self.placed = _with(self.placed, garment, before)
        self._change(garment, f"Move {marks.names[row]}", _moved(marks, row, spot))

    def rename(self, garment: Garment, row: int, name: str) -> None:
        """Give a landmark another name.

        Raises:
            KeygridError: the name is empty, or another landmark has it in the same frame.
        """
        marks, name = self.of(garment), tidied(name)
        if name == marks.names[row]:
            return
        if not name:
            raise KeygridError("A landmark needs a name, such as left cuff.")
        self._refuse_taken(marks, name, frames_of(marks)[row], row)
        names = (*marks.names[:row], name, *marks.names[row + 1 :])
        self._change(garment, f"Rename {marks.names[row]}", replace(marks, names=names))
        self.selected = garment, name

    def delete(self, garment: Garment, row: int) -> None:
        """Delete a landmark."""
        marks = self.of(garment)
        left = marks.chosen(np.arange(len(marks.names)) != row)
        self.selected = None
        nothing = not left.names and garment.landmarks is None
        self._change(garment, f"Delete {marks.names[row]}", None if nothing else left)

    def limit(self, garment: Garment, row: int, frame: int | None) -> None:
        """Set the only frame in which a landmark is known; None for all frames.

        Raises:
            KeygridError: another landmark has the same name there.
        """
        marks = self.of(garment)
        self._refuse_taken(marks, marks.names[row], frame, row)
        frames = list(frames_of(marks))
        frames[row] = frame
        kept = tuple(frames) if any(only is not None for only in frames) else ()
        self._change(garment, f"Frames of {marks.names[row]}", replace(marks, frames=kept))

    def take_in(self, garment: Garment, others: Landmarks, title: str) -> None:
        """Add landmarks; a landmark whose name and frame already exist moves to the new place.

        Raises:
            KeygridError: there would be more than the maximum number of landmarks.
        """
        marks, frames = self.of(garment), frames_of(others)
        new = {(name, only) for name, only in zip(others.names, frames, strict=True)}
        lasting = {name for name, only in new if only is None}
        known = zip(marks.names, frames_of(marks), strict=True)
        kept = np.array([(name, only) not in new and name not in lasting for name, only in known], bool)
        found = together([marks.chosen(kept), others])
        if len(found.names) > MOST:
            raise KeygridError(f"{garment.name} would have {len(found.names)} landmarks; the most is {MOST}.")
        self._change(garment, title, found)

    def reset(self, garment: Garment) -> None:
        """Go back to the landmarks of the garment's own file."""
        if garment in self.placed:
            self.selected = None
            self._change(garment, "Remove placed landmarks", None)

    def undo(self) -> Change | None:
        """Undo the last change and return it."""
        if not self.earlier:
            return None
        *earlier, change = self.earlier
        self.placed = _with(self.placed, change.garment, change.before)
        self.later = (*self.later, change)
        self.earlier = tuple(earlier)
        return change

    def redo(self) -> Change | None:
        """Redo the last undone change and return it."""
        if not self.later:
            return None
        *later, change = self.later
        self.placed = _with(self.placed, change.garment, change.after)
        self.later = tuple(later)
        self.earlier = (*self.earlier, change)
        return change

    def forget(self, garment: Garment) -> None:
        """Forget a closed garment and its changes."""
        self.placed, self.derived = _with(self.placed, garment, None), _with(self.derived, garment, None)
        self.earlier = tuple(change for change in self.earlier if change.garment is not garment)
        self.later = tuple(change for change in self.later if change.garment is not garment)
        self.unsaved -= {garment}
        if self.selected is not None and self.selected[0] is garment:
            self.selected = None

    def _change(self, garment: Garment, title: str, after: Landmarks | None) -> None:
        change = Change(garment, title, self.placed.get(garment), after)
        self.placed = _with(self.placed, garment, after)
        self.later = ()
        self.earlier = (*self.earlier, change)

    def _refuse_taken(self, marks: Landmarks, name: str, frame: int | None, row: int) -> None:
        for other, (known, only) in enumerate(zip(marks.names, frames_of(marks), strict=True)):
            if other != row and known == name and (only is None or frame is None or only == frame):
                raise KeygridError(f"There is already a landmark {name!r}; choose another name.")


def _moved(marks: Landmarks, row: int, spot: Spot) -> Landmarks:
    faces, weights = marks.faces.copy(), marks.barycentric.copy()
    faces[row], weights[row] = spot.face, spot.barycentric
    return replace(marks, faces=faces, barycentric=weights)


def _with(placed: Placed, garment: Garment, landmarks: Landmarks | None) -> Placed:
    others = {other: known for other, known in placed.items() if other is not garment}
    return others if landmarks is None else {**others, garment: landmarks}
