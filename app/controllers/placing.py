"""Keeps placed landmarks beside their garments, shows them in all views, and carries names over."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from app.state.document import OpenMethod
from app.state.placing import Placing
from app.state.workspace import Workspace
from app.worker.client import WorkerClient
from app.worker.protocol import CarryOver, Mirror
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.landmarks import (
    LandmarkFile,
    beside,
    file_of,
    frames_of,
    landmarks_path,
    remove_landmarks,
    values_of,
    with_frames,
    write_landmarks,
)
from keygrid.errors import KeygridError

KEPT = "the session keeps them, and they are written as soon as possible"


class KeepingLandmarks(QObject):
    """Reads the landmarks beside each opened garment, and writes changed ones.

    Landmarks that can't be written are kept, and stored in the session.

    Args:
        state: holds the garments, the views and their landmarks.
        worker: mirrors landmarks and carries names over.
    """

    refused = Signal(str)
    """Landmarks can't be read, saved, mirrored or carried over; the text is a message for the user."""

    def __init__(self, state: Workspace, worker: WorkerClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._placing, self._worker = state, state.placing, worker
        self._known: tuple[Garment, ...] = ()
        self._written: dict[Garment, Landmarks | None] = {}
        self._awaited: dict[str, Any] = {}
        self._asked: dict[Garment, tuple[object, ...]] = {}
        self._carrying = QTimer(self, singleShot=True, interval=0)
        self._carrying.timeout.connect(self._carry)
        document, placing = state.document, state.placing
        document.events.garments.connect(self._take_in)
        for name in ("placed", "derived", "selected"):
            placing.events[name].connect(self._show)
        state.comparison.events.views.connect(self._show)
        placing.events.earlier.connect(self._write)  # nothing is written during a drag
        for group, name in (
            (placing.events, "earlier"), (placing.events, "carrying"), (document.events, "garment"),
            (document.events, "method"), (document.events, "garments"), (state.comparison.events, "views"),
        ):  # fmt: skip
            group[name].connect(self._carry_soon)

    def shut(self) -> None:
        """Stop permanently."""
        self._carrying.stop()

    # Saving beside the garments, or in a session

    @property
    def unsaved(self) -> dict[str, Any]:
        """Landmarks that are not saved in a file, as JSON, by the source of their garment."""
        here = {
            str(garment.source): values_of(self._placing.of(garment), garment)
            for garment in self._placing.unsaved
            if garment.source is not None
        }
        return {**self._awaited, **here}

    def restore(self, unsaved: Mapping[str, Any]) -> None:
        """Accept a session's landmarks; they are placed when their garments are open."""
        self._awaited |= unsaved
        for garment in self._known:
            self._place_awaited(garment)

    def _take_in(self, garments: tuple[Garment, ...]) -> None:
        before, self._known = self._known, garments
        for garment in before:
            if garment not in garments:
                if garment in self._placing.unsaved and garment.source is not None:
                    self._awaited[str(garment.source)] = values_of(self._placing.of(garment), garment)
                self._written.pop(garment, None)
                self._asked.pop(garment, None)
                self._worker.forget((self, garment))
                self._placing.forget(garment)
        for garment in garments:
            if garment not in before:
                self._read(garment)
                self._place_awaited(garment)

    def _read(self, garment: Garment) -> None:
        try:
            found = beside(garment)
        except KeygridError as error:
            self.refused.emit(str(error))
            found = None
        self._written[garment] = found
        if found is not None:
            self._placing.placed = {**self._placing.placed, garment: found}

    def _place_awaited(self, garment: Garment) -> None:
        values = self._awaited.pop(str(garment.source), None)
        if values is None:
            return
        try:
            file = file_of(values, Path("the session"))
            _refuse_others(file, garment)
        except KeygridError as error:
            self.refused.emit(str(error))
            return
        self._placing.placed = {**self._placing.placed, garment: with_frames(file.landmarks, garment)}
        self._write(warn=False)

    def _write(self, *_: object, warn: bool = True) -> None:
        """Write the landmarks that are not yet saved beside their garments."""
        for garment in self._known:
            wanted = self._placing.placed.get(garment)
            if wanted is self._written.get(garment):
                continue
            try:
                self._write_one(garment, wanted)
            except KeygridError as error:
                if warn and garment not in self._placing.unsaved:
                    self.refused.emit(f"{str(error).rstrip('.')}; {KEPT}.")
                self._placing.unsaved |= {garment}
            else:
                self._written[garment] = wanted
                self._placing.unsaved -= {garment}

    def _write_one(self, garment: Garment, wanted: Landmarks | None) -> None:
        if garment.source is None:
            raise KeygridError(f"{garment.name} does not come from a file, so its landmarks can't be saved beside one.")
        path = landmarks_path(garment.source)
        if wanted is None:
            remove_landmarks(path, garment)
        else:
            write_landmarks(wanted, garment, path)

    # Showing in all views

    def _show(self, *_: object) -> None:
        placing = self._placing
        for view in self._state.views:
            subject = view.subject
            subject.derived = placing.derived
            subject.placed = placing.placed
            subject.marked = placing.selected

    # Mirroring, and carrying over to other garments

    def mirror(self, garment: Garment, names: frozenset[str], frame: int) -> None:
        """Mirror the landmarks of these names or, if no names are given, all landmarks without a counterpart."""
        marks = self._placing.of(garment).in_frame(frame)
        wanted = marks.chosen(_are(marks, names)) if names else marks
        if garment.source is None or not wanted.names:
            self.refused.emit("This frame has no landmarks to mirror; place some first.")
            return
        only = frame if garment.is_cloud and garment.frame_count else None
        self._worker.request(
            Mirror(garment.source, wanted), partial(self._take_mirrored, garment, only, bool(names)),
            slot=(self, "mirror"),
        )  # fmt: skip

    def _take_mirrored(self, garment: Garment, only: int | None, chosen: bool, found: Landmarks) -> None:
        known = self._placing.of(garment).names
        if not chosen:
            found = found.chosen(_are(found, frozenset(found.names) - frozenset(known)))
        if not found.names:
            self.refused.emit("Every landmark has its counterpart on the other side; select one to mirror it again.")
        elif garment in self._known:
            kept = found if only is None else replace(found, frames=(only,) * len(found.names))
            self._attempt(partial(self._placing.take_in, garment, kept, f"Mirror to {found.names[0]}"))

    def keep_derived(self, garment: Garment) -> None:
        """Turn the derived landmarks of a garment into placed ones."""
        found = self._placing.derived.get(garment)
        if found is not None:
            self._attempt(partial(self._placing.take_in, garment, found, "Keep derived landmarks"))

    def _carry_soon(self, *_: object) -> None:
        self._carrying.start()

    def _carry(self) -> None:
        """Request the missing landmarks of each visible garment."""
        placing = self._placing
        if not placing.carrying:
            placing.derived, self._asked = {}, {}
            return
        method = self._state.document.method
        for garment in dict.fromkeys(view.subject.garment for view in self._state.views):
            if garment is None or garment.source is None or method is None:
                continue
            sources = _sources(placing, garment, self._known)
            wanted = (method, placing.placed.get(garment), *sources.values())
            if self._asked.get(garment) == wanted:
                continue
            self._asked[garment] = wanted
            placing.derived = {other: known for other, known in placing.derived.items() if other is not garment}
            if sources:
                paths = tuple((source.source, marks) for source, marks in sources.items() if source.source is not None)
                self._worker.request(
                    CarryOver(paths, garment.source, method.id), partial(self._take_carried, garment, method),
                    otherwise=self._stop_carrying, slot=(self, garment),
                )  # fmt: skip

    def _take_carried(self, garment: Garment, method: OpenMethod, found: Landmarks) -> None:
        if garment in self._known and self._placing.carrying and method is self._state.document.method:
            lacking = found.chosen(_are(found, frozenset(found.names) - frozenset(self._placing.of(garment).names)))
            self._placing.derived = {**self._placing.derived, garment: lacking}

    def _stop_carrying(self, _sentence: str) -> None:
        self._placing.carrying = False

    def _attempt(self, change: Callable[[], object]) -> None:
        try:
            change()
        except KeygridError as error:
            self.refused.emit(str(error))


def _sources(placing: Placing, target: Garment, garments: tuple[Garment, ...]) -> dict[Garment, Landmarks]:
    """Return the other surfaces that have placed landmarks known in all frames, with these landmarks."""
    found = {}
    for garment in garments:
        marks = placing.placed.get(garment)
        if garment is not target and marks is not None and not garment.is_cloud and None in frames_of(marks):
            found[garment] = marks
    return found


def _are(landmarks: Landmarks, names: frozenset[str]) -> NDArray[np.bool_]:
    return np.array([name in names for name in landmarks.names], bool)


def _refuse_others(file: LandmarkFile, garment: Garment) -> None:
    if not file.is_of(garment):
        raise KeygridError(f"The session's landmarks for {garment.name} belong to other triangles or points.")
