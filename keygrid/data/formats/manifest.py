"""The data set that comes with this project: sequences, and a manifest that describes them.

manifest.json    {"format": "keygrid-garments 1", "sequences": [{"file", "name", "category", "split", ...}, ...]}
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keygrid.data.collection import Collection, Entry, Listing
from keygrid.data.formats.items import Item
from keygrid.data.readers import read_garment, reading
from keygrid.data.readers.mesh import UnreadableError
from keygrid.data.readers.sequence import write_sequence

FORMAT = "keygrid-garments 1"
MANIFEST = "manifest.json"
SPLITS = ("train", "validation", "test")
_NAMED = 3
"""Maximum number of missing files to name; further ones are counted."""


def open_manifest(path: Path) -> Collection | None:
    """Open a folder's manifest, or the manifest itself, as a list of sequences; None if there is none of this format.

    Raises:
        KeygridError: the manifest is damaged or has another version.
    """
    manifest = path / MANIFEST if path.is_dir() else path
    if manifest.name != MANIFEST or not manifest.is_file():
        return None
    with reading(manifest):
        content = json.loads(manifest.read_bytes())
        kind = content.get("format", "") if isinstance(content, dict) else ""
        if not str(kind).startswith(FORMAT.split(maxsplit=1)[0]):
            return None
        if kind != FORMAT:
            raise UnreadableError(f"has version {kind}, but this program reads version {FORMAT}; update the program")
        entries = [_entry(row, manifest.parent) for row in _rows(content)]
        there: list[Entry] = []
        missing: list[str] = []
        for entry in entries:
            if entry.path.is_file():
                there.append(entry)
            else:
                missing.append(f"The manifest names {entry.path.name}, which is not there.")
    if len(missing) > _NAMED:
        missing[_NAMED:] = [f"{len(missing) - _NAMED} others that it names are missing, too."]
    return Listing("Key-Grid garments", manifest.parent, tuple(there), read_garment, tuple(missing))


def write_manifest(garments: Iterable[Item], folder: Path) -> None:
    """Write NAME.npz for every garment, and the manifest.

    Raises:
        KeygridError: a garment does not move.
    """
    rows = []
    for name, split, garment in garments:
        write_sequence(garment, folder / f"{name}.npz")
        rows.append({"file": f"{name}.npz", "name": garment.name, "category": garment.category, "split": split})
    text = json.dumps({"format": FORMAT, "sequences": rows}, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    rows = content.get("sequences")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("file"), str) for row in rows
    ):
        raise UnreadableError("must list sequences, each with the name of its file; download it again")
    return rows


def _entry(row: dict[str, Any], folder: Path) -> Entry:
    file = Path(row["file"])
    if file.is_absolute() or ".." in file.parts:
        raise UnreadableError(f"names a file outside its folder, {file}; download it again")
    split = row.get("split", "")
    if split not in ("", *SPLITS):
        raise UnreadableError(f"has the split {split!r}; use one of {', '.join(SPLITS)}")
    shown = row.get("demonstration") is True
    return Entry(str(row.get("name", file.stem)), folder / file, str(row.get("category", "")), split, shown)
