"""Recognises file formats by content, regardless of the ending."""

import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from keygrid.data.readers.mesh import UnreadableError
from keygrid.data.readers.text import in_utf8

_LOOKED_AT = 4096  # bytes
_STL_HEADER, _STL_FACET = 84, 50  # bytes

_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (
        rb"version https://git-lfs",
        "is only a pointer to a large file that Git LFS stores elsewhere; fetch the file itself with git lfs pull",
    ),
    (
        rb"\s*<(?:!doctype html|html)",
        "is a web page instead of the file that you wanted to download; download it again",
    ),
    (rb"7z\xbc\xaf|Rar!", "is an archive; unpack it first"),
    (rb"Kaydara FBX", "is an FBX file, which cannot be read; export it as OBJ, PLY or glTF"),
    (rb"BLENDER", "is a Blender file, which cannot be read; export it as OBJ, PLY or glTF"),
    (rb"DRACO", "is compressed with Draco, which cannot be read; export it without compression"),
    (rb"PXR-USDC|#usda", "is a USD file, which cannot be read; export it as OBJ, PLY or glTF"),
    (rb"%PDF|\x89PNG|\xff\xd8\xff", "is a picture or a document, not a mesh; open the file with the garment"),
)
_OWN: tuple[tuple[bytes, str], ...] = (
    (rb"ply[ \t]*[\r\n]", ".ply"),
    (rb"glTF", ".glb"),
    (rb"\x93NUMPY", ".npy"),
    (rb"PK\x03\x04", ".npz"),
    (rb"(?:(?:ST)?C?N?4?OFF|off)(?![A-Za-z_])", ".off"),
    (rb"(?:#[^\n]*\n)*\s*(?:VERSION|version)[ \t]+\.?0?\.?\d[^\n]*\n\s*(?:FIELDS|fields)\b", ".pcd"),
    (rb"(?s)\s*solid\b.*\bfacet\s+normal\b", ".stl"),
    (rb"(?:[^\n]*\n)*?[ \t]*v[ \t]+[-+.\d]\S*[ \t]+[-+.\d]\S*[ \t]+[-+.\d]", ".obj"),
)
"""Patterns at the beginning of files, in the order of matching, and the endings of their formats."""
_WITHOUT_BEGINNING = (".glb", ".gltf", ".npy", ".npz", ".obj")
"""Formats whose files may contain lines that look like OBJ."""


def ending_by_content(path: Path, ending: str) -> str:
    """Return the ending of a file's format: its own, unless the file begins like another format.

    Raises:
        UnreadableError: the file begins like an unreadable format.
        OSError: the file can't be read at all.
    """
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
    try:
        head = in_utf8(head)
    except ValueError:  # half of a character at the end
        head = in_utf8(head[:-1])
    for beginning, sentence in _FOREIGN:
        if re.match(beginning, head, re.IGNORECASE):
            raise UnreadableError(sentence)
    for beginning, found in _OWN:
        if found == ".obj" and ending in _WITHOUT_BEGINNING:
            continue
        if re.match(beginning, head):
            if found == ".npz" and ending != ".npz" and not _has_arrays(path):
                raise UnreadableError("is an archive; unpack it first")
            return found
    return ".stl" if _is_binary_stl(path, head) else ending


def _has_arrays(path: Path) -> bool:
    """Return whether an archive holds NumPy arrays; True if it is damaged."""
    try:
        with ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except BadZipFile:
        return True


def _is_binary_stl(path: Path, head: bytes) -> bool:
    """Return whether a file has exactly the length implied by the number of facets in its header."""
    facets = int.from_bytes(head[_STL_HEADER - 4 : _STL_HEADER], "little") if len(head) >= _STL_HEADER else 0
    return facets > 0 and path.stat().st_size == _STL_HEADER + facets * _STL_FACET
