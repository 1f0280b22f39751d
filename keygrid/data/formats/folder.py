"""A folder of meshes and clouds that follow no known layout."""

from pathlib import Path

from keygrid.data.collection import Collection, Entry, Listing
from keygrid.data.formats.listing import walk
from keygrid.data.readers import SUFFIXES, read_garment
from keygrid.errors import KeygridError


def open_folder(path: Path) -> Collection | None:
    """All files with an ending that can be read, in the folder and below it; None if `path` is no folder.

    Raises:
        KeygridError: there are none, or a folder may not be read.
    """
    if not path.is_dir():
        return None
    entries = []
    for folder, found in walk(path):
        inside = "" if folder == path else folder.relative_to(path).as_posix() + "/"
        entries += [
            Entry(inside + name.rpartition(".")[0], folder / name) for name in found.files if _is_readable(name)
        ]
    if not entries:
        raise KeygridError(f"The folder {path.name} holds no mesh or cloud; open one with {', '.join(SUFFIXES)} files.")
    return Listing("folder of files", path, tuple(entries), read_garment)


def _is_readable(name: str) -> bool:
    stem, dot, ending = name.rpartition(".")
    return bool(stem) and dot + ending.lower() in SUFFIXES
