"""Readers of mesh and cloud files.

A format is one function from a path to a `Mesh`; to add one, write it and add its endings to `READERS`. Heavy packages
are imported only when a file needs them.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keygrid.data.axes import stand_up
from keygrid.data.garment import Garment
from keygrid.data.readers.arrays import read_npy, read_npz, read_sequence
from keygrid.data.readers.content import ending_by_content
from keygrid.data.readers.limits import refuse_beyond_memory
from keygrid.data.readers.mesh import EmptyError, Mesh, UnreadableError, check, weld, without_unused
from keygrid.data.readers.missing import without_missing
from keygrid.data.readers.obj import read_obj
from keygrid.data.readers.off import read_off
from keygrid.data.readers.packed import unpacked
from keygrid.data.readers.pcd import read_pcd
from keygrid.data.readers.ply import read_ply
from keygrid.data.readers.scene import read_gltf
from keygrid.data.readers.stl import read_stl
from keygrid.data.readers.table import read_table
from keygrid.errors import KeygridError

__all__ = ["READERS", "SUFFIXES", "read_garment", "read_mesh", "reading", "refuse_unopenable"]

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

ALIKE = dict.fromkeys((".csv", ".tsv", ".asc", ".xyzn", ".xyzrgb"), ".txt")
"""Endings read as another ending, if such a file is named explicitly; in a folder, these files may be anything."""

SUFFIXES: tuple[str, ...] = tuple(READERS)
"""The readable endings, in lower case and with their dot."""


def read_garment(path: Path, labelled: bool = False) -> Garment:
    """Read a mesh, a cloud or a sequence: vertices (V, 3) and faces (F, 3), both read-only, in the units of the file.

    The format follows from the content if that is conclusive, otherwise from the ending. Polygons become triangles.
    Vertices that no face uses and points that a sensor did not see are left out, and `Garment.notes` says how many.
    Surface vertices at exactly the same position are welded in order of first occurrence, so a file without duplicates
    keeps its indices; triangles that become degenerate are dropped. Clouds keep coinciding points, and sequences all
    their points. If a file states its vertical axis, the garment is turned so that this axis is y. Gzip files are
    unpacked.

    Args:
        path: path of the file.
        labelled: whether labels refer to its points by index, so that none may be left out.

    Raises:
        KeygridError: the file is missing, may not be read, has an unknown ending, is damaged or cut off, has no
            vertices, or has coordinates that are not finite in a surface or in a labelled cloud.
    """
    with reading(path), _unpacked(path) as (file, ending):
        moving = read_sequence(file) if ending == ".npz" else None
        if moving is not None:
            return replace(moving, source=path)
        mesh = READERS[ending](file)
        if not labelled:
            mesh = without_missing(mesh)
        check(mesh)
        if not labelled:
            mesh = without_unused(mesh)
        mesh = weld(mesh)
    for array in (mesh.vertices, mesh.faces, mesh.colours, mesh.object_of):
        if array is not None:
            array.setflags(write=False)
    objects = () if mesh.object_of is None else tuple(zip(mesh.objects, _faces_of(mesh), strict=True))
    return stand_up(
        Garment(
            file.stem, mesh.vertices.astype(np.float64, copy=False), mesh.faces.astype(np.int64, copy=False), path,
            notes=mesh.notes, colours=mesh.colours, objects=objects, paint=mesh.paint,
        ),
        mesh.up,
    )  # fmt: skip


def _faces_of(mesh: Mesh) -> list[NDArray[np.int64]]:
    """Return the indices of each object's faces."""
    assert mesh.object_of is not None
    ends = np.cumsum(np.bincount(mesh.object_of, minlength=len(mesh.objects)))
    return np.split(np.argsort(mesh.object_of, kind="stable"), ends[:-1])


def read_mesh(path: Path) -> Mesh:
    """Read a mesh or a cloud unchanged: checked, with its own vertices in order, and without welding.

    Raises:
        KeygridError: as for `read_garment`.
    """
    with reading(path), _unpacked(path) as (file, ending):
        mesh = READERS[ending](file)
        check(mesh)
        return mesh


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn any error in reading a file into one sentence.

    Raises:
        KeygridError: the block raised an error.
    """
    try:
        # Libraries warn about broken files on the console; whoever opened the file gets one sentence instead.
        with warnings.catch_warnings(action="ignore"):
            yield
    except KeygridError:
        raise
    except UnreadableError as error:
        raise KeygridError(f"{path.name} {error}.") from error
    except MemoryError as error:
        raise KeygridError(f"{path.name} is larger than this machine's memory; open a part of it.") from error
    except Exception as error:  # A broken file can make a parser raise anything.
        kind = path.suffix.lstrip(".").upper()
        raise KeygridError(
            f"{path.name} could not be read: it is damaged, cut off or not a valid {kind} file; export it again."
        ) from error


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[Path, str]]:
    """Provide the path of a readable file, unpacked if necessary, and the ending of its format."""
    refuse_unopenable(path)
    with unpacked(path) as file:
        named = file.suffix.lower()
        ending = ending_by_content(file, ALIKE.get(named, named))
        if ending not in READERS:
            raise UnreadableError(f"has an ending that cannot be read; open one of {', '.join(SUFFIXES)}")
        refuse_beyond_memory(file.stat().st_size)
        yield file, ending


def refuse_unopenable(path: Path) -> None:
    """Refuse a path that is not a file, or an empty file.

    Raises:
        UnreadableError: the path is missing, a folder or a device, may not be read, or is empty.
    """
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
        raise UnreadableError("is protected against reading; ask its owner for permission, or open a copy") from error
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({error.strerror}); check the disk it is on") from error
    if empty:
        raise EmptyError("is empty; export it again")
