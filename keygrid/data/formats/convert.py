"""Conversion of anything that can be opened to other formats."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keygrid.data.collection import Collection
from keygrid.data.formats.clothesnet import write_clothesnet
from keygrid.data.formats.items import Item, items
from keygrid.data.formats.keygrid_text import write_text
from keygrid.data.formats.keypointnet import write_keypointnet
from keygrid.data.formats.manifest import write_manifest
from keygrid.data.formats.numbered import write_numbered
from keygrid.data.formats.shapenet import write_shapenet
from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.files import not_written

WRITERS: dict[str, Callable[[Iterable[Item], Path], None]] = {
    "clothesnet": write_clothesnet,
    "keygrid": write_manifest,
    "keygrid-text": write_text,
    "keypointnet": write_keypointnet,
    "obj": write_numbered,
    "shapenet": write_shapenet,
}
"""Writers by their names in `convert --to`; each writes garments into an empty folder."""


def convert(opened: Garment | Collection, form: str, out: Path) -> None:
    """Write all garments to a new folder in a format of `WRITERS`; the folder appears only when complete.

    Raises:
        KeygridError: the folder exists and is not empty, it can't be written, a garment is damaged, or the format can't
            hold it.
    """
    if isinstance(opened, Collection) and not opened.entries:
        raise KeygridError(f"{opened.root.name} holds no garment to convert: {' '.join(opened.missing)}")
    with _new_folder(out) as folder:
        WRITERS[form](items(opened), folder)


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """Provide a temporary folder beside `path` that replaces it on success, and is removed on failure."""
    try:
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise KeygridError(f"{path} already exists; name a folder that is new or empty.")
        if not path.parent.is_dir():
            raise KeygridError(f"The folder {path.parent} does not exist; create it first.")
        # In a folder of its own, so that it can take its place: a temporary folder must still be there at the end.
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as temporary:
            folder = Path(temporary) / path.name
            folder.mkdir()
            yield folder
            folder.replace(path)
    except OSError as error:
        raise not_written(path, error) from error
