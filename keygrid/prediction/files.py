"""Files of predictions and meshes for other programs."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from keygrid.data.axes import in_file_axes
from keygrid.data.garment import Garment, Up
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.palette import colours
from keygrid.prediction import Prediction

Record = dict[str, Any]
"""One garment's keypoints as JSON values; see `as_record`."""


def write_predictions(predictions: Sequence[tuple[str, Prediction]], path: Path, up: Up = "y") -> None:
    """Write predictions, each with the name of its garment, in the format of the path's ending.

    Positions have the axes of the garments' files, whose vertical axis is `up`.

    Raises:
        KeygridError: the ending is not in `FORMATS`, there are more garments than the format holds, or the folder is
            missing or can't be written.
    """
    check_format(path, len(predictions))
    write_records((as_record(*named, up) for named in predictions), path)


def write_records(records: Iterable[Record], path: Path) -> None:
    """Write records, one or more, in the format of the path's ending, holding one at a time in memory.

    Raises:
        KeygridError: the folder is missing or can't be written.
    """
    with atomic(path) as temporary:
        FORMATS[path.suffix.lower()].write(iter(records), temporary)


def check_format(path: Path, count: int) -> None:
    """Raise the error that `write_predictions` would for `count` garments, before there are any predictions."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise KeygridError(f"Keypoints are written as one of {', '.join(FORMATS)}; you gave {path.name}.")
    if form.one_only and count != 1:
        many = ", ".join(ending for ending, other in FORMATS.items() if not other.one_only)
        raise KeygridError(
            f"A {path.suffix[1:].upper()} file holds the keypoints of one garment; predict one, or use one of {many}."
        )


MESH_SUFFIXES = (".obj", ".ply", ".stl", ".off", ".glb")


def write_mesh(garment: Garment, path: Path) -> None:
    """Write a surface at rest in the format of the path's ending, one of `MESH_SUFFIXES`.

    Raises:
        KeygridError: the ending is unknown, or the garment is a cloud.
    """
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise KeygridError(f"Meshes are written as one of {', '.join(MESH_SUFFIXES)}; you gave {path.name}.")
    if garment.is_cloud:
        raise KeygridError(f"{garment.name} is a cloud without triangles, so there is no mesh to write.")
    import trimesh

    mesh = trimesh.Trimesh(garment.vertices, garment.faces, process=False)
    with atomic(path) as temporary:
        mesh.export(temporary)


def as_record(
    garment: str, prediction: Prediction, up: Up = "y", reason: str = "", names: Mapping[int, str] | None = None
) -> Record:
    """Return one garment's keypoints and skeleton as JSON values, with the reason for the method, if any.

    Positions have the axes of the garment's file, whose vertical axis is `up`; normalised ones have y up. A vertex is
    an index into the welded surface or cloud; the confidence is null if the method gives none, and `ambiguous` if it
    does not judge whether front and back can be distinguished.
    """
    named = names or {}
    confidences = (
        [None] * len(prediction.normalised) if prediction.confidence is None else prediction.confidence.tolist()
    )
    return {
        "garment": garment,
        "checkpoint": prediction.method.spec,
        **({"reason": reason} if reason else {}),
        "ambiguous": prediction.ambiguous,
        "caveats": list(prediction.caveats),
        "keypoints": [
            {
                "index": i,
                **({"name": named[i]} if i in named else {}),
                "position": position,
                "normalised": normalised,
                "vertex": vertex,
                "confidence": confidence,
            }
            for i, (position, normalised, vertex, confidence) in enumerate(
                zip(
                    in_file_axes(prediction.keypoints, up).tolist(),
                    prediction.normalised.tolist(),
                    prediction.vertices.tolist(),
                    confidences,
                    strict=True,
                )
            )
        ],
        "edges": [
            {"i": i, "j": j, "strength": strength}
            for (i, j), strength in zip(prediction.edges.tolist(), prediction.strengths.tolist(), strict=True)
        ],
    }


def _write_json(records: Iterator[Record], path: Path) -> None:
    """Write one garment as an object, several as a list."""
    first, second = next(records), next(records, None)
    with path.open("w", newline="", encoding="utf-8") as file:
        if second is None:
            file.write(f"{json.dumps(first, indent=2)}\n")
            return
        before = "[\n"
        for record in chain((first, second), records):
            file.write(before + json.dumps([record], indent=2)[2:-2])  # without the list's own brackets
            before = ",\n"
        file.write("\n]\n")


def _write_csv(records: Iterator[Record], path: Path) -> None:
    """Write a row for each keypoint."""
    axes = ("x", "y", "z")
    # A file's name need be no text; bytes that are none are written as JSON writes them.
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        rows = csv.writer(file)
        rows.writerow(["garment", "index", *axes, *(f"normalised_{axis}" for axis in axes), "vertex", "confidence"])
        for record in records:
            rows.writerows(
                [record["garment"], k["index"], *k["position"], *k["normalised"], k["vertex"], k["confidence"]]
                for k in record["keypoints"]
            )


def _write_text(records: Iterator[Record], path: Path) -> None:
    """Write the published code's format: rows of x y z, as many per garment as it has keypoints."""
    with path.open("w", newline="", encoding="utf-8") as file:
        for record in records:
            np.savetxt(file, _positions(record))


def _write_ply(records: Iterator[Record], path: Path) -> None:
    """Write keypoints as coloured points, and the skeleton as edges."""
    (record,) = records
    positions = _positions(record)
    ends = np.array([(edge["i"], edge["j"]) for edge in record["edges"]], dtype=np.int32).reshape(-1, 2)
    strengths = np.array([edge["strength"] for edge in record["edges"]], dtype=np.float64)
    vertex = [("position", "<f8", 3), ("colour", "u1", 3)]
    edge = [("ends", "<i4", 2)]
    strength = [("strength", "<f8")]  # an element of its own, because readers expect two numbers of an edge
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(positions)}\n"
        "property double x\nproperty double y\nproperty double z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element edge {len(ends)}\n"
        "property int vertex1\nproperty int vertex2\n"
        f"element edge_strength {len(strengths)}\n"
        "property double strength\nend_header\n"
    )
    with path.open("wb") as file:
        file.write(header.encode("ascii"))
        file.write(_rows(vertex, positions, colours(len(positions))))
        file.write(_rows(edge, ends))
        file.write(_rows(strength, strengths))


def _positions(record: Record) -> NDArray[np.float64]:
    """(K, 3), file units."""
    return np.array([keypoint["position"] for keypoint in record["keypoints"]], dtype=np.float64).reshape(-1, 3)


def _rows(dtype: list[Any], *columns: NDArray[Any]) -> bytes:
    table = np.empty(len(columns[0]), dtype=dtype)
    for (name, *_), values in zip(dtype, columns, strict=True):
        table[name] = values
    return table.tobytes()


@dataclass(frozen=True)
class Format:
    """A format of keypoints; positions are in file units.

    Attributes:
        write: writes records, one or more, to a path.
        parts: the parts of a prediction that the format holds; see `keygrid.methods.Parts`.
        one_only: whether it holds a single garment.
    """

    write: Callable[[Iterator[Record], Path], None]
    parts: Literal["keypoints", "skeleton"]
    one_only: bool = False


FORMATS: dict[str, Format] = {
    ".json": Format(_write_json, "skeleton"),
    ".csv": Format(_write_csv, "keypoints"),
    ".ply": Format(_write_ply, "skeleton", one_only=True),
    ".txt": Format(_write_text, "keypoints"),
}
"""The formats by file ending."""
