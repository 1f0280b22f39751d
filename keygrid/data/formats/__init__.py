"""Formats in which others keep many garments, or one that moves.

A format is one module with a function that looks at a path and returns a `Garment`, a `Collection`, or None if the path
is something else; to add one, write it and name the function in `RECOGNISERS`. Looking is cheap: a folder's names and
the beginning of a file, never all garments.
"""

from collections.abc import Callable
from pathlib import Path

from keygrid.data.collection import Collection
from keygrid.data.formats.folder import open_folder
from keygrid.data.formats.manifest import open_manifest
from keygrid.data.garment import Garment

__all__ = ["RECOGNISERS"]

RECOGNISERS: tuple[Callable[[Path], Garment | Collection | None], ...] = (
    open_manifest,
    open_folder,
)
"""In this order, because a folder of a known layout is also a folder of meshes."""
