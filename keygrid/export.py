"""Predictions and meshes as files that other programs read."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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
    """One garment's keypoints and skeleton as JSON values; a vertex is an index into the welded surface or cloud."""
    return {
        "garment": garment,
        "checkpoint": str(prediction.checkpoint.path),
        "keypoints": [
            {"index": i, "position": position, "normalised": normalised, "vertex": vertex, "confidence": confidence}
            for i, (position, normalised, vertex, confidence) in enumerate(
                zip(
                    prediction.keypoints.tolist(),
                    prediction.normalised.tolist(),
                    prediction.vertices.tolist(),
                    prediction.confidence.tolist(),
                    strict=True,
                )
            )
        ],
        "edges": [
            {"i": i, "j": j, "strength": strength}
            for (i, j), strength in zip(prediction.edges.tolist(), prediction.strengths.tolist(), strict=True)
        ],
    }


def _write_json(predictions: Named, path: Path) -> None:
    entries = [as_dictionary(garment, prediction) for garment, prediction in predictions]
    path.write_text(json.dumps(entries[0] if len(entries) == 1 else entries, indent=2) + "\n", encoding="utf-8")


def _write_csv(predictions: Named, path: Path) -> None:
    header = ("garment", "index", "x", "y", "z", "normalised_x", "normalised_y", "normalised_z", "vertex", "confidence")
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(header)
        for garment, prediction in predictions:
            for k in as_dictionary(garment, prediction)["keypoints"]:
                table.writerow([garment, k["index"], *k["position"], *k["normalised"], k["vertex"], k["confidence"]])


def _write_text(predictions: Named, path: Path) -> None:
    np.savetxt(path, np.concatenate([prediction.keypoints for _, prediction in predictions]))


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
    ".json": _write_json,
    ".csv": _write_csv,
    ".ply": _write_ply,
    ".txt": _write_text,
}
