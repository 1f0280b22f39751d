"""NumPy's NPY and NPZ files."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keygrid.data.garment import Garment
from keygrid.data.readers.archive import opened_archive, refuse_unsound
from keygrid.data.readers.limits import Budget
from keygrid.data.readers.mesh import Mesh, UnreadableError, as_colours, cloud, colours_among
from keygrid.data.readers.polygons import Polygons

_COLOURS = ("colors", "colours", "rgb")
_CHANNELS = range(3, 8)
"""Possible numbers of values per pixel in an organised cloud: a position, optionally a colour and a normal."""
_FEWEST_PIXELS = 8
"""Minimum side of a depth image."""


def read_npy(path: Path) -> Mesh:
    """Read a cloud: the first three columns of an array (N, 3 or more), or of an organised one, (H, W, 3 or more).

    A (3, N) array is transposed if it has more columns than three points would; of an array with named fields, x, y and
    z are used.

    Raises:
        UnreadableError: the array has another shape, or holds Python objects.
        ValueError, OSError, EOFError: the file is damaged.
    """
    with path.open("rb") as file:
        refuse_unsound(file, path.stat().st_size, Budget(path))
        file.seek(0)
        return _cloud(np.lib.format.read_array(file, allow_pickle=False))


def read_npz(path: Path) -> Mesh:
    """Read arrays `vertices` (V, 3) and `faces` (F, 3 or more), or `points` (N, 3 or more), or a single array.

    Points may have `colors` (N, 3).

    Raises:
        UnreadableError: the arrays have other names or shapes, or hold Python objects.
        ValueError, OSError, EOFError, zipfile.BadZipFile: the file is damaged.
    """
    with opened_archive(path) as archive:
        if "vertices" in archive and "faces" in archive:
            return _surface(archive["vertices"], archive["faces"])
        named = [name for name in ("vertices", "points") if name in archive]
        if named or len(archive) == 1:
            points = archive[(named or list(archive))[0]]
            colours = next((archive[name] for name in _COLOURS if name in archive), np.empty(0))
            is_fit = points.ndim == 2 and colours.shape == (len(points), 3) and colours.dtype.kind in "fiu"
            return _cloud(points, as_colours(colours) if is_fit else None)
    raise UnreadableError(
        "needs arrays named vertices and faces, an array named points, or a single array; rename them"
    )


def read_sequence(path: Path) -> Garment | None:
    """Return the moving garment in an NPZ archive that is a sequence; None for another archive.

    Raises:
        UnreadableError: parts are missing, do not fit together, or hold Python objects.
        Exception: the file is damaged.
    """
    from keygrid.data.readers.sequence import is_sequence, sequence_of  # which uses the readers

    with opened_archive(path) as archive:
        return sequence_of(archive, path) if is_sequence(archive) else None


def _cloud(points: NDArray[Any], colours: NDArray[np.uint8] | None = None) -> Mesh:
    names = {name.lower(): name for name in points.dtype.names or ()}
    if {"x", "y", "z"} <= names.keys():
        points = np.stack([points[names[axis]].astype(np.float64) for axis in "xyz"], axis=-1).reshape(-1, 3)
    if points.ndim == 3 and points.shape[2] in _CHANNELS and min(points.shape[:2]) >= _FEWEST_PIXELS:
        points = points.reshape(-1, points.shape[2])
    if points.ndim == 2 and len(points) == 3 and points.shape[1] > _FEWEST_PIXELS:
        points = points.T
    if points.ndim != 2 or points.shape[1] < 3:
        raise UnreadableError(f"holds an array of shape {points.shape}, not one point per row; save an (N, 3) array")
    return cloud(points[:, :3], colours_among(points[:, 3:]) if colours is None else colours)


def _surface(vertices: NDArray[Any], faces: NDArray[Any]) -> Mesh:
    """Return a mesh of triangles; invalid arrays are kept for later checks to refuse."""
    if faces.dtype.kind not in "iu" or faces.ndim != 2 or not _are_positions(vertices):
        return Mesh(vertices, faces)
    polygons = Polygons()
    polygons.add(faces.astype(np.int64).reshape(-1), np.full(len(faces), faces.shape[1]))
    return Mesh(vertices, polygons.triangles(vertices), polygons.notes)


def _are_positions(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "fiu" and array.ndim == 2 and array.shape[1] == 3
