"""Moving garments in one file: quantised positions, their material, and further information.

A sequence is an NPZ archive, so NumPy alone reads it:

    format        "keygrid-sequence 1"
    faces         (F, 3) uint16 or uint32, vertex indices
    rest          (V, 3) uint16, the shape at rest, quantised
    frames        (T, V, 3) uint16, quantised; every frame but the first as its difference from the one before
    bounds        (2, 2, 3) float64, lowest and highest corner of `rest` and of `frames`, file units
    landmarks     (L,) names; landmark_faces (L,) and landmark_barycentric (L, 3) float32, where on the material
    places        (V, 3) float32, where on a garment of its kind each vertex is; only where that is known
    about         JSON: name, category, origin and whatever else its maker wants to be known

Differences wrap around, as unsigned numbers do. They are small where little moves, and compress well.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment, Landmarks, precision_for
from keygrid.data.readers.archive import opened_archive
from keygrid.data.readers.mesh import Mesh, UnreadableError, check
from keygrid.errors import KeygridError
from keygrid.files import atomic

FORMAT = "keygrid-sequence 1"
STEPS = 65535
"""Quantisation steps along the longest side of the box around all positions."""

_PARTS = {
    "faces": ("u", ("F", 3)),
    "rest": ("u", ("V", 3)),
    "frames": ("u", ("T", "V", 3)),
    "bounds": ("f", (2, 2, 3)),
    "landmarks": ("U", ("L",)),
    "landmark_faces": ("u", ("L",)),
    "landmark_barycentric": ("f", ("L", 3)),
}
"""Expected types and shapes of the parts; equal letters are equal lengths."""


def write_sequence(garment: Garment, path: Path, about: Mapping[str, Any] | None = None) -> None:
    """Write a garment with frames.

    No coordinate changes by more than the `quantisation_bound` of the shape at rest or of the frames.

    Args:
        garment: any garment with frames.
        path: path of the file, ending in .npz.
        about: further information, as JSON values.

    Raises:
        KeygridError: the garment has no frames, or the folder can't be written.
    """
    if garment.frames is None:
        raise KeygridError(f"{garment.name} does not move, so it is not a sequence; save it as a mesh.")
    rest, rest_bounds = quantise(garment.vertices)
    frames, bounds = quantise(garment.frames)
    frames[1:] -= frames[:-1].copy()
    landmarks = garment.landmarks
    places: dict[str, Any] = {} if garment.places is None else {"places": garment.places.astype(np.float32)}
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
            **places,
        )


def is_sequence(archive: Mapping[str, NDArray[Any]]) -> bool:
    """Return whether an NPZ archive is marked as a sequence."""
    return "format" in archive and str(archive["format"]).startswith(FORMAT.split(maxsplit=1)[0])


def sequence_of(archive: Mapping[str, NDArray[Any]], source: Path) -> Garment:
    """Return the garment in an archive for which `is_sequence` is true; its arrays are read-only.

    Raises:
        UnreadableError: a part is missing, has another type or shape, or refers to missing data.
        ValueError: a part is not an array of numbers.
    """
    if str(archive["format"]) != FORMAT:
        raise UnreadableError(
            f"has version {archive['format']}, but this program reads version {FORMAT}; update the program"
        )
    try:
        parts = {name: archive[name] for name in _PARTS}
        about = json.loads(str(archive["about"]))
    except KeyError as error:
        raise UnreadableError(f"is a sequence that lacks a part, so it is cut off ({error.args[0]})") from error
    _check_parts(parts)
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        raise UnreadableError("is a sequence without a name; write it again")
    rest_bounds, bounds = parts["bounds"]
    vertices = dequantise(parts["rest"], rest_bounds)
    steps = np.cumsum(parts["frames"], axis=0, dtype=np.uint16)
    frames: NDArray[Any] = np.empty(steps.shape, precision_for(bounds))
    for frame, of_frame in zip(frames, steps, strict=True):  # one at a time, for the memory's sake
        frame[:] = dequantise(of_frame, bounds)
    faces = parts["faces"].astype(np.int64)
    places = _places(archive, len(vertices))
    for array in (vertices, faces, frames):
        array.setflags(write=False)
    return Garment(
        name=about["name"],
        vertices=vertices,
        faces=faces,
        source=source,
        frames=frames,
        landmarks=_landmarks(parts),
        places=places,
        category=str(about.get("category", "")),
        origin=str(about.get("origin", "")),
    )


def _check_parts(parts: Mapping[str, NDArray[Any]]) -> None:
    sizes: dict[str | int, int] = {2: 2, 3: 3}
    for name, (kind, shape) in _PARTS.items():
        part = parts[name]
        fits = part.dtype.kind == kind and part.ndim == len(shape)
        if not fits or any(sizes.setdefault(axis, n) != n for axis, n in zip(shape, part.shape, strict=True)):
            raise UnreadableError(f"is a sequence whose {name} do not fit, {part.dtype} {part.shape}; write it again")
    check(Mesh(parts["rest"], parts["faces"]))
    if sizes["T"] == 0:
        raise UnreadableError("is a sequence without frames; write it again from a garment that moves")
    # Beyond that, single precision ends; NaN fails every comparison.
    if not (abs(parts["bounds"]) < 1e30).all() or (parts["bounds"][:, 0] > parts["bounds"][:, 1]).any():
        raise UnreadableError("is a sequence whose bounds are not a finite box; write it again")
    if (parts["landmark_faces"] >= (sizes["F"] or sizes["V"])).any() or not _are_weights(parts["landmark_barycentric"]):
        raise UnreadableError("is a sequence with landmarks that do not lie on its surface; write it again")


def _are_weights(barycentric: NDArray[np.floating]) -> bool:
    return bool(np.isfinite(barycentric).all() and (abs(barycentric.sum(axis=1) - 1) < 1e-3).all())


def _places(archive: Mapping[str, NDArray[Any]], count: int) -> NDArray[np.float32] | None:
    if "places" not in archive:
        return None
    places = archive["places"]
    if places.shape != (count, 3) or places.dtype != np.float32 or not np.isfinite(places).all():
        raise UnreadableError("is a sequence whose places do not fit its vertices; write it again")
    return places


def _landmarks(parts: Mapping[str, NDArray[Any]]) -> Landmarks | None:
    names = tuple(str(name) for name in parts["landmarks"])
    barycentric = parts["landmark_barycentric"].astype(np.float64)
    return Landmarks(parts["landmark_faces"].astype(np.int64), barycentric, names) if names else None


def read_about(path: Path) -> dict[str, Any]:
    """Return a sequence's description without reading positions; empty for another archive."""
    with opened_archive(path) as archive:
        return dict(json.loads(str(archive["about"]))) if is_sequence(archive) else {}


def quantise(positions: NDArray[np.floating]) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Return positions (..., 3) as multiples of one step for all axes, and their bounds (2, 3)."""
    bounds = _bounds(positions)
    steps = np.round((positions - bounds[0]) / _step(bounds))
    return steps.astype(np.uint16), bounds


def dequantise(steps: NDArray[np.uint16], bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert integers from `quantise` back to positions."""
    positions: NDArray[np.float64] = steps * _step(bounds) + bounds[0]
    return positions


def quantisation_bound(positions: NDArray[np.floating]) -> float:
    """Return the largest change that `quantise` makes to positions (..., 3): half a step, in their units."""
    return _step(_bounds(positions)) / 2


def _bounds(positions: NDArray[np.floating]) -> NDArray[np.float64]:
    flat = positions.reshape(-1, 3).astype(np.float64)
    return np.stack([flat.min(axis=0), flat.max(axis=0)])


def _step(bounds: NDArray[np.float64]) -> float:
    return float((bounds[1] - bounds[0]).max()) / STEPS or 1.0
