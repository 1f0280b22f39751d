"""The garments that writers of all formats take, and steps that most of them share."""

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
"""Points of a cloud, in the formats whose clouds have one size."""

SPLITS = {"train": "train", "val": "validation", "test": "test"}
"""Splits by their names in the files of others."""


class Item(NamedTuple):
    """A garment to be written.

    Attributes:
        name: unlike any other, and fit for a file's name: letters, digits, underscores and full stops.
        split: `train`, `validation` or `test`; empty where not known.
        garment: what it is.
    """

    name: str
    split: str
    garment: Garment


def items(opened: Garment | Collection) -> Iterator[Item]:
    """All garments of what was opened, read one at a time.

    Raises:
        KeygridError: one is missing or damaged.
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
    """(T, V, 3): where the vertices are in every frame, or T = 1 for a garment that does not move."""
    return garment.vertices[None] if garment.frames is None else garment.frames


def clouds(garment: Garment) -> NDArray[np.float64]:
    """(T, 2048, 3): the same points of the material in every frame, or T = 1 for a garment that does not move.

    Raises:
        KeygridError: it is a cloud of fewer points, or has no area.
    """
    drawn = sample(garment, POINTS)
    if len(drawn.points) < POINTS:
        raise KeygridError(
            f"{garment.name} has {len(drawn.points)} points, but clouds in this format have {POINTS}; convert its mesh."
        )
    return np.stack([drawn.on(shape, garment.faces) for shape in shapes(garment)])


def landmark_positions(garment: Garment) -> NDArray[np.float64] | None:
    """(T, L, 3): where the landmarks are in every frame; None if there are none."""
    landmarks = garment.landmarks
    if landmarks is None:
        return None
    return np.stack([landmarks.on(shape, garment.faces) for shape in shapes(garment)])


def category_name(garment: Garment) -> str:
    """A garment's category as one line that is fit for a folder's name; `garment` where it is not known."""
    return re.sub(r"[^\w .-]+", "_", garment.category).strip(". ") or "garment"


def _fit(name: str) -> str:
    # No hyphens either: KeypointNet's splits have them between class and model.
    return re.sub(r"[^\w.]+", "_", name).strip("._") or "garment"
