"""Folders of meshes and clouds without a known layout."""

from pathlib import Path

from keygrid.data.collection import Collection, Entry, Listing
from keygrid.data.formats.keygrid_text import is_beside_clouds, open_text
from keygrid.data.formats.listing import is_readable, walk
from keygrid.data.formats.numbered import frame_files, read_numbered
from keygrid.data.garment import Garment
from keygrid.data.readers import SUFFIXES, read_garment
from keygrid.errors import KeygridError


def open_folder(path: Path) -> Collection | None:
    """List all readable files in the folder and below it; None if `path` is not a folder.

    A subfolder with the frames of one garment counts as that garment; files of keypoints that belong to clouds in the
    published code's text format are not listed.

    Raises:
        KeygridError: there are no such files, or a folder may not be read.
    """
    if not path.is_dir():
        return None
    entries = []
    for folder, found in walk(path):
        inside = "" if folder == path else folder.relative_to(path).as_posix()
        if folder != path and frame_files(folder, found):
            entries.append(Entry(inside, folder))
            continue
        prefix = inside and inside + "/"
        files = (name for name in found.files if is_readable(name) and not is_beside_clouds(name, found.files))
        entries += [Entry(prefix + name.rpartition(".")[0], folder / name) for name in files]
    if not entries:
        raise KeygridError(f"The folder {path.name} holds no mesh or cloud; open one with {', '.join(SUFFIXES)} files.")
    return Listing("folder of files", path, tuple(entries), read_entry)


def read_entry(path: Path) -> Garment:
    """Return the garment in a file, or in a folder of its frames.

    Raises:
        KeygridError: the garment is missing or damaged.
    """
    return read_numbered(path) if path.is_dir() else open_text(path) or read_garment(path)
