"""Landmarks of one garment in KeypointNet's format.

A file is a list of models, `{class_id, model_id, keypoints, symmetries}`, each of whose keypoints is `{xyz, rgb,
semantic_id, pcd_info: {point_index}, mesh_info: {face_index, face_uv}}`; here each also has its `name`, which other
programs ignore. `keygrid.data.formats.keypointnet` reads and writes the whole data set.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from keygrid.data.axes import in_file_axes, turn_of
from keygrid.data.garment import Garment, Landmarks
from keygrid.data.landmarks import MOST
from keygrid.data.names import tidied
from keygrid.errors import KeygridError
from keygrid.files import atomic, content_up_to
from keygrid.geometry.closest import closest

LARGEST = 64 << 20
"""Maximum size of a file, in bytes: twice the data set's largest."""

OFF = 0.05
"""Largest distance of a keypoint from its garment, as a share of the garment's diagonal."""


def write_annotation(landmarks: Landmarks, garment: Garment, path: Path) -> None:
    """Write landmarks as the annotation of one model, on its shape at rest and in the axes of its file.

    Raises:
        KeygridError: some landmarks are known in one frame only, which the format can't express, or the folder can't be
            written.
    """
    if any(frame is not None for frame in landmarks.frames):
        raise KeygridError(
            "KeypointNet's format has no frames; export landmarks that hold in all frames, or those of one frame."
        )
    places = landmarks.on(garment.vertices, garment.faces)
    nearest = np.asarray(cKDTree(garment.vertices).query(places)[1]).reshape(-1)
    keypoints: list[dict[str, Any]] = []
    for index, name in enumerate(landmarks.names):
        row = {
            "xyz": in_file_axes(places[index], garment.up).tolist(), "rgb": [255, 255, 255],
            "semantic_id": int(name) if name.isdecimal() else index, "name": name,
            "pcd_info": {"point_index": int(nearest[index])},
        }  # fmt: skip
        if not garment.is_cloud:
            row["mesh_info"] = {
                "face_index": int(landmarks.faces[index]), "face_uv": landmarks.barycentric[index].tolist(),
            }  # fmt: skip
        keypoints.append(row)
    model = {
        "class_id": garment.category or "garment", "model_id": garment.name, "keypoints": keypoints,
        "symmetries": {"reflection": [], "rotation": []},
    }  # fmt: skip
    with atomic(path) as temporary:
        temporary.write_text(json.dumps([model], ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")


def read_annotation(path: Path, garment: Garment) -> Landmarks:
    """Read the landmarks of a garment: those of the model of the same name, or of the only model.

    Keypoints of another mesh or cloud of the same shape are moved to the nearest place on the garment at rest.

    Raises:
        KeygridError: the file has another format, has no such model, or its keypoints are not on this garment.
    """
    model = _model(_models(path), garment, path)
    keypoints = model.get("keypoints")
    if not isinstance(keypoints, list) or not keypoints or len(keypoints) > MOST:
        raise KeygridError(f"{path.name} has no keypoints of {garment.name}, or more than {MOST}.")
    names: list[str] = []
    places: list[list[float]] = []
    for row in keypoints:
        known = row if isinstance(row, dict) else {}
        name, place = tidied(str(known.get("name", known.get("semantic_id", "")))), known.get("xyz")
        if not name or not isinstance(place, list) or len(place) != 3 or not all(_is_number(x) for x in place):
            raise KeygridError(f"{path.name} has a keypoint without semantic_id or xyz; export it again.")
        if name in names:
            raise KeygridError(f"{path.name} has two keypoints {name!r} of {garment.name}; remove one.")
        names.append(name)
        places.append(place)
    return _on(garment, np.array(places, np.float64), tuple(names), path)


def _on(garment: Garment, places: NDArray[np.float64], names: tuple[str, ...], path: Path) -> Landmarks:
    places = places @ turn_of(garment.up).T
    if garment.is_cloud:
        faces = np.asarray(cKDTree(garment.vertices).query(places)[1], np.int64).reshape(-1)
        weights = np.tile([1.0, 0.0, 0.0], (len(faces), 1))
    else:
        faces, weights = closest(places, garment.vertices, garment.faces)
    found = Landmarks(faces, weights, names)
    off = np.linalg.norm(found.on(garment.vertices, garment.faces) - places, axis=1).max()
    if off > OFF * garment.diagonal:
        raise KeygridError(
            f"The keypoints in {path.name} are not on {garment.name}: one is {off / garment.diagonal:.0%} of "
            "its diagonal away; choose this garment's annotation, in the same units."
        )
    return found


def _models(path: Path) -> list[dict[str, Any]]:
    content = content_up_to(path, LARGEST)
    try:
        rows = None if content is None else json.loads(content)
    except (ValueError, RecursionError) as error:
        raise KeygridError(f"{path.name} is not a KeypointNet annotation: it is not JSON.") from error
    if content is None:
        raise KeygridError(f"{path.name} is not an annotation: it is not a file, or is larger than {LARGEST >> 20} MB.")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise KeygridError(f"{path.name} is not a KeypointNet annotation, which is a list of models.")
    return rows


def _model(models: list[dict[str, Any]], garment: Garment, path: Path) -> dict[str, Any]:
    of_name = [model for model in models if model.get("model_id") == garment.name]
    if of_name:
        return of_name[0]
    if len(models) > 1:
        raise KeygridError(f"{path.name} has {len(models)} models, but none is called {garment.name}.")
    return models[0]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30
