"""Materials of Wavefront OBJ, read from MTL files beside it."""

from dataclasses import dataclass, field
from pathlib import Path

from keygrid.data.paint import PLAIN
from keygrid.data.readers.pictures import Pictures, is_outside

_LARGEST = 2**22
"""Bytes of an MTL file to read."""
_MOST = 64
"""Maximum number of material files to read for one mesh."""
_ARGUMENTS = {
    "-mm": 2,
    **dict.fromkeys(("-blendu", "-blendv", "-cc", "-clamp", "-imfchan", "-boost", "-texres", "-bm"), 1),
}
"""Number of values of each texture option."""
_VECTORS = ("-o", "-s", "-t")
"""Options with one to three values."""


@dataclass
class Materials:
    """The materials of an OBJ file, by name.

    Attributes:
        folder: folder of the OBJ file.
        pictures: pictures into which textures are read.
        colours: red, green, blue of materials with a colour.
        images: index of each material's texture in the pictures.
        notes: sentences on files that could not be read.
    """

    folder: Path
    pictures: Pictures
    colours: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    _seen: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.colours or self.images)

    def read(self, names: str) -> None:
        """Read the files of a line `mtllib`: a single file, or several separated by blanks."""
        whole = names.strip()
        if whole in self._seen or len(self._seen) >= _MOST:
            return
        self._seen.add(whole)
        for name in [whole] if self._exists(whole) else whole.split():
            fault = self._fault_of(name)
            if fault:
                self.notes += (f"The materials {name} {fault}; the garment is drawn without them.",)
                continue
            text = (self.folder / name.replace("\\", "/")).read_bytes()[:_LARGEST]
            self._take(text.decode("utf-8-sig", "surrogateescape"))

    def _exists(self, name: str) -> bool:
        path = self.folder / name.replace("\\", "/")
        is_inside = not is_outside(name) and path.resolve().is_relative_to(self.folder.resolve())
        return is_inside and path.is_file()

    def _fault_of(self, name: str) -> str:
        if is_outside(name):
            return "are outside the folder of the mesh and are not read, for safety"
        return "" if self._exists(name) else "are missing"

    def _take(self, text: str) -> None:
        name = ""
        for line in text.splitlines():
            keyword, _, rest = line.strip().partition(" ")
            rest = rest.strip()
            match keyword.lower():
                case "newmtl":
                    name = rest
                case "kd":
                    self.colours[name] = _colour(rest)
                case "map_kd" if file := _file_of(rest):
                    place = self.pictures.beside(file)
                    if place >= 0:
                        self.images[name] = place


def _colour(text: str) -> tuple[int, int, int]:
    """Return red, green, blue in bytes; one number is grey."""
    try:
        shares = [min(max(float(word), 0.0), 1.0) for word in text.split()[:3]]
    except ValueError:  # a spectral curve, or damage
        return PLAIN
    red, green, blue = (shares * 3)[:3] if len(shares) in (1, 3) else (0.8, 0.8, 0.8)
    return round(255 * red), round(255 * green), round(255 * blue)


def _file_of(text: str) -> str:
    """Return the file name of a texture, which may contain blanks, without the preceding options."""
    while text.startswith("-"):
        option, text = _first(text)
        for _ in range(_ARGUMENTS.get(option.lower(), 0)):
            _, text = _first(text)
        for _ in range(3 if option.lower() in _VECTORS else 0):
            word, after = _first(text)
            text = after if _is_number(word) else text
    return text.strip().strip('"')


def _first(text: str) -> tuple[str, str]:
    """Return the first word of a text, and the rest."""
    word, _, after = text.partition(" ")
    return word, after.lstrip()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
