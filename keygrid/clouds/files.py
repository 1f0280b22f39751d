"""Files of prepared clouds, for this program and others."""

from pathlib import Path

import numpy as np

from keygrid.clouds.preparing import Prepared
from keygrid.data.axes import in_file_axes
from keygrid.errors import KeygridError
from keygrid.files import atomic


def write_cloud(prepared: Prepared, path: Path) -> None:
    """Write a prepared cloud as binary PLY in the axes of its original file; a comment states the vertical axis.

    Raises:
        KeygridError: the ending is not .ply, or the folder is missing or can't be written.
    """
    if path.suffix.lower() != ".ply":
        raise KeygridError(f"Prepared clouds are written as PLY, so the name must end in .ply; you gave {path.name}.")
    garment = prepared.garment
    columns = [(("x", "y", "z"), "<f8", in_file_axes(garment.vertices, garment.up))]
    if prepared.normals is not None:
        columns.append((("nx", "ny", "nz"), "<f4", in_file_axes(prepared.normals, garment.up)))
    if garment.colours is not None:
        columns.append((("red", "green", "blue"), "|u1", garment.colours.astype(np.float64)))
    table = np.empty(len(garment.vertices), [(name, kind) for names, kind, _ in columns for name in names])
    for names, _, values in columns:
        for name, column in zip(names, values.T, strict=True):
            table[name] = column
    words = {"<f8": "double", "<f4": "float", "|u1": "uchar"}
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment up {garment.up}",
        f"element vertex {len(table)}",
        *(f"property {words[kind]} {name}" for names, kind, _ in columns for name in names),
        "end_header",
    ]
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write("\n".join([*header, ""]).encode("ascii"))
        file.write(table.tobytes())
