"""Predictions and meshes as files that other programs read."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.errors import KeygridError
from keygrid.files import atomic
from keygrid.palette import colours
from keygrid.prediction import Prediction

Named = Sequence[tuple[str, Prediction]]
"""Predictions with what their garment is called, usually its path."""


def write_predictions(predictions: Named, path: Path) -> None:
    """Write keypoints in the format of the path's ending; positions are in file units.

    JSON and CSV hold everything and any number of garments; TXT is the published code's format, rows of x y z and K
    rows a garment; PLY holds one garment's keypoints as coloured points and its skeleton as edges.

    Raises:
        KeygridError: another ending, or several garments for PLY.
    """
    check_format(path, len(predictions))
    with atomic(path) as temporary:
        WRITERS[path.suffix.lower()](predictions, temporary)


def check_format(path: Path, count: int) -> None:
    """Raise the error that `write_predictions` would for `count` garments, before there are any predictions."""
    if path.suffix.lower() not in WRITERS:
        raise KeygridError(f"{path.name} has no ending that names a format: use one of {', '.join(WRITERS)}.")
    if path.suffix.lower() == ".ply" and count != 1:
        raise KeygridError("A PLY file holds the keypoints of one garment: predict one, or write JSON, CSV or TXT.")


MESH_SUFFIXES = (".obj", ".ply", ".stl", ".off", ".glb")


def write_mesh(garment: Garment, path: Path) -> None:
    """Write a surface at rest in the format of the path's ending, one of `MESH_SUFFIXES`.

    Raises:
        KeygridError: another ending, or the garment is a cloud.
    """
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise KeygridError(f"{path.name} has no ending that names a mesh: use one of {', '.join(MESH_SUFFIXES)}.")
    if garment.is_cloud:
        raise KeygridError(f"{garment.name} is a cloud without triangles, so there is no mesh to write.")
    import trimesh

    mesh = trimesh.Trimesh(garment.vertices, garment.faces, process=False)
    with atomic(path) as temporary:
        mesh.export(temporary)


def as_dictionary(garment: str, prediction: Prediction) -> dict[str, Any]:
    """Return one garment's keypoints and skeleton as JSON values.

    A vertex is an index into the welded surface or cloud; the confidence is null where the method gives none.
    """
    confidences = (
        [None] * len(prediction.normalised) if prediction.confidence is None else prediction.confidence.tolist()
    )
    return {
        "garment": garment,
        "checkpoint": prediction.method.spec,
        "keypoints": [
            {"index": i, "position": position, "normalised": normalised, "vertex": vertex, "confidence": confidence}
            for i, (position, normalised, vertex, confidence) in enumerate(
                zip(
                    prediction.keypoints.tolist(),
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


class Text(NamedTuple):
    """A format in which each garment is a piece of text, so that any number can be written one after the other.

    Attributes:
        piece: of one garment, from what it is called and its prediction.
        file: from all pieces, in order and one or more, to the content of the file, in parts.
        parts: of a prediction, that the format has.
    """

    piece: Callable[[str, Prediction], str]
    file: Callable[[Iterator[str]], Iterator[str]]
    parts: Literal["keypoints", "skeleton"]


def write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Write what `TEXTS` made of garments, in the format of the path's ending; holds one piece at a time.

    Raises:
        KeygridError: the folder is missing or can't be written.
    """
    with atomic(path) as temporary:
        _write_text(TEXTS[path.suffix.lower()], pieces, temporary)


def _write_text(form: Text, pieces: Iterable[str], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.writelines(form.file(iter(pieces)))


def _json_piece(garment: str, prediction: Prediction) -> str:
    return json.dumps(as_dictionary(garment, prediction), indent=2)


def _json_file(pieces: Iterator[str]) -> Iterator[str]:
    """One garment as an object, several as a list of them."""
    first, second = next(pieces), next(pieces, None)
    if second is None:
        yield first + "\n"
        return
    before = "[\n  "
    for piece in chain((first, second), pieces):
        yield before + piece.replace("\n", "\n  ")  # only between values: within strings, JSON escapes line ends
        before = ",\n  "
    yield "\n]\n"


def _csv_piece(garment: str, prediction: Prediction) -> str:
    return _csv_rows(
        [garment, k["index"], *k["position"], *k["normalised"], k["vertex"], k["confidence"]]
        for k in as_dictionary(garment, prediction)["keypoints"]
    )


def _csv_file(pieces: Iterator[str]) -> Iterator[str]:
    header = ("garment", "index", "x", "y", "z", "normalised_x", "normalised_y", "normalised_z", "vertex", "confidence")
    return chain([_csv_rows([header])], pieces)


def _csv_rows(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _text_piece(_: str, prediction: Prediction) -> str:
    text = io.StringIO()
    np.savetxt(text, prediction.keypoints)
    return text.getvalue()


TEXTS: dict[str, Text] = {
    ".json": Text(_json_piece, _json_file, "skeleton"),
    ".csv": Text(_csv_piece, _csv_file, "keypoints"),
    ".txt": Text(_text_piece, lambda pieces: pieces, "keypoints"),
}


def _write_texts(form: Text, predictions: Named, path: Path) -> None:
    _write_text(form, (form.piece(garment, prediction) for garment, prediction in predictions), path)


def _write_ply(predictions: Named, path: Path) -> None:
    ((_, prediction),) = predictions
    vertex = [("position", "<f8", 3), ("colour", "u1", 3)]
    edge = [("ends", "<i4", 2)]
    strength = [("strength", "<f8")]  # an element of its own, because readers expect two numbers of an edge
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(prediction.keypoints)}\n"
        "property double x\nproperty double y\nproperty double z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element edge {len(prediction.edges)}\n"
        "property int vertex1\nproperty int vertex2\n"
        f"element edge_strength {len(prediction.strengths)}\n"
        "property double strength\nend_header\n"
    )
    with path.open("wb") as file:
        file.write(header.encode("ascii"))
        file.write(_rows(vertex, prediction.keypoints, colours(len(prediction.keypoints))))
        file.write(_rows(edge, prediction.edges))
        file.write(_rows(strength, prediction.strengths))


def _rows(dtype: list[Any], *columns: NDArray[Any]) -> bytes:
    table = np.empty(len(columns[0]), dtype=dtype)
    for (name, *_), values in zip(dtype, columns, strict=True):
        table[name] = values
    return table.tobytes()


WRITERS: dict[str, Callable[[Named, Path], None]] = {
    ".json": partial(_write_texts, TEXTS[".json"]),
    ".csv": partial(_write_texts, TEXTS[".csv"]),
    ".ply": _write_ply,
    ".txt": partial(_write_texts, TEXTS[".txt"]),
}
