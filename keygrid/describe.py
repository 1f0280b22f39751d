"""Descriptions of files and folders, in words and numbers, without reading them completely."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keygrid.checkpoints.header import read_header
from keygrid.data.collection import Collection
from keygrid.data.formats.keypointnet import ORIGIN as KEYPOINTNET
from keygrid.data.formats.keypointnet import read_symmetries
from keygrid.data.garment import Garment
from keygrid.data.objects import the_worn
from keygrid.data.opening import open_path
from keygrid.data.readers.pictures import with_pictures
from keygrid.data.readers.sequence import read_about
from keygrid.data.sampling import unusable
from keygrid.errors import KeygridError
from keygrid.methods.defaults import default_for
from keygrid.prediction.upright import guesses_z

_TRIES = 5
"""Number of damaged garments in a collection after which no more are tried."""
_TOLERANCE = 2e-3
_SENTENCES = ("missing", "notes")
"""Keys of lists of sentences, which are printed one per line."""
_NAMES = {"first": "first garment", "about": "also said"}
"""Words for keys whose names are unsuitable."""


def describe(path: Path) -> dict[str, Any]:
    """Describe a path, as JSON values; a collection is described by its entries and its first readable garment.

    Raises:
        KeygridError: the path can't be opened.
    """
    if path.suffix == ".safetensors" and path.is_file():
        return {"path": str(path), **_checkpoint(path)}
    with with_pictures():  # what is wrong with them is told
        opened = open_path(path)
    if isinstance(opened, Collection):
        return {"path": str(path), **_collection(opened)}
    return {"path": str(path), "kind": _kind(opened), **_garment(opened)}


def as_text(description: Mapping[str, Any]) -> str:
    """Return a description as aligned lines, one per value."""
    rows = list(_rows(description, ""))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {value}".rstrip() for name, value in rows)


def guess_units(garment: Garment) -> str:
    """Return a guess of the unit, in words, from the size alone: that of a garment, or of a normalised cube."""
    if garment.origin == KEYPOINTNET:
        return "none, because KeypointNet is normalised"
    low, high = garment.bounds
    side = float((high - low).max())
    is_unit = abs(garment.diagonal - 1) < _TOLERANCE or abs(max(abs(low).max(), abs(high).max()) - 1) < _TOLERANCE
    if is_unit:
        return "probably normalised, so no unit (a guess)"
    limits = {"metres": (0.05, 3), "centimetres": (5, 300), "millimetres": (300, 3000)}
    likely = next((unit for unit, (least, most) in limits.items() if least <= side < most), None)
    return f"probably {likely} (guessed from its size)" if likely else "unknown"


def _collection(collection: Collection) -> dict[str, Any]:
    entries = collection.entries
    is_split = any(entry.split for entry in entries)
    known: dict[str, Any] = {
        "kind": collection.kind,
        "garments": len(entries),
        "categories": dict(Counter(entry.category or "unknown" for entry in entries)),
        "splits": dict(Counter(entry.split or "no split" for entry in entries)) if is_split else {},
        "missing": list(collection.missing),
    }
    for entry in entries[:_TRIES]:
        try:
            garment = collection.read(entry)
        except KeygridError as error:
            known["missing"].append(str(error))
        else:
            known["first"] = _garment(garment)
            break
    return known


def _kind(garment: Garment) -> str:
    what = "cloud" if garment.is_cloud else "surface"
    return f"moving {what}" if garment.frame_count else what


def _garment(garment: Garment) -> dict[str, Any]:
    notes = list(the_worn(garment).notes)
    known: dict[str, Any] = {
        "name": garment.name,
        "category": garment.category or "unknown",
        "origin": garment.origin or "unknown",
        "vertices": len(garment.vertices),
        "faces": len(garment.faces),
        "frames": garment.frame_count,
        "extent": [float(f"{side:.4g}") for side in garment.bounds[1] - garment.bounds[0]],
        "up": _up(garment),
        "units": guess_units(garment),
        **({"colours": _looks(garment)} if garment.is_coloured else {}),
        **({"objects": {name: len(faces) for name, faces in garment.objects}} if garment.objects else {}),
        "landmarks": list(garment.landmarks.names) if garment.landmarks else [],
        "method": _default(garment),
    }
    why = unusable(garment)
    known |= {"unusable": why} if why else {}
    return known | ({"notes": notes} if notes else {}) | _said_by(garment)


def _up(garment: Garment) -> str:
    if garment.up != "y":
        return garment.up
    return "probably z (guessed from its openings)" if guesses_z(garment) else "y"


def _looks(garment: Garment) -> str:
    textures = len(garment.paint.images) if garment.paint is not None else 0
    of = "points" if garment.is_cloud else "the surface"
    return f"of {of}" + (f", {textures} texture{'s' if textures > 1 else ''}" if textures else "")


def _default(garment: Garment) -> str:
    default = default_for(garment)
    return f"{default.path.stem}, {default.reason}"


def _said_by(garment: Garment) -> dict[str, Any]:
    """Return what the file says beyond what a garment holds."""
    source = garment.source
    if source is None:
        return {}
    if source.suffix.lower() == ".npz":
        said = {key: value for key, value in read_about(source).items() if key not in ("name", "category", "origin")}
        return {"about": said} if said else {}
    symmetries = read_symmetries(source) if garment.origin == KEYPOINTNET and source.suffix == ".pcd" else {}
    return {"symmetries": symmetries} if any(symmetries.values()) else {}


def _checkpoint(path: Path) -> dict[str, Any]:
    header = read_header(path)
    known: dict[str, Any] = {
        "kind": "checkpoint",
        "category": header.category or "unknown",
        "encoder": header.config.encoder.kind,
        "decoder": header.config.decoder.kind,
        "keypoints": header.config.keypoints,
        "points": header.config.points,
        "normalisation": header.config.normalisation,
    }
    return known | ({"made by": str(header.record["command"])} if "command" in header.record else {})


def _rows(values: Mapping[str, Any], indent: str) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = indent + _NAMES.get(key, key)
        if isinstance(value, Mapping) and all(isinstance(count, int) for count in value.values()):
            rows.append((name, ", ".join(f"{what} {count}" for what, count in value.items()) or "none"))
        elif isinstance(value, Mapping):
            rows += [(name, ""), *_rows(value, indent + "  ")]
        elif key in _SENTENCES:
            rows += [(name if index == 0 else "", sentence) for index, sentence in enumerate(value or ["nothing"])]
        elif key == "extent":
            rows.append((name, " x ".join(f"{side:g}" for side in value)))
        elif isinstance(value, list):
            rows.append((name, ", ".join(str(item) for item in value) or "none"))
        else:
            rows.append((name, "none" if value == 0 else str(value)))
    return rows
