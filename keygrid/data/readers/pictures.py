"""Pictures that a mesh refers to, read only from its own folder and reduced to a size that can be drawn."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PureWindowsPath
from typing import IO

import numpy as np
from numpy.typing import NDArray

from keygrid.data.readers.limits import Budget
from keygrid.data.readers.mesh import UnreadableError

SIDE = 2048
"""Longest side of a picture in memory, in pixels; larger ones are reduced."""
MOST_PIXELS = 2**26
"""Maximum number of pixels to decode."""
_TOO_LARGE = f"has more than {MOST_PIXELS // 10**6} million pixels"
MOST = 64
"""Maximum number of pictures of one mesh."""
_FORMATS = ("PNG", "JPEG", "BMP", "TGA", "WEBP")
_CHANNELS = 4  # bytes of a pixel while it is decoded


_WANTED: ContextVar[bool] = ContextVar("pictures are wanted", default=False)


@contextmanager
def with_pictures() -> Iterator[None]:
    """Read textures within the block; by default they are skipped, because only drawing needs them."""
    token = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(token)


def is_outside(name: str) -> bool:
    """Return whether a file's name leads outside its folder, on any platform."""
    path = PureWindowsPath(name)  # to which slashes and backslashes are alike
    return bool(path.anchor) or ".." in path.parts


class Pictures:
    """The pictures of one mesh, each decoded once.

    A picture that can't be read leaves a note, and the mesh is drawn without it.

    Args:
        folder: folder of the mesh; nothing outside it is read.
        budget: limit on the decoded size.

    Attributes:
        images: images (H, W, 3) red, green, blue, top row first.
        notes: sentences on pictures that could not be read.
    """

    def __init__(self, folder: Path, budget: Budget) -> None:
        self.images: list[NDArray[np.uint8]] = []
        self._folder, self._budget = folder, budget
        self._known: dict[str, int] = {}
        self._faults: dict[str, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on the pictures that could not be read."""
        return tuple(
            f"The texture {name} {fault}; the garment is drawn without it." for name, fault in self._faults.items()
        )

    def beside(self, name: str) -> int:
        """Read a picture beside the mesh; return its index in the images, or -1 if it can't be read."""
        return self._once(name, None)

    def within(self, data: bytes, name: str) -> int:
        """Decode a picture embedded in the mesh's file; return its index, or -1."""
        return self._once(name, data)

    def _once(self, name: str, data: bytes | None) -> int:
        if not _WANTED.get():
            return -1
        if name not in self._known:
            self._known[name] = self._attempt(name, data)
        return self._known[name]

    def leave_out(self, name: str, fault: str) -> int:
        """Note why a picture can't be read, and return -1."""
        self._faults.setdefault(name, fault)
        return -1

    def _attempt(self, name: str, data: bytes | None) -> int:
        title = PureWindowsPath(name).name if data is None else name
        if len(self._known) >= MOST:
            return self.leave_out("of another material", f"comes after the first {MOST}, and no more are read")
        try:
            if data is not None:
                self.images.append(self._decoded(io.BytesIO(data)))
            else:
                path = self._found(name)
                self._budget.grant(path.stat().st_size)
                with path.open("rb") as file:
                    self.images.append(self._decoded(file))
        except UnreadableError as error:
            return self.leave_out(title, str(error))
        except Exception:  # A broken picture can make a decoder raise anything.
            return self.leave_out(title, "is damaged or in an unsupported format")
        return len(self.images) - 1

    def _found(self, name: str) -> Path:
        """Return the file of a picture; if its path is from another machine, the file of the same name beside the mesh.

        Raises:
            UnreadableError: the folder does not contain it.
        """
        plain = PureWindowsPath(name)
        inside = [] if is_outside(name) else [self._folder.joinpath(*plain.parts)]
        for path in (*inside, self._folder / plain.name):
            found = path if path.is_file() else _in_any_case(path)
            if found is None:
                continue
            if found.resolve().is_relative_to(self._folder.resolve()):
                return found
            raise UnreadableError("leads outside the folder of the mesh and is not read, for safety")
        if inside:
            raise UnreadableError("is missing")
        raise UnreadableError("is outside the folder of the mesh and is not read, for safety")

    def _decoded(self, file: IO[bytes]) -> NDArray[np.uint8]:
        from PIL import Image

        try:
            opened = Image.open(file, formats=_FORMATS)
        except Image.DecompressionBombError as error:
            raise UnreadableError(_TOO_LARGE) from error
        with opened as picture:
            width, height = picture.size  # as its header says: nothing is decoded yet
            if not 0 < width * height <= MOST_PIXELS:
                raise UnreadableError(_TOO_LARGE)
            self._budget.spend(width * height * _CHANNELS)
            picture.draft("RGB", (SIDE, SIDE))
            plain = picture.convert("RGB")
            plain.thumbnail((SIDE, SIDE))
            return np.asarray(plain, np.uint8).copy()


def _in_any_case(path: Path) -> Path | None:
    """Return the file whose name matches a path's except for case, as on case-insensitive systems."""
    try:
        wanted = path.name.casefold()
        return next(
            (other for other in path.parent.iterdir() if other.name.casefold() == wanted and other.is_file()), None
        )
    except OSError:
        return None
