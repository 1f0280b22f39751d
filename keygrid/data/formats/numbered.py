"""A folder of numbered meshes or clouds: the frames of one garment.

They are one garment if their names differ in one number only, and the first two have the same faces or, being clouds,
points that stay near themselves. Otherwise, or where there are thousands, they are garments of their own.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.formats.frames import move_together, moving
from keygrid.data.formats.items import Item
from keygrid.data.formats.listing import Contents, contents, is_readable
from keygrid.data.garment import Garment
from keygrid.data.readers import read_mesh, reading
from keygrid.data.readers.mesh import Mesh, UnreadableError, coinciding
from keygrid.errors import KeygridError

MOST_FRAMES = 2000
"""More files than that are garments of their own: all frames are in memory, and a listing must not wait for them."""

_NUMBERED = re.compile(r"(.*?)(\d+)(\.[^.]+)$")


def open_numbered(path: Path) -> Garment | None:
    """A garment with a frame from each file, at rest in the first; None if `path` is no folder of such files.

    Vertices that coincide in all frames are welded.

    Raises:
        KeygridError: a frame is missing or damaged, or unlike the others.
    """
    return read_numbered(path) if path.is_dir() and frame_files(path, contents(path)) else None


def frame_files(folder: Path, inside: Contents) -> list[Path]:
    """The frames in a folder, by number; none if it holds folders or anything else than the frames of one garment.

    Only names are compared, and the contents of the first two files.
    """
    files = [name for name in inside.files if is_readable(name)]
    if inside.folders or not 2 <= len(files) <= MOST_FRAMES:
        return []
    parts = [match.groups() for match in map(_NUMBERED.match, files) if match]
    if len(parts) < len(files) or len({(prefix, ending) for prefix, _, ending in parts}) > 1:
        return []
    by_number = sorted(zip((int(number) for _, number, _ in parts), files, strict=True))
    frames = [folder / name for _, name in by_number]
    return frames if _begin_alike(frames[0], frames[1]) else []


def read_numbered(folder: Path) -> Garment:
    """The garment whose frames are the files of a folder.

    Raises:
        KeygridError: a frame is missing or damaged, or unlike the others.
    """
    files = frame_files(folder, contents(folder))
    with reading(folder):
        if not files:
            raise UnreadableError("holds no frames of one garment; name them by numbers")
        _refuse_gaps(files)
        first = read_mesh(files[0])
        frames = np.empty((len(files), len(first.vertices), 3), np.float32)
        for frame, file in zip(frames, files, strict=True):
            frame[:] = _vertices_like(first, file, files[0].name)
        faces = first.faces.astype(np.int64)
        if len(faces):
            kept, place = coinciding(frames.transpose(1, 0, 2).reshape(len(first.vertices), -1))
            frames, faces = frames[:, kept], _triangles(place[faces])
    return moving(folder.name, frames, faces, source=folder)


def write_numbered(garments: Iterable[Item], folder: Path) -> None:
    """Write NAME/NAME_0000.obj and so on for a garment that moves, and NAME.obj for one that does not."""
    for name, _, garment in garments:
        if garment.frames is None:
            write_obj(folder / f"{name}.obj", garment.vertices, garment.faces)
            continue
        (folder / name).mkdir()
        for number, frame in enumerate(garment.frames):
            write_obj(folder / name / f"{name}_{number:04d}.obj", frame, garment.faces)


def write_obj(path: Path, vertices: NDArray[np.floating], faces: NDArray[np.int64]) -> None:
    """Write vertices (V, 3), with as many digits as they have, and faces (F, 3)."""
    digits = "%.9g" if vertices.dtype == np.float32 else "%.17g"
    with path.open("w", encoding="utf-8") as file:
        np.savetxt(file, vertices, f"v {digits} {digits} {digits}")
        np.savetxt(file, faces + 1, "f %d %d %d")


def _begin_alike(first: Path, second: Path) -> bool:
    try:
        # One topology makes files of much the same size, which is quicker to see.
        if first.stat().st_size > 2 * second.stat().st_size or second.stat().st_size > 2 * first.stat().st_size:
            return False
        before, after = read_mesh(first), read_mesh(second)
    except (KeygridError, OSError):
        return False
    if before.vertices.shape != after.vertices.shape or not np.array_equal(before.faces, after.faces):
        return False
    return len(before.faces) > 0 or move_together(np.stack([before.vertices, after.vertices]).astype(np.float64))


def _triangles(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Faces (F, 3) without those that are lines."""
    a, b, c = faces.T
    is_triangle = (a != b) & (b != c) & (c != a)
    if not is_triangle.any():
        raise UnreadableError("holds frames without area: the corners of all triangles coincide; check the export")
    return faces[is_triangle]


def _refuse_gaps(files: list[Path]) -> None:
    numbers = [int(match[2]) for match in (_NUMBERED.match(file.name) for file in files) if match]
    steps = np.diff(numbers)
    gap = int(steps.argmax())
    if steps.min() == 0:
        raise UnreadableError(f"has two frames of the number {numbers[int(steps.argmin())]}; take one of them away")
    if steps.max() > steps.min():
        after, before = files[gap].name, files[gap + 1].name
        raise UnreadableError(f"lacks frames between {after} and {before}; put them back, or number the frames anew")


def _vertices_like(first: Mesh, file: Path, name: str) -> NDArray[np.generic]:
    mesh = read_mesh(file)
    with reading(file):
        if mesh.vertices.shape != first.vertices.shape or not np.array_equal(mesh.faces, first.faces):
            raise UnreadableError(
                f"has {len(mesh.vertices)} vertices and {len(mesh.faces)} faces that are not those of {name}, which "
                f"has {len(first.vertices)} and {len(first.faces)}; keep the frames of one garment in a folder"
            )
    return mesh.vertices
