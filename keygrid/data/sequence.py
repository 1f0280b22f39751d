"""Moving garments in one file: quantised positions, the material they belong to, and what is known of them.

A sequence is an NPZ archive, so NumPy alone reads it:

    format        "keygrid-sequence 1"
    faces         (F, 3) uint16 or uint32, vertex indices
    rest          (V, 3) uint16, the shape at rest, quantised
    frames        (T, V, 3) uint16, quantised; every frame but the first as its difference from the one before
    bounds        (2, 2, 3) float64, lowest and highest corner of `rest` and of `frames`, file units
    landmarks     (L,) names; landmark_faces (L,) and landmark_barycentric (L, 3) float32, where on the material
    about         JSON: name, category, origin and whatever else its maker wants to be known

Differences wrap around, as unsigned numbers do. They are small where little moves, and compress well.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, Landmarks
from keygrid.errors import KeygridError
from keygrid.files import atomic

FORMAT = "keygrid-sequence 1"
STEPS = 65535
"""Quantisation steps along the longest side of the box around all positions."""


def write_sequence(garment: Garment, path: Path, about: Mapping[str, Any] | None = None) -> None:
    """Write a garment with frames.

    No coordinate changes by more than `quantisation_bound` of the shape at rest or of the frames.

    Args:
        garment: any garment with frames.
        path: ends in .npz.
        about: what else is known of it, as JSON can hold it.

    Raises:
        KeygridError: the garment has no frames, or the folder can't be written.
    """
    if garment.frames is None:
        raise KeygridError(f"{garment.name} does not move, so it is no sequence; save it as a mesh.")
    rest, rest_bounds = quantise(garment.vertices)
    frames, bounds = quantise(garment.frames)
    frames[1:] -= frames[:-1].copy()
    landmarks = garment.landmarks
    known = {"name": garment.name, "category": garment.category, "origin": garment.origin, **(about or {})}
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            format=np.array(FORMAT),
            faces=garment.faces.astype(np.uint16 if len(garment.vertices) <= STEPS + 1 else np.uint32),
            rest=rest,
            frames=frames,
            bounds=np.stack([rest_bounds, bounds]),
            landmarks=np.array(landmarks.names if landmarks else (), np.str_),
            landmark_faces=(landmarks.faces if landmarks else np.empty(0)).astype(np.uint32),
            landmark_barycentric=(landmarks.barycentric if landmarks else np.empty((0, 3))).astype(np.float32),
            about=np.array(json.dumps(known, ensure_ascii=False)),
        )


def is_sequence(archive: Mapping[str, NDArray[Any]]) -> bool:
    """Whether an NPZ archive says that it is a sequence."""
    return "format" in archive and str(archive["format"]).startswith(FORMAT.split(maxsplit=1)[0])


def sequence_of(archive: Mapping[str, NDArray[Any]], source: Path) -> Garment:
    """The garment in an archive that `is_sequence`, not yet checked for sense.

    Raises:
        KeyError, ValueError: something is missing or misshapen.
    """
    if str(archive["format"]) != FORMAT:
        raise ValueError(f"{source.name} is of another version than {FORMAT}")
    about = json.loads(str(archive["about"]))
    frames = np.cumsum(archive["frames"], axis=0, dtype=np.uint16)
    rest_bounds, bounds = archive["bounds"]
    names = tuple(str(name) for name in archive["landmarks"])
    barycentric = archive["landmark_barycentric"].astype(np.float64)
    return Garment(
        name=str(about["name"]),
        vertices=dequantise(archive["rest"], rest_bounds),
        faces=archive["faces"].astype(np.int64),
        source=source,
        frames=dequantise(frames, bounds).astype(np.float32),
        landmarks=Landmarks(archive["landmark_faces"].astype(np.int64), barycentric, names) if names else None,
        category=str(about.get("category", "")),
        origin=str(about.get("origin", "")),
    )


def read_about(path: Path) -> dict[str, Any]:
    """What a sequence's file says of itself, without reading its positions."""
    with np.load(path, allow_pickle=False) as archive:
        return dict(json.loads(str(archive["about"])))


def quantise(positions: NDArray[np.floating]) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Positions (..., 3) as multiples of one step for all axes, and their bounds (2, 3)."""
    flat = positions.reshape(-1, 3).astype(np.float64)
    bounds = np.stack([flat.min(axis=0), flat.max(axis=0)])
    steps = np.round((positions - bounds[0]) / _step(bounds))
    return steps.astype(np.uint16), bounds


def dequantise(steps: NDArray[np.uint16], bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `quantise` made of positions, as positions again."""
    positions: NDArray[np.float64] = steps * _step(bounds) + bounds[0]
    return positions


def quantisation_bound(positions: NDArray[np.floating]) -> float:
    """The most that `quantise` changes a coordinate of positions (..., 3): half a step, in their units."""
    flat = positions.reshape(-1, 3).astype(np.float64)
    return _step(np.stack([flat.min(axis=0), flat.max(axis=0)])) / 2


def _step(bounds: NDArray[np.float64]) -> float:
    return float((bounds[1] - bounds[0]).max()) / STEPS or 1.0
