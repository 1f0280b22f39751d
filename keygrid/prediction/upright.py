"""Garments as methods expect them: y is up."""

from dataclasses import replace

from keygrid.data.axes import stand_up
from keygrid.data.garment import Garment, Up
from keygrid.data.objects import only_object, the_worn
from keygrid.geometry.openings import stands_on_z

MOST_FACES = 200_000
"""Triangles of which openings are looked for; a larger mesh is taken as it is."""


def upright(garment: Garment, up: Up | None = None, item: str = "") -> Garment:
    """Turn a garment so that y is up; of a scene with closed objects, such as an avatar, take the largest open one.

    Args:
        garment: as its file has it.
        up: the file's vertical axis. If not given, it is y unless the shape says that it is z, and then a note says so.
        item: the name of the object to take instead.

    Raises:
        KeygridError: there is no object of that name.
    """
    garment = only_object(garment, item) if item else the_worn(garment)
    if up is not None:
        return stand_up(garment, up)
    if garment.up != "y" or not guesses_z(garment):
        return garment
    note = "Turned upright: its openings suggest that z is up in the file."
    return replace(stand_up(garment, "z"), notes=(*garment.notes, note))


def guesses_z(garment: Garment) -> bool:
    """Return whether a garment at rest looks as if z were up in its file; never for data sets, in which y is."""
    is_known = bool(garment.origin) or (garment.source is not None and garment.source.suffix == ".npz")
    return not is_known and len(garment.faces) <= MOST_FACES and stands_on_z(garment.vertices, garment.faces)
