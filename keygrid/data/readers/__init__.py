"""Mesh and cloud files into garments.

A format is one function from a path to a `Mesh`; to add one, write it and name its endings in `READERS`. Nothing heavy
is imported before a file needs it.
"""

import warnings
from collections.abc import Callable
from pathlib import Path

from keygrid.data.garment import Garment
from keygrid.data.readers.arrays import read_npy, read_npz
from keygrid.data.readers.mesh import Mesh, UnreadableError, check, weld
from keygrid.data.readers.obj import read_obj
from keygrid.data.readers.pcd import read_pcd
from keygrid.data.readers.ply import read_ply
from keygrid.data.readers.scene import read_gltf, read_off, read_stl
from keygrid.data.readers.table import read_table
from keygrid.errors import KeygridError

__all__ = ["READERS", "SUFFIXES", "read_garment"]

READERS: dict[str, Callable[[Path], Mesh]] = {
    ".obj": read_obj,
    ".ply": read_ply,
    ".stl": read_stl,
    ".off": read_off,
    ".glb": read_gltf,
    ".gltf": read_gltf,
    ".pcd": read_pcd,
    ".xyz": read_table,
    ".pts": read_table,
    ".txt": read_table,
    ".npy": read_npy,
    ".npz": read_npz,
}

SUFFIXES: tuple[str, ...] = tuple(READERS)
"""The endings that can be read, in lower case and with their dot."""


def read_garment(path: Path) -> Garment:
    """Read a mesh or a cloud: vertices (V, 3) and faces (F, 3), both read-only, in the units of the file.

    Polygons become fans of triangles. Vertices at exactly the same position are welded in order of first occurrence,
    so a file without such copies keeps its own indices; triangles that welding turns into lines are dropped.

    Raises:
        KeygridError: the file is missing, may not be read, has an unknown ending, is damaged or cut off, has no
            vertices, or has coordinates that are not finite.
    """
    try:
        reader = _reader_of(path)
        # Libraries warn about broken files on the console; whoever opened the file gets one sentence instead.
        with warnings.catch_warnings(action="ignore"):
            mesh = reader(path)
            check(mesh)
            vertices, faces = weld(mesh)
    except UnreadableError as error:
        raise KeygridError(f"{path.name} {error}.") from error
    except Exception as error:  # A broken file can make a parser raise anything.
        kind = path.suffix.lstrip(".").upper()
        raise KeygridError(
            f"{path.name} could not be read: it is damaged, cut off or no {kind} file; export it again."
        ) from error
    vertices.setflags(write=False)
    faces.setflags(write=False)
    return Garment(path.stem, vertices, faces, path)


def _reader_of(path: Path) -> Callable[[Path], Mesh]:
    _refuse_unopenable(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnreadableError(f"has an ending that cannot be read; open one of {', '.join(SUFFIXES)}")
    return reader


def _refuse_unopenable(path: Path) -> None:
    try:
        if path.is_dir():
            raise UnreadableError("is a folder; open a file inside it")
        if path.exists() and not path.is_file():
            raise UnreadableError("is a device or a pipe; open an ordinary file")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise UnreadableError("does not exist; it may have been moved or renamed") from error
    except PermissionError as error:
        raise UnreadableError("may not be read; ask its owner for permission or open a copy") from error
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({error.strerror}); check the disk it is on") from error
    if empty:
        raise UnreadableError("is empty; export it again")
