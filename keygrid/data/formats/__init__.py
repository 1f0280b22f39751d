"""Layouts in which data sets store many garments, or one that moves.

A format is a module with a function that inspects a path and returns a `Garment`, a `Collection`, or None if the path
is something else. To add one, write it and add the function to `RECOGNISERS`. Inspection is cheap: it looks at a
folder's names and the beginning of a file, never at all garments.
"""

from collections.abc import Callable
from pathlib import Path

from keygrid.data.collection import Collection
from keygrid.data.formats.clothesnet import open_clothesnet
from keygrid.data.formats.folder import open_folder
from keygrid.data.formats.keygrid_text import open_text
from keygrid.data.formats.keypointnet import open_keypointnet
from keygrid.data.formats.manifest import open_manifest
from keygrid.data.formats.numbered import open_numbered
from keygrid.data.formats.sc3k import open_poses
from keygrid.data.formats.shapenet import open_shapenet
from keygrid.data.garment import Garment

__all__ = ["RECOGNISERS", "recognised"]

RECOGNISERS: tuple[Callable[[Path], Garment | Collection | None], ...] = (
    open_manifest,
    open_keypointnet,
    open_poses,
    open_clothesnet,
    open_shapenet,
    open_text,
    open_numbered,
    open_folder,
)
"""Functions that recognise formats, in the order of trial: known layouts before plain folders."""


def recognised(path: Path) -> Garment | Collection | None:
    """Return the contents of a path in the first format that recognises it; None if none does.

    Raises:
        KeygridError: the path has a known format, but is damaged.
    """
    opened = (recognise(path) for recognise in RECOGNISERS)
    return next((one for one in opened if one is not None), None)
