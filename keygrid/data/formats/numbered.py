"""Folders of numbered meshes or clouds, which are the frames of one garment.

Files are frames if their names differ in one number only, and if the first two have the same faces or, for clouds,
points that stay near themselves and are not pixels of a depth camera. Otherwise, or if there are thousands, they are
separate garments. A text beside them that is not a cloud, such as README.txt, and empty frames at the start are
ignored.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.formats.frames import move_together, moving, seen_by_camera
from keygrid.data.formats.items import Item
from keygrid.data.formats.listing import Contents, contents, is_readable
from keygrid.data.garment import Garment, precision_for
from keygrid.data.readers import read_mesh, reading
from keygrid.data.readers.mesh import EmptyError, Mesh, UnreadableError, coinciding, counted, used
from keygrid.errors import KeygridError

MOST_FRAMES = 2000
"""Number of files above which they are separate garments: all frames are in memory, and listing must be fast."""

_MOST_TEXTS = 3
"""Maximum number of other files to inspect."""
_SMALL = 1024
"""Largest size of a frame without vertices, in bytes."""
_NUMBERED = re.compile(r"(.*?)(\d+)(\.[^.]+)$")


def open_numbered(path: Path) -> Garment | None:
    """Return a garment with a frame from each file, at rest in the first; None if `path` is not such a folder.

    Vertices that coincide in all frames are welded.

    Raises:
        KeygridError: a frame is missing or damaged, or differs from the others.
    """
    return read_numbered(path) if path.is_dir() and frame_files(path, contents(path)) else None


def frame_files(folder: Path, inside: Contents) -> list[Path]:
    """Return the frames in a folder, by number; none unless it holds only the frames of one garment.

    Only names are compared, and the contents of the first two files.
    """
    return _frames(folder, inside)[0]


def _frames(folder: Path, inside: Contents) -> tuple[list[Path], int]:
    """Return the frames in a folder, by number, and the number of empty frames left out at the start."""
    files = [name for name in inside.files if is_readable(name)]
    if inside.folders or not 2 <= len(files) <= MOST_FRAMES:
        return [], 0
    alike: dict[tuple[str, str], list[tuple[int, str]]] = {}
    others = []
    for name in files:
        match = _NUMBERED.match(name)
        if match:
            alike.setdefault((match[1], match[3]), []).append((int(match[2]), name))
        else:
            others.append(name)
    groups = sorted(alike.values(), key=len)
    found = sorted(groups.pop()) if groups else []
    others += [name for group in groups for _, name in group]
    if len(found) < 2 or len(others) > _MOST_TEXTS or not all(_is_prose(folder / name) for name in others):
        return [], 0
    frames = [folder / name for _, name in found]
    begin = next((index for index, frame in enumerate(frames[:-2]) if not _is_empty(frame)), 0)
    frames = frames[begin:]
    return (frames, begin) if _begin_alike(frames) else ([], 0)


def read_numbered(folder: Path) -> Garment:
    """Return the garment whose frames are the files of a folder.

    Raises:
        KeygridError: a frame is missing or damaged, or differs from the others.
    """
    files, empty = _frames(folder, contents(folder))
    with reading(folder):
        if not files:
            raise UnreadableError("does not hold the frames of one garment; name them by numbers")
        _refuse_gaps(files)
        first = read_mesh(files[0])
        is_used = used(first) if len(first.faces) else np.ones(len(first.vertices), np.bool_)
        kind = precision_for(first.vertices[is_used].astype(np.float64))
        frames = np.empty((len(files), int(is_used.sum()), 3), kind)
        for frame, file in zip(frames, files, strict=True):
            frame[:] = _vertices_like(first, file, files[0].name)[is_used]
        faces = (np.cumsum(is_used) - 1)[first.faces.astype(np.int64)]
        notes = (
            *counted(empty, "empty frame at the start left out", "empty frames at the start left out"),
            *counted((~is_used).sum(), "vertex that no face uses left out", "vertices that no face uses left out"),
        )
        if len(faces):
            kept, place = coinciding(frames.transpose(1, 0, 2).reshape(frames.shape[1], -1))
            frames, faces = frames[:, kept], _triangles(place[faces])
    return moving(folder.name, frames, faces, source=folder, notes=notes)


def write_numbered(garments: Iterable[Item], folder: Path) -> None:
    """Write NAME/NAME_0000.obj and so on for a moving garment, and NAME.obj for a still one."""
    for name, _, garment in garments:
        if garment.frames is None:
            write_obj(folder / f"{name}.obj", garment.vertices, garment.faces)
            continue
        (folder / name).mkdir()
        for number, frame in enumerate(garment.frames):
            write_obj(folder / name / f"{name}_{number:04d}.obj", frame, garment.faces)


def write_obj(path: Path, vertices: NDArray[np.floating], faces: NDArray[np.int64]) -> None:
    """Write vertices (V, 3), with all their digits, and faces (F, 3)."""
    digits = "%.9g" if vertices.dtype == np.float32 else "%.17g"
    with path.open("w", encoding="utf-8") as file:
        np.savetxt(file, vertices, f"v {digits} {digits} {digits}")
        np.savetxt(file, faces + 1, "f %d %d %d")


def _is_prose(path: Path) -> bool:
    """Return whether a text file does not hold a cloud."""
    if path.suffix.lower() != ".txt":
        return False
    try:
        read_mesh(path)
    except KeygridError:
        return True
    return False


def _is_empty(path: Path) -> bool:
    try:
        if path.stat().st_size < _SMALL:
            read_mesh(path)
    except KeygridError as error:
        return isinstance(error.__cause__, EmptyError)
    except OSError:
        return False
    return False


def _begin_alike(frames: list[Path]) -> bool:
    first, second = frames[:2]
    try:
        # One topology makes files of much the same size, which is quicker to see.
        if first.stat().st_size > 2 * second.stat().st_size or second.stat().st_size > 2 * first.stat().st_size:
            return False
        before, after = read_mesh(first), read_mesh(second)
        if not len(before.faces) and np.array_equal(before.vertices, after.vertices):
            after = read_mesh(frames[-1])  # Two that are the same tell nothing.
    except (KeygridError, OSError):
        return False
    if before.vertices.shape != after.vertices.shape or not np.array_equal(before.faces, after.faces):
        return False
    if len(before.faces):
        return True
    both = np.stack([before.vertices, after.vertices]).astype(np.float64)
    return move_together(both) and not seen_by_camera(*both)


def _triangles(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the faces (F, 3) without degenerate ones."""
    a, b, c = faces.T
    is_triangle = (a != b) & (b != c) & (c != a)
    if not is_triangle.any():
        raise UnreadableError(
            "holds frames without area, in which the corners of each triangle coincide; check the export"
        )
    return faces[is_triangle]


def _refuse_gaps(files: list[Path]) -> None:
    numbers = [int(match[2]) for match in (_NUMBERED.match(file.name) for file in files) if match]
    steps = np.diff(numbers)
    gap = int(steps.argmax())
    if steps.min() == 0:
        raise UnreadableError(f"has two frames with the number {numbers[int(steps.argmin())]}; remove one")
    if steps.max() > steps.min():
        after, before = files[gap].name, files[gap + 1].name
        raise UnreadableError(f"lacks frames between {after} and {before}; put them back, or renumber the frames")


def _vertices_like(first: Mesh, file: Path, name: str) -> NDArray[np.generic]:
    mesh = read_mesh(file)
    with reading(file):
        if mesh.vertices.shape != first.vertices.shape or not np.array_equal(mesh.faces, first.faces):
            raise UnreadableError(
                f"has {len(mesh.vertices)} vertices and {len(mesh.faces)} faces, unlike {name}, which has "
                f"{len(first.vertices)} and {len(first.faces)}; keep the frames of each garment in a folder "
                "of their own"
            )
    return mesh.vertices
