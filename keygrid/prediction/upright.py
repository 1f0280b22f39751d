"""Turns garments upright: methods expect that y is up."""

from dataclasses import replace

from keygrid.data.axes import stand_up
from keygrid.data.garment import Garment, Up
from keygrid.data.objects import only_object, the_worn
from keygrid.geometry.openings import stands_on_z

MOST_FACES = 200_000
"""Number of triangles up to which openings are examined; larger meshes are left as they are."""


def upright(garment: Garment, up: Up | None = None, item: str = "") -> Garment:
    """Turn a garment so that y is up; in a scene with closed objects, such as an avatar, use the largest open object.

    Args:
        garment: the garment as read from its file.
        up: the file's vertical axis. If not given, y, unless the shape suggests z, which a note then states.
        item: name of the object to use instead.

    Raises:
        KeygridError: there is no object of this name.
    """
    garment = only_object(garment, item) if item else the_worn(garment)
    if up is not None:
        return stand_up(garment, up)
    if garment.up != "y" or not guesses_z(garment):
        return garment
    note = "Turned upright: its openings suggest that z is up in the file."
    return replace(stand_up(garment, "z"), notes=(*garment.notes, note))


def guesses_z(garment: Garment) -> bool:
    """Return whether a garment at rest seems to have z up in its file; False for data sets, which have y up."""
    is_known = bool(garment.origin) or (garment.source is not None and garment.source.suffix == ".npz")
    return not is_known and len(garment.faces) <= MOST_FACES and stands_on_z(garment.vertices, garment.faces)
