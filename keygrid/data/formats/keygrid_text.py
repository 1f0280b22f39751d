"""The text files of the published code: rows of x y z, with all frames of a cloud in one file.

    NAME.txt or NAME_seqdata.txt     clouds, 2048 rows a frame
    NAME_keypoint.txt                keypoints, K rows a frame

Files do not state how many rows a frame has. For clouds it is 2048. For keypoints it follows from the clouds beside
them; without clouds, it is the first of 8, 10 and 20, the published numbers of keypoints, that divides the number of
rows.
"""

import re
from collections.abc import Container, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.formats.frames import move_together, moving
from keygrid.data.formats.items import POINTS, Item, clouds, landmark_positions
from keygrid.data.garment import Garment
from keygrid.data.readers import read_mesh, reading
from keygrid.data.readers.mesh import UnreadableError

COUNTS = (8, 10, 20)
_KEYPOINTS = re.compile(r"(.+)_keypoints?$")
_SMALLEST_ROW = len("0 0 0\n")


def open_text(path: Path) -> Garment | None:
    """Return the frames of a cloud or of its keypoints; None if the file is anything else, such as a single cloud.

    If points in a file of 2048 rows per frame do not stay near themselves between frames, the file counts as a single
    larger cloud, unless its name ends in `_seqdata` or its keypoints are beside it.

    Raises:
        KeygridError: the file is damaged, or its rows are not a whole number of frames.
    """
    if path.suffix.lower() != ".txt" or not path.is_file():
        return None
    if _KEYPOINTS.match(path.stem):
        return _keypoints(path)
    is_named = path.stem.endswith("_seqdata") or _beside(path, f"{path.stem}_keypoint", f"{path.stem}_keypoints")
    if not is_named and path.stat().st_size < 2 * POINTS * _SMALLEST_ROW:
        return None
    if not is_named and _rows(path) % POINTS:
        return None
    points = _points(path)
    with reading(path):
        if is_named and len(points) % POINTS:
            raise UnreadableError(f"has {len(points)} points, which is not a multiple of {POINTS}, so it is cut off")
    frames = points.reshape(-1, POINTS, 3)
    if len(frames) < 2 or not (is_named or move_together(frames)):
        return None
    return moving(path.stem, frames, np.empty((0, 3), np.int64), source=path)


def is_beside_clouds(name: str, files: Container[str]) -> bool:
    """Return whether a file of this name holds the keypoints of clouds in the same folder."""
    match = _KEYPOINTS.match(name.removesuffix(".txt"))
    return match is not None and (f"{match[1]}.txt" in files or f"{match[1]}_seqdata.txt" in files)


def write_text(garments: Iterable[Item], folder: Path) -> None:
    """Write NAME.txt and, for landmarks, NAME_keypoint.txt with their positions; still garments have one frame.

    Raises:
        KeygridError: a cloud has fewer than 2048 points.
    """
    for name, _, garment in garments:
        np.savetxt(folder / f"{name}.txt", clouds(garment).reshape(-1, 3))
        positions = landmark_positions(garment)
        if positions is not None:
            np.savetxt(folder / f"{name}_keypoint.txt", positions.reshape(-1, 3))


def _keypoints(path: Path) -> Garment | None:
    points = _points(path)
    stem = path.stem[: path.stem.rindex("_")]
    beside = _beside(path, stem, f"{stem}_seqdata")
    if beside is not None:
        frames = _rows(beside) // POINTS
        count = len(points) // frames if frames and len(points) % frames == 0 else 0
        expected = f"{beside.name} has {frames} frames"
    elif len(points) < 2 * COUNTS[0]:
        return None
    else:
        count = next((count for count in COUNTS if len(points) % count == 0), 0)
        expected = f"frames have {COUNTS[0]}, {COUNTS[1]} or {COUNTS[2]} keypoints"
    with reading(path):
        if count == 0:
            raise UnreadableError(f"has {len(points)} rows, but {expected}; put its own clouds beside it")
    if len(points) == count:
        return None
    return moving(path.stem, points.reshape(-1, count, 3), np.empty((0, 3), np.int64), source=path)


def _beside(path: Path, *stems: str) -> Path | None:
    return next((found for stem in stems if (found := path.with_name(f"{stem}.txt")).is_file()), None)


def _points(path: Path) -> NDArray[np.float64]:
    return read_mesh(path).vertices.astype(np.float64)


def _rows(path: Path) -> int:
    """Count the lines that are not blank, in blocks because a file can be large."""
    with reading(path), path.open("rb") as file:
        return sum(1 for line in file if not line.isspace())
