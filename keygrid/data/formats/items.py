"""The garments that all writers take, and steps that most writers share."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from keygrid.data.collection import Collection
from keygrid.data.garment import Garment
from keygrid.data.sampling import sample
from keygrid.errors import KeygridError

POINTS = 2048
"""Points in a cloud, for formats with clouds of fixed size."""

SPLITS = {"train": "train", "val": "validation", "test": "test"}
"""Splits by their names in the files of other projects."""


class Item(NamedTuple):
    """A garment to write.

    Attributes:
        name: unique name that is safe for files: letters, digits, underscores and full stops.
        split: `train`, `validation` or `test`; empty if unknown.
        garment: the garment.
    """

    name: str
    split: str
    garment: Garment


def items(opened: Garment | Collection) -> Iterator[Item]:
    """Yield all garments of what was opened, reading one at a time.

    Raises:
        KeygridError: a garment is missing or damaged.
    """
    if isinstance(opened, Garment):
        yield Item(_fit(opened.name), "", opened)
        return
    taken: set[str] = set()
    for entry in opened.entries:
        name = fresh = _fit(entry.name)
        count = 1
        while fresh in taken:
            count += 1
            fresh = f"{name}_{count}"
        taken.add(fresh)
        yield Item(fresh, entry.split, opened.read(entry))


def shapes(garment: Garment) -> NDArray[np.floating]:
    """Return the vertices' positions (T, V, 3) in every frame; T = 1 if the garment does not move."""
    return garment.vertices[None] if garment.frames is None else garment.frames


def clouds(garment: Garment) -> NDArray[np.float64]:
    """Return the positions (T, 2048, 3) of the same material points in every frame; T = 1 if the garment does not move.

    Raises:
        KeygridError: the garment is a cloud of fewer points, or has no area.
    """
    drawn = sample(garment, POINTS)
    if len(drawn.points) < POINTS:
        raise KeygridError(
            f"{garment.name} has {len(drawn.points)} points, but clouds in this format have {POINTS}; convert its mesh."
        )
    return np.stack([drawn.on(shape, garment.faces) for shape in shapes(garment)])


def landmark_positions(garment: Garment) -> NDArray[np.float64] | None:
    """Return the landmarks' positions (T, L, 3) in every frame; None if there are none."""
    landmarks = garment.landmarks
    if landmarks is None:
        return None
    return np.stack([landmarks.on(shape, garment.faces) for shape in shapes(garment)])


def category_name(garment: Garment) -> str:
    """Return a garment's category as a line that is safe for a folder's name; `garment` if unknown."""
    return re.sub(r"[^\w .-]+", "_", garment.category).strip(". ") or "garment"


def _fit(name: str) -> str:
    # No hyphens either: KeypointNet's splits have them between class and model.
    return re.sub(r"[^\w.]+", "_", name).strip("._") or "garment"
