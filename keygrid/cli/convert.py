"""The command `convert`, which writes garments in another format."""

from pathlib import Path
from typing import Literal


def convert(
    path: Path,
    /,
    *,
    to: Literal["clothesnet", "keygrid", "keygrid-text", "keypointnet", "obj", "shapenet"],
    out: Path,
) -> None:
    """Write garments in another format, into a new folder.

    Example: keygrid convert assets/garments/unisex_shirt.ply --to keygrid-text --out shirt

    Parameters
    ----------
    path
        A mesh, a cloud, a sequence, or a folder or file of several.
    to
        ClothesNet's folders (meshes at rest), sequences with a manifest (keygrid), the published code's text,
        KeypointNet, numbered OBJ meshes, or ShapeNet's HDF5. Formats of clouds get 2048 points.
    out
        A folder that is new or empty.
    """
    from keygrid.data import open_path
    from keygrid.data.formats.convert import convert as write

    write(open_path(path), to, out)
