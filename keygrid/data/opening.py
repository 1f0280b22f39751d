"""Opens any path as a garment or a list of garments."""

from dataclasses import replace
from pathlib import Path

from keygrid.data.collection import Collection
from keygrid.data.garment import Garment
from keygrid.data.objects import object_named, only_object
from keygrid.errors import KeygridError


def open_path(path: Path) -> Garment | Collection:
    """Open a file or folder as a garment or a collection.

    A file with one garment, moving or not, or a folder with the frames of one garment gives a `Garment`. A file or
    folder with several gives a `Collection`, whose garments are not read yet. `FILE#ITEM` is one garment of such a
    file, as in `chairs.h5#12`, or one object of a scene, as in `scene.obj#T-shirt`; a file that really has this name
    takes precedence.

    Raises:
        KeygridError: the path is missing, may not be read, is damaged, or holds nothing readable.
    """
    # Imported here, so that other uses of keygrid.data don't wait for them.
    from keygrid.data.formats import recognised
    from keygrid.data.readers import read_garment

    if path.name in ("", ".."):  # Messages name the folder, and so do its garments.
        path = path.resolve()
    file, mark, item = path.name.rpartition("#")
    if not _exists(path):
        return _item(path, open_path(path.with_name(file)), item) if mark and file else read_garment(path)
    opened = recognised(path)
    return read_garment(path) if opened is None else opened


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise KeygridError(
            f"{path.name} cannot be opened ({error.strerror}); check its name and its folder."
        ) from error


def _item(path: Path, opened: Garment | Collection, item: str) -> Garment:
    if isinstance(opened, Garment):
        if opened.objects:
            return replace(only_object(opened, object_named(opened, item)), source=path)
        raise KeygridError(
            f"{opened.name} is a single garment and has no item {item}; open the file without naming an item."
        )
    for entry in opened.entries:
        if entry.path == path:
            return opened.read(entry)
    raise KeygridError(f"{opened.root.name} has no item {item}; open the file itself to see what it holds.")
